package catalog_test

import (
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// A version says which standard its pods need, and why; for one that was
// published before it was asked, the catalog does.
func TestPodSecurity(t *testing.T) {
	const product, reason = "products/swg/202/product.yaml", "reason: The engine mounts images}\n"
	const declared = "- version: products/swg/202\n  podSecurity: {level: privileged, " + reason
	for name, tc := range map[string]struct {
		why   string
		files files
		want  string // the standard, or words of the refusal
	}{
		"None":       {"nothing is granted by default", good(), "restricted"},
		"Own":        {"its own description", good().with(product, swg202+"podSecurity: {level: baseline, "+reason), "baseline"},
		"Published":  {"what is locked cannot say it", good().locked(t).with(catalog.DeclaredFile, declared), "privileged"},
		"Unlocked":   {"what is not locked can", good().with(catalog.DeclaredFile, declared), "not published"},
		"Twice":      {"one place", good().with(product, swg202+"podSecurity: {level: baseline, "+reason).locked(t).with(catalog.DeclaredFile, declared), "declares podSecurity already"},
		"Nobody":     {"a version that is not there", good().with(catalog.DeclaredFile, strings.ReplaceAll(declared, "202", "999")), "not published"},
		"NoName":     {"no name of a version", good().with(catalog.DeclaredFile, "- version: swg\n"), "no version of the catalog"},
		"Nothing":    {"an entry that says nothing", good().locked(t).with(catalog.DeclaredFile, "- version: products/swg/202\n"), "declares nothing"},
		"Tags":       {"an entry for tags leaves the rest", good().locked(t).with(catalog.DeclaredFile, "- {version: products/swg/202, allowTags: true}\n"), "restricted"},
		"Level":      {"there is no such standard", good().with(product, swg202+"podSecurity: {level: root, "+reason), `level "root" is none`},
		"Restricted": {"what is so anyway", good().with(product, swg202+"podSecurity: {level: restricted, "+reason), `level "restricted" is none`},
		"NoReason":   {"whoever reads it wants to know why", good().with(product, swg202+"podSecurity: {level: baseline, reason: ' '}\n"), "reason"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := catalog.LoadUnlocked(tc.files.fsys())
			if err != nil {
				if !strings.Contains(err.Error(), tc.want) || fault.HintOf(catalog.Faults(err)[0]) == "" {
					t.Errorf("%s: LoadUnlocked() = %v, want %q with a hint", tc.why, err, tc.want)
				}
				return
			}
			v, err := c.Version(ident.Must[ident.ProductKind]("swg"), ident.Must[ident.VersionKind]("202"))
			if err != nil || v.Security() != tc.want {
				t.Errorf("%s: Security() = %q, %v, want %q", tc.why, v.Security(), err, tc.want)
			}
		})
	}
}

func TestWider(t *testing.T) {
	for _, tc := range [][3]string{{"", "", "restricted"}, {"restricted", "baseline", "baseline"}, {"privileged", "baseline", "privileged"}} {
		if got := catalog.Wider(tc[0], tc[1]); got != tc[2] {
			t.Errorf("Wider(%q, %q) = %q, want %q", tc[0], tc[1], got, tc[2])
		}
	}
}

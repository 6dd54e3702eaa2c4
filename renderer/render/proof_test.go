package render_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render"
	"github.com/gatorcloud/sluice/renderer/render/base"
)

// broken are bases of which that of dsa cannot be built.
type broken struct {
	bases
	files map[string]string
}

func (b *broken) Base(v *catalog.Version) (*base.Base, error) {
	out, err := b.bases.Base(v)
	if err != nil || v.Name != "dsa" {
		return out, err
	}
	files := map[string][]byte{}
	for _, state := range []string{"active", "suspended", "retained"} {
		for name, text := range b.files {
			files[state+"/"+name] = []byte(text)
		}
	}
	files["replacements.yaml"] = []byte("[]\n")
	dir, err := tree.FromFiles(files)
	if err != nil {
		return nil, err
	}
	return &base.Base{Version: v, Dir: dir, Digest: tree.Digest(dir)}, nil
}

// What cannot be built is not written: who had it keeps all he had, who did not
// gets the rest, and nobody else notices.
func TestUnbuildable(t *testing.T) {
	const head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
	for name, tc := range map[string]struct {
		reason string
		files  map[string]string
		want   string
	}{
		"Refused": {"kustomize refuses it", map[string]string{"kustomization.yaml": head + "resources: [gone.yaml]\n"}, "building its overlay"},
		"Empty": {"Argo CD would prune everything", map[string]string{"kustomization.yaml": head + "resources: [x.yaml]\n",
			"x.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, annotations: {config.kubernetes.io/local-config: \"true\"}}\n"}, "no objects"},
	} {
		t.Run(name, func(t *testing.T) {
			all := sorted(small()) // 1000002, 1000005 and 1000010 have dsa
			_, files := full(t, newRenderer(t, 2, 2), all[:2], nil)
			r := render.New(render.Config{Site: site(t, 2), Fleet: fleetOf(t, site(t, 2)), Catalog: sold(t), Bases: &broken{files: tc.files}, Workers: 2})
			sink := newMemory(files)
			roster, report, err := r.Full(context.Background(), all, stored(files), nil, sink)
			if err != nil {
				t.Fatalf("%s: Full() = %v, want a render of the others", tc.reason, err)
			}
			var bad []string
			for _, f := range report.Faults {
				if bad = append(bad, f.Tenant.String()+"/"+f.Product.String()); !strings.Contains(f.Error(), tc.want) {
					t.Errorf("%s: the fault is %v, want %q in it", tc.reason, f, tc.want)
				}
			}
			if want := []string{"1000002/dsa", "1000005/dsa", "1000010/dsa"}; !slices.Equal(bad, want) {
				t.Errorf("%s: Full() has faults of %v, want %v", tc.reason, bad, want)
			}
			if want := []ident.Tenant{all[1].Tenant.ID}; !slices.Equal(report.Kept, want) {
				t.Errorf("%s: Full() keeps %v, want %v", tc.reason, report.Kept, want)
			}
			got := sink.commit()
			for name, data := range files {
				if strings.Contains(name, "/1000002/") && string(got[name]) != string(data) {
					t.Errorf("%s: %s changed", tc.reason, name)
				}
			}
			for name := range got {
				if strings.Contains(name, "/dsa/") && !strings.Contains(name, "/1000002/") {
					t.Errorf("%s: %s was written", tc.reason, name)
				}
			}
			if roster.Len() != 3 { // 1000005 and 1000010 have nothing else
				t.Errorf("%s: the fleet has %d tenants, want 3", tc.reason, roster.Len())
			}
		})
	}
}

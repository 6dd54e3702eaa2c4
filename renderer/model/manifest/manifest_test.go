package manifest_test

import (
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"
)

func TestTenantPath(t *testing.T) {
	for name, tc := range map[string]struct{ reason, id, want string }{
		"Numeric":  {"the last two characters come first", "1000006", "tenants/06/00/1000006"},
		"Short":    {"missing characters are zeros", "7", "tenants/07/00/7"},
		"Dashes":   {"no folder begins with a dash", "acme-a", "tenants/0a/me/acme-a"},
		"AllFour":  {"exactly four characters", "1234", "tenants/34/12/1234"},
		"NotOctal": {"ids that look like numbers stay text", "1e3", "tenants/e3/01/1e3"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := manifest.TenantPath(ident.Must[ident.TenantKind](tc.id)); got != tc.want {
				t.Errorf("TenantPath(%q) = %q, want %q: %s", tc.id, got, tc.want, tc.reason)
			}
		})
	}
}

func TestBatchNames(t *testing.T) {
	ring := ident.Must[ident.RingKind]("main")
	for name, tc := range map[string]struct {
		batch     manifest.Batch
		text, dir string
	}{
		"Whole":    {manifest.Batch{Ring: ring}, "main", "main"},
		"TwoHex":   {manifest.Batch{Ring: ring, Bits: 1, Index: 1}, "main-01", "main-01"},
		"LastTwo":  {manifest.Batch{Ring: ring, Bits: 8, Index: 255}, "main-ff", "main-ff"},
		"FourHex":  {manifest.Batch{Ring: ring, Bits: 10, Index: 0x3ff}, "main-03ff", "main-03/ff"},
		"FourZero": {manifest.Batch{Ring: ring, Bits: 9, Index: 0}, "main-0000", "main-00/00"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.batch.String(); got != tc.text {
				t.Errorf("%v.String() = %q, want %q", tc.batch, got, tc.text)
			}
			if got := tc.batch.Dir(); got != tc.dir {
				t.Errorf("%v.Dir() = %q, want %q", tc.batch, got, tc.dir)
			}
		})
	}
}

// Every string that is written is read back as that string by a YAML parser,
// whatever it contains.
func TestParametersKeepStrings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.MapOf(rapid.StringMatching(`[a-zA-Z][a-zA-Z0-9]{0,8}`), rapid.String()).Draw(t, "data")
		var got struct {
			Data map[string]string `json:"data"`
		}
		if err := yaml.Unmarshal(manifest.Parameters(want), &got); err != nil {
			t.Fatal(err)
		}
		if len(want) == 0 {
			want = nil
		}
		if d := cmp.Diff(want, got.Data); d != "" {
			t.Errorf("Parameters() read back (-want +got):\n%s", d)
		}
	})
}

func TestDescriptorsRoundTrip(t *testing.T) {
	place := manifest.Place{
		Environment: ident.Must[ident.EnvironmentKind]("local"), RepoURL: "https://git.example/x.git",
		TargetRevision: "main", Project: "local", ArgoCDNamespace: "argocd", Plugin: "sluice",
		DestinationName: "in-cluster",
	}
	tenant, swg := ident.Must[ident.TenantKind]("1000006"), ident.Must[ident.ProductKind]("swg")
	v := ident.Must[ident.VersionKind]("202")
	base := manifest.TenantBase{
		APIVersion: manifest.APIVersion, Kind: manifest.KindTenantBase, Place: place, Tenant: tenant,
		Ring: ident.Must[ident.RingKind]("main"), Namespace: "tenant-1000006", Path: "environments/local/tenants/06/00/1000006",
		Products: []manifest.TenantProduct{{Name: swg, State: "active",
			Versions: []manifest.ProductVersion{{Version: v, Requires: []manifest.Requirement{
				{Component: ident.Must[ident.ComponentKind]("identity"), Version: ident.Must[ident.VersionKind]("4"), Bucket: 1}},
				IgnoreDifferences: []manifest.IgnoreDifference{
					{Kind: "Service", Name: "swg", JSONPointers: []string{"/spec/a~1b"}},
					{Group: "apps", Kind: "Deployment", Name: "swg-web", JSONPointers: []string{"/spec/a", "/spec/b"}, JQPathExpressions: []string{`.spec.x[] | select(.name == "y")`}}}}}}},
		Files: "sha256:00",
	}
	file := base.Encode()
	var got manifest.TenantBase
	if err := manifest.Decode(file, manifest.KindTenantBase, &got); err != nil {
		t.Fatal(err)
	}
	got.Seal = ""
	if d := cmp.Diff(base, got, cmp.Comparer(func(a, b ident.Version) bool { return a == b }),
		cmp.Comparer(func(a, b ident.Tenant) bool { return a == b }), cmp.Comparer(func(a, b ident.Product) bool { return a == b }),
		cmp.Comparer(func(a, b ident.Component) bool { return a == b }),
		cmp.Comparer(func(a, b ident.Ring) bool { return a == b }), cmp.Comparer(func(a, b ident.Environment) bool { return a == b })); d != "" {
		t.Errorf("Decode(Encode()) (-want +got):\n%s", d)
	}
	member := manifest.Member{APIVersion: manifest.APIVersion, Kind: manifest.KindMember, Tenant: tenant,
		Path: base.Path, Products: []manifest.MemberProduct{{Name: swg, Pin: v}}, Released: true}
	var m manifest.Member
	if err := manifest.Decode(member.Encode(), manifest.KindMember, &m); err != nil || !m.Released || m.Products[0].Pin != v {
		t.Errorf("Decode(member) = %+v, %v, want the member", m, err)
	}
}

// A file whose line ends were converted was not edited, and one that was edited
// too was.
func TestSealTellsLineEndsFromEdits(t *testing.T) {
	sealed := string(manifest.Seal([]byte("tenant: \"1000006\"\npin: \"202\"\n")))
	converted := strings.ReplaceAll(sealed, "\n", "\r\n")
	for file, want := range map[string]string{
		converted: "CRLF line ends", strings.Replace(converted, "202", "203", 1): "was edited", strings.Replace(sealed, "202", "203", 1): "was edited",
	} {
		_, err := manifest.Unseal([]byte(file))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(fault.HintOf(err), ".gitattributes") != (want == "CRLF line ends") {
			t.Errorf("Unseal(%q) = %v with hint %q, want %q", file, err, fault.HintOf(err), want)
		}
	}
}

// One changed byte anywhere in a sealed file breaks its seal.
func TestSealSeesEveryEdit(t *testing.T) {
	sealed := manifest.Seal([]byte("tenant: \"1000006\"\npin: \"202\"\n"))
	if _, err := manifest.Unseal(sealed); err != nil {
		t.Fatalf("Unseal(untouched) = %v, want nil", err)
	}
	for i := range sealed {
		edited := []byte(string(sealed))
		edited[i] ^= 1
		if _, err := manifest.Unseal(edited); err == nil {
			t.Errorf("Unseal with byte %d changed = nil, want an error", i)
		}
	}
	for _, file := range []string{"", "a", strings.TrimSuffix(string(sealed), "\n"), string(sealed) + "\n"} {
		if _, err := manifest.Unseal([]byte(file)); err == nil {
			t.Errorf("Unseal(%q) = nil, want an error", file)
		}
	}
}

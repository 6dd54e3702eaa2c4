package plugin_test

import (
	"bytes"
	"crypto/ed25519"
	"maps"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/plugin"
	"github.com/gatorcloud/sluice/plugin/plugintest"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// signedBy returns a directory whose own files are signed.
func signedBy(t *testing.T, d *tree.Dir, seed byte) *tree.Dir {
	t.Helper()
	entries := d.Entries()
	out := make([]tree.Entry, 0, len(entries))
	for _, e := range entries {
		if e.Dir == nil {
			e.Data = manifest.Sign(e.Data, ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize)))
		}
		out = append(out, e)
	}
	signed, err := tree.New(out...)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// Whoever can push can seal, and cannot sign: a generator that knows keys takes
// no directory of another one's, on any level.
func TestSignedDirectories(t *testing.T) {
	public := func(seed byte) ed25519.PublicKey {
		return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize)).Public().(ed25519.PublicKey)
	}
	g := plugin.NewTrusting(engine(), []ed25519.PublicKey{public(1), public(2)})
	for level, r := range requests() {
		t.Run(level, func(t *testing.T) {
			plain := r.Dir
			for _, seed := range []byte{1, 2} {
				r.Dir = signedBy(t, plain, seed)
				if _, err := g.Generate(t.Context(), r); err != nil {
					t.Errorf("Generate() of a directory signed by key %d = %v", seed, err)
				}
				if _, err := generator().Generate(t.Context(), r); err != nil {
					t.Errorf("Generate() without keys of a signed directory = %v", err)
				}
			}
			for name, dir := range map[string]*tree.Dir{"nobody": plain, "another": signedBy(t, plain, 3)} {
				r.Dir = dir
				got, err := g.Generate(t.Context(), r)
				if err == nil || len(got.Documents) > 0 {
					t.Fatalf("Generate() of a directory signed by %s = %s, %v, want a refusal", name, got.Stream(), err)
				}
				checkRefusal(t, err, plugin.ReasonSeal)
			}
		})
	}
}

// A member that was not signed does not hide among those that were.
func TestUnsignedMember(t *testing.T) {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))
	r := requests()["ring"]
	plain := r.Dir
	r.Dir = signedBy(t, plain, 1)
	for _, e := range plain.Entries() {
		if e.Name != manifest.DescriptorFile {
			r.Dir = plugintest.Replace(r.Dir, e.Name, string(e.Data))
			break
		}
	}
	_, err := plugin.NewTrusting(engine(), []ed25519.PublicKey{key.Public().(ed25519.PublicKey)}).Generate(t.Context(), r)
	checkRefusal(t, err, plugin.ReasonSeal)
}

// A signature does not age: a folder of before, put back by somebody who can push,
// is as well signed as ever. Each place above says what it will take of it, so that
// what comes back is a product's own former parameters, and nothing else.
func TestReplay(t *testing.T) {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))
	g := plugin.NewTrusting(engine(), []ed25519.PublicKey{key.Public().(ed25519.PublicKey)})
	older := func(o plugintest.Overlay) plugintest.Overlay {
		o.Parameters = maps.Clone(o.Parameters)
		o.Parameters["storage"] = "1Gi"
		return o
	}
	version := plugintest.Product()
	version.Descriptor.Version = ident.Must[ident.VersionKind]("200")
	version.Descriptor.Catalog = strings.Replace(version.Descriptor.Catalog, "0", "1", 1)
	other := plugintest.Product()
	other.Descriptor.Tenant, other.Descriptor.Namespace = ident.Must[ident.TenantKind]("1000007"), "tenant-1000007"
	base := plugintest.Base()
	shared := base.Dir()
	for name, data := range older(base.Shared[1]).Dir().Files() {
		shared = plugintest.Replace(shared, manifest.SharedPath(base.Shared[1].Descriptor.Component, base.Shared[1].Descriptor.Version)+"/"+name, string(data))
	}
	granted := requests()["ring"]
	slice, more := plugintest.Members(2), plugintest.Members(3).Dir()
	slice.Descriptor.Versions = map[string][]ident.Version{"swg": {ident.Must[ident.VersionKind]("199")}, "dsa": {granted.Grants["dsa"]}}
	for name, tc := range map[string]struct {
		reason string
		level  string
		dir    *tree.Dir
		want   plugin.Reason
	}{
		"Parameters":  {"of the same product at the same version: signed commits stop it, and render --check tells it", "product", older(plugintest.Product()).Dir(), ""},
		"Version":     {"one that is not granted any more", "product", version.Dir(), plugin.ReasonApplication},
		"OtherTenant": {"another tenant's", "product", other.Dir(), plugin.ReasonApplication},
		"SharedPart":  {"one folder below the tenant's base, whose descriptor has the digest of all", "tenant", shared, plugin.ReasonSeal},
		"Slice":       {"that of before the grant", "ring", slice.Dir(), plugin.ReasonNotGranted},
		"Member":      {"a tenant who left", "ring", plugintest.Replace(more, manifest.DescriptorFile, string(mustRead(t, plugintest.Members(2).Dir()))), plugin.ReasonSeal},
	} {
		t.Run(name, func(t *testing.T) {
			r := requests()[tc.level]
			r.Dir = signedBy(t, tc.dir, 1)
			_, err := g.Generate(t.Context(), r)
			if got := plugin.ReasonOf(err); got != tc.want || (err == nil) != (tc.want == "") {
				t.Errorf("%s: Generate() = %v, want it refused for %q", tc.reason, err, tc.want)
			}
		})
	}
}

// mustRead returns the descriptor of a directory.
func mustRead(t *testing.T, d *tree.Dir) []byte {
	t.Helper()
	file, err := d.Read(manifest.DescriptorFile)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

package plugin_test

import (
	"bytes"
	"crypto/ed25519"
	"testing"

	"github.com/gatorcloud/sluice/plugin"
	"github.com/gatorcloud/sluice/plugin/plugintest"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
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
	g := plugin.NewTrusting(overlay.New(overlay.Options{}), []ed25519.PublicKey{public(1), public(2)})
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
	_, err := plugin.NewTrusting(overlay.New(overlay.Options{}), []ed25519.PublicKey{key.Public().(ed25519.PublicKey)}).Generate(t.Context(), r)
	checkRefusal(t, err, plugin.ReasonSeal)
}

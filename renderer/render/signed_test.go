package render_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render"
)

// With a key every directory that has an Application is signed, and nothing
// else differs; a change signs as a render from nothing does.
func TestSigned(t *testing.T) {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	keyed := render.New(render.Config{Site: site(t, 2), Fleet: fleetOf(t, site(t, 2)), Catalog: sold(t), Bases: &bases{}, Engine: engine(), Workers: 2, Key: key})
	all := sorted(small())
	_, plain := full(t, newRenderer(t, 2, 2), all, nil)
	fleet, files := full(t, keyed, all, nil)
	n := 0
	for name, data := range files {
		unit := strings.HasSuffix(name, "/"+manifest.DescriptorFile) && !strings.Contains(name, "/base/shared/") || strings.Contains(name, "/local/rings/")
		if err := manifest.Verify(data, []ed25519.PublicKey{key.Public().(ed25519.PublicKey)}); (err == nil) != unit {
			t.Errorf("%s: Verify() = %v, want signed %t", name, err, unit)
		}
		if unit {
			n++
			want, err1 := manifest.Unseal(plain[name])
			got, err2 := manifest.Unseal(data)
			if err1 != nil || err2 != nil || !bytes.Equal(want, got) {
				t.Errorf("%s: signed file has another body", name)
			}
		} else if !bytes.Equal(plain[name], data) {
			t.Errorf("%s: differs, and has no Application", name)
		}
	}
	if n == 0 || len(files) != len(plain) {
		t.Fatalf("%d of %d files are signed, want %d files", n, len(files), len(plain))
	}
	fleet.Settle()
	sink := newMemory(files)
	for _, f := range all {
		if _, err := keyed.Change(context.Background(), fleet, f, stored(files), sink); err != nil {
			t.Fatal(err)
		}
	}
	if err := fleet.Flush(context.Background(), sink); err != nil {
		t.Fatal(err)
	}
	if d := diffFiles(files, sink.commit()); d != "" {
		t.Errorf("changing everything to what it is: %s", d)
	}
}

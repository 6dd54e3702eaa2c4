package validatecmd

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gatorcloud/sluice/catalog"
)

// A version is passed over when the lock that was proven has it with the same
// digest, and else proven.
func TestProven(t *testing.T) {
	c, err := catalog.Load(catalog.Published())
	if err != nil {
		t.Fatal(err)
	}
	swg := catalog.Ref{Name: "swg", Version: "202"}
	digest := c.Digests()[swg]
	for name, tc := range map[string]struct {
		reason, lock string
		want         []catalog.Ref
		bad          bool
	}{
		"Same":    {"it was proven", swg.String() + " " + digest, []catalog.Ref{swg}, false},
		"Changed": {"another version was", swg.String() + " sha256:" + digest[len(digest)-64+1:] + "0", nil, false},
		"New":     {"nothing was", "", nil, false},
		"Broken":  {"it is no lock", "x", nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), catalog.LockFile)
			if err := os.WriteFile(file, []byte(tc.lock+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := options{proven: file}.passed(c)
			if !slices.Equal(got, tc.want) || (err != nil) != tc.bad {
				t.Errorf("passed() = %v, %v, want %v: %s", got, err, tc.want, tc.reason)
			}
		})
	}
}

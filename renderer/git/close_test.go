package git

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
)

// A closed repository keeps no connection to its server.
func TestCloseLeavesNothingBehind(t *testing.T) {
	server := gittest.New(t)
	server.Write("theirs", "1")
	url := server.HTTP("").URL
	before := goleak.IgnoreCurrent()
	r, err := Open(t.Context(), url, Options{Branch: "main", CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	update(t, r, func(tx *Tx) { putFile(t, tx, "ours", "1") })
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := goleak.Find(before); err != nil {
		t.Errorf("after Close(): %v", err)
	}
}

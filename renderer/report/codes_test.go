package report

import (
	"bytes"
	"flag"
	"os"
	"slices"
	"testing"

	"github.com/gatorcloud/sluice/renderer/rollout"
)

var update = flag.Bool("update", false, "write codes.md anew")

// The page says what the table says.
func TestPage(t *testing.T) {
	if *update {
		if err := os.WriteFile("codes.md", Page(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("codes.md")
	if err != nil || !bytes.Equal(got, Page()) {
		t.Errorf("codes.md is not what the table says (%v): go test ./renderer/report -update", err)
	}
}

func TestCodesAreComplete(t *testing.T) {
	all := Codes()
	for i, c := range all {
		if slices.Contains(all[:i], c) {
			t.Errorf("code %q is there twice", c)
		}
		if c.Sentence() == "" || of(c).page == "" || c.Do() == "" {
			t.Errorf("code %q lacks a sentence, a page or an act", c)
		}
	}
	for _, c := range rollout.Codes() {
		if !slices.Contains(all, Code(c)) {
			t.Errorf("the engine's code %q has no page", c)
		}
	}
}

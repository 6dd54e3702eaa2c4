package overlaytest

import (
	"os/exec"
	"strings"
	"testing"
)

func TestCorpus(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kustomize/api").Output()
	if err != nil {
		t.Fatal(err)
	}
	cases, err := Corpus(strings.TrimSpace(string(dir)))
	if err != nil {
		t.Fatal(err)
	}
	with := 0
	for _, c := range cases {
		if len(c.Files) > 1 {
			with++
		}
	}
	t.Logf("%d cases, %d with more than one file", len(cases), with)
	if len(cases) < 250 || with < 200 {
		t.Errorf("Corpus has %d cases, %d with more than one file: the reader no longer understands kustomize's tests", len(cases), with)
	}
}

package hermetic

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay/overlaytest"
	"github.com/gatorcloud/sluice/renderer/render/overlay/stock"
)

// TestGrowthIsAnUpperBound builds what kustomize's own tests build: no output
// is larger than what was counted beforehand, indentation and keys of the
// block style aside, and no build is refused for its size.
func TestGrowthIsAnUpperBound(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kustomize/api").Output()
	if err != nil {
		t.Fatal(err)
	}
	cases, err := overlaytest.Corpus(strings.TrimSpace(string(dir)))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", t.TempDir())
	const style = 3
	compared := 0
	for _, c := range cases {
		files := map[string][]byte{}
		for name, s := range c.Files {
			files[name] = []byte(s)
		}
		d, err := tree.FromFiles(files)
		if err != nil {
			continue // a file and a directory of one name
		}
		l, err := newChecker(d, Limits{}).kustomization(c.Root, false)
		if err != nil {
			if strings.Contains(err.Error(), "more than") {
				t.Errorf("%s: %v", c.Name, err)
			}
			continue
		}
		out, err := stock.Build(t.Context(), d, c.Root)
		if err != nil {
			continue
		}
		compared++
		if len(out) > style*l.grown {
			t.Errorf("%s: %d bytes were built, %d were counted", c.Name, len(out), l.grown)
		}
	}
	if compared < 200 {
		t.Errorf("only %d builds were compared", compared)
	}
}

package chart_test

import (
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/chart"
)

// TestRealCharts renders the charts that stand in the modules of go.mod.
func TestRealCharts(t *testing.T) {
	command := helm(t)
	for _, dir := range charts(t) {
		files, err := read(dir)
		if err != nil {
			t.Fatal(err)
		}
		d, err := tree.FromFiles(files)
		if err != nil {
			t.Logf("REFUSED tree %s: %v", dir, err)
			continue
		}
		docs, err := chart.Render(t.Context(), d, release(nil))
		want, wantErr := template(t, command, dir, nil)
		switch {
		case err != nil && wantErr != nil:
			t.Logf("BOTH %s\n  %v\n  %v", dir, err, wantErr)
		case err != nil:
			t.Logf("REFUSED %s: %v", dir, err)
		case wantErr != nil:
			t.Errorf("ACCEPTED %s: %v", dir, wantErr)
		case text(docs) != want:
			t.Errorf("DIFF %s\n%s", dir, cmp.Diff(want, text(docs)))
		default:
			t.Logf("EQUAL %s %d", dir, len(docs))
		}
	}
}

func charts(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "all").Output()
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for _, dir := range strings.Fields(string(out)) {
		_ = filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
			if err == nil && e.Name() == "Chart.yaml" {
				dirs = append(dirs, filepath.Dir(name))
			}
			return nil
		})
	}
	return dirs
}

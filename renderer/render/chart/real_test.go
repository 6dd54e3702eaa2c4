package chart_test

import (
	"cmp"
	"io/fs"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/chart"
	"github.com/gatorcloud/sluice/renderer/render/overlay/overlaytest"
)

// reasons are why a chart that helm renders may be refused here.
var reasons = regexp.MustCompile(`custom resource definition|gives another result each time|a template has \d+ bytes|hooks of an unknown kind`)

// TestRealCharts renders the charts that stand in the modules of go.mod, which
// nobody wrote for this test.
func TestRealCharts(t *testing.T) {
	command := overlaytest.Released(t, "helm")
	var mu sync.Mutex
	count := map[string]int{}
	found := charts(t)
	t.Run("group", func(t *testing.T) {
		for _, dir := range found {
			t.Run(filepath.Base(dir), func(t *testing.T) {
				t.Parallel()
				outcome := realChart(t, command, dir, nil)
				mu.Lock()
				defer mu.Unlock()
				count[outcome]++
			})
		}
	})
	t.Logf("%d charts: %v", len(found), count)
	if len(found) < 100 || count["equal"] < 50 {
		t.Errorf("of %d charts %d are equal, want at least 100 and 50", len(found), count["equal"])
	}
}

// realChart returns how a chart compares, rendered with values above its own.
func realChart(t *testing.T, command, dir string, values map[string]any) string {
	files, err := read(dir)
	if err != nil {
		t.Fatal(err)
	}
	d, err := tree.FromFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	docs, err := chart.Render(t.Context(), d, release(values))
	if err != nil && (strings.Contains(err.Error(), "\n") || fault.HintOf(err) == "") {
		t.Errorf("Render(%s) = %q with hint %q, want one line and a hint", dir, err, fault.HintOf(err))
	}
	want, wantErr := template(t, command, dir, values)
	switch {
	case err == nil && (wantErr != nil || text(docs) != want):
		t.Errorf("Render(%s) = %s\nhelm: %s%v", dir, text(docs), want, wantErr)
	case err == nil:
		return "equal"
	case wantErr != nil:
		t.Logf("%v\nhelm: %v", err, wantErr)
		return "refused by both"
	}
	reason := reasons.FindString(err.Error())
	if reason == "" {
		t.Errorf("Render(%s) = %v, and helm renders it", dir, err)
	}
	return "refused: " + cmp.Or(reason, "?")
}

// charts returns the directories of charts that are in no other chart.
func charts(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "helm.sh/helm/v3", "github.com/argoproj/argo-cd/v2", "sigs.k8s.io/kustomize/api").Output()
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for dir := range strings.FieldsSeq(string(out)) {
		err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
			if err == nil && e.Name() == "Chart.yaml" && !strings.Contains(name, "/charts/") {
				dirs = append(dirs, filepath.Dir(name))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return dirs
}

package chart_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/chart"
	"github.com/gatorcloud/sluice/renderer/render/overlay/overlaytest"
)

// large are modules whose repositories keep the charts of what they are: up to
// 56,000 lines of templates, with values that their own pipelines try. They are
// read, never built.
var large = []string{
	"github.com/chaos-mesh/chaos-mesh@v0.9.1-0.20260902003049-47411975a8cb",
	"github.com/cilium/cilium@v1.20.2",
	"github.com/external-secrets/external-secrets@v0.16.2",
	"github.com/fluxcd/flagger@v1.36.1",
	"github.com/kyverno/kyverno@v1.19.1",
	"istio.io/istio@v0.0.0-20260827124520-eed52ebb66ad",
	"k8s.io/ingress-nginx@v0.0.0-20240708192948-52c50467d67d",
	"sigs.k8s.io/kueue@v0.17.0",
	"sigs.k8s.io/metrics-server@v0.8.0",
}

// TestLargeCharts compares charts that clusters run with the released helm,
// each with its own values and with those in its folder ci. Of a chart that is
// refused for some of its files the rest is compared too.
func TestLargeCharts(t *testing.T) {
	if testing.Short() {
		t.Skip("renders a hundred times")
	}
	command := overlaytest.Released(t, "helm")
	var mu sync.Mutex
	count := map[string]int{}
	equal := 0
	t.Run("group", func(t *testing.T) {
		for _, dir := range largeCharts(t) {
			t.Run(filepath.Base(dir), func(t *testing.T) {
				t.Parallel()
				outcomes := compared(t, command, dir)
				mu.Lock()
				defer mu.Unlock()
				for _, outcome := range outcomes {
					count[outcome]++
				}
				if slices.ContainsFunc(outcomes, func(o string) bool { return strings.HasSuffix(o, "equal") }) {
					equal++
				}
			})
		}
	})
	t.Logf("%d charts are equal: %v", equal, count)
	if equal < 20 || count["equal"] < 50 {
		t.Errorf("%d charts are equal, %d renderings of whole ones, want at least 20 and 50", equal, count["equal"])
	}
}

// compared returns how the renderings of a chart compare.
func compared(t *testing.T, command, dir string) []string {
	t.Helper()
	whole := realChart(t, command, dir, nil)
	if whole != "equal" {
		dir = rest(t, dir)
		whole += ", its rest: " + realChart(t, command, dir, nil)
	}
	outcomes := []string{whole}
	for name, values := range tried(t, dir) {
		outcome := realChart(t, command, dir, values)
		t.Logf("%s: %s", name, outcome)
		outcomes = append(outcomes, outcome)
	}
	return outcomes
}

// rest writes a chart without what it is refused for: files, dependencies that
// are not there, and functions of partials, of which a dict of their arguments
// is made.
func rest(t *testing.T, dir string) string {
	t.Helper()
	files, err := read(dir)
	if err != nil {
		t.Fatal(err)
	}
	for range 40 {
		d, err := tree.FromFiles(files)
		if err != nil {
			t.Fatal(err)
		}
		_, err = chart.Render(t.Context(), d, release(nil))
		text := fmt.Sprint(err)
		if call := called.FindStringSubmatch(text); call != nil {
			files[call[1]] = regexp.MustCompile(`\b`+call[2]+`\b`).ReplaceAll(files[call[1]], []byte("dict"))
		} else if file := refused.FindStringSubmatch(text); file != nil {
			delete(files, file[1])
		} else if other := missing.FindStringSubmatch(text); other != nil {
			files["Chart.yaml"] = without(t, files["Chart.yaml"], other[1])
		} else {
			break
		}
	}
	kept := map[string]string{}
	for name, data := range files {
		kept[name] = string(data)
	}
	return write(t, kept)
}

// What a chart is refused for: a function of a file, a file, a chart.
var (
	called  = regexp.MustCompile(`template "[^/"]*/([^"]*/_[^"/]+)": function "(\w+)" gives`)
	refused = regexp.MustCompile(`(?:template|custom resource definition) "[^/"]*/([^"]+)"(?:: function| costs more|$)`)
	missing = regexp.MustCompile(`depends on chart "([^"]+)"`)
)

// without returns a Chart.yaml that does not depend on a chart.
func without(t *testing.T, metadata []byte, dependency string) []byte {
	t.Helper()
	var fields map[string]any
	if err := yaml.Unmarshal(metadata, &fields); err != nil {
		t.Fatal(err)
	}
	all, _ := fields["dependencies"].([]any)
	fields["dependencies"] = slices.DeleteFunc(all, func(d any) bool {
		fields, _ := d.(map[string]any)
		return fields["name"] == dependency
	})
	out, err := yaml.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// tried returns the values that a chart's own pipeline renders it with, by the
// names of their files.
func tried(t *testing.T, dir string) map[string]map[string]any {
	t.Helper()
	out := map[string]map[string]any{}
	files, err := filepath.Glob(filepath.Join(dir, "ci", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var values map[string]any
		if err := yaml.Unmarshal(data, &values); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[filepath.Base(name)] = values
	}
	return out
}

// largeCharts returns the directories of charts in the large modules. It
// fetches what is not in the module cache.
func largeCharts(t *testing.T) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"mod", "download", "-json"}, large...)...)
	cmd.Dir = t.TempDir() // outside of our module, whose go.sum knows none of them
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("fetching modules with charts: %v: %s", err, out)
	}
	var dirs []string
	for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); {
		var module struct{ Dir string }
		if err := decoder.Decode(&module); err != nil {
			t.Fatal(err)
		}
		err := filepath.WalkDir(module.Dir, func(name string, e fs.DirEntry, err error) error {
			if err != nil || !e.IsDir() {
				return err
			}
			if _, err := os.Stat(filepath.Join(name, "Chart.yaml")); err == nil {
				dirs = append(dirs, name)
				return filepath.SkipDir
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return dirs
}

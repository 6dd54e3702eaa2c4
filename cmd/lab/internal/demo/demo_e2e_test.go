//go:build e2e

package demo_test

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/demo"
	"github.com/gatorcloud/sluice/cmd/lab/internal/lab"
)

// What the demo prints works when it is pasted, line by line, by somebody who
// waits for what he reads about.
func TestPasted(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Minute)
	defer cancel()
	dir := filepath.Join(t.TempDir(), "lab")
	t.Cleanup(func() {
		if err := lab.Down(dir); err != nil {
			t.Error(err)
		}
	})
	began := time.Now()
	d, err := demo.Up(ctx, lab.Options{Dir: dir, Progress: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the demo is up after %s\n%s", time.Since(began).Round(time.Second), d)
	paste := func(line string) string {
		t.Helper()
		cmd := exec.CommandContext(ctx, "bash", "-c", strings.Join(append(d.Prepare(), line), "\n"))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
		return string(out)
	}
	lines := d.Commands()
	if len(lines) != 6 {
		t.Fatalf("there are %d commands", len(lines))
	}
	bump, merge, watch, breaks, why, back := lines[0], lines[1], lines[2], lines[3], lines[4], lines[5]
	paste(watch)
	if out := paste(bump); !strings.Contains(out, d.GitLab+"/demo/-/merge_requests/1") {
		t.Errorf("%s prints\n%s", bump, out)
	}
	paste(merge)
	if out := paste(watch); !strings.Contains(out, "web/main") {
		t.Errorf("%s prints\n%s", watch, out)
	}
	paste(breaks)
	says := func(what string, good func(said string) bool) {
		t.Helper()
		said := ""
		for deadline := time.Now().Add(5 * time.Minute); !good(said); time.Sleep(time.Second) {
			if said = paste(why); time.Now().After(deadline) {
				t.Fatalf("%s: %s prints\n%s", what, why, said)
			}
		}
	}
	says("a version that breaks", func(said string) bool { return strings.Contains(said, "web-api") })
	paste(back)
	paste(watch)
	says("the way back", func(said string) bool { return strings.Contains(said, "web=2 runs and is healthy") })
}

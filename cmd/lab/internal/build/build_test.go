package build_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/cmd/lab/internal/build"
	"github.com/gatorcloud/sluice/cmd/lab/internal/release"
)

// pinned lays out a pinned module whose one requirement is a local module with the given program.
func pinned(t *testing.T, program string) (modules string, set release.Set) {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{
		"source/go.mod":        "module example.org/hello\n\ngo 1.25\n",
		"source/main.go":       program,
		"modules/hello/go.mod": "module example.org/pinned\n\ngo 1.25\n\nrequire example.org/hello v1.2.3\n\nreplace example.org/hello => " + dir + "/source\n",
		"modules/hello/go.sum": "",
	}
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "modules"), release.Set{Name: "s", Modules: []release.Module{{
		Dir: "hello", Main: "example.org/hello",
		Stamp:    func(v string) []string { return []string{"main.version=" + v} },
		Programs: []release.Program{{Name: "hello", Package: "example.org/hello", Links: []string{"greet"}}},
	}}}
}

const hello = `package main

import "os"

var version string

func main() { os.Stdout.WriteString(os.Args[0] + " " + version) }
`

// The first build compiles, stamps and links; the second takes what is there without a word.
func TestSetBuildsOnce(t *testing.T) {
	modules, set := pinned(t, hello)
	cache := filepath.Join(t.TempDir(), "cache")
	var progress bytes.Buffer
	builder := build.Builder{Modules: modules, Cache: cache, Progress: &progress}
	programs, err := builder.Set(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(programs["greet"]).Output()
	if err != nil || string(out) != programs["greet"]+" v1.2.3" {
		t.Errorf("greet prints %q, %v, want its own name and the pinned version", out, err)
	}
	if !strings.Contains(progress.String(), "hello: built in") {
		t.Errorf("progress = %q, want a line for the program", progress.String())
	}
	progress.Reset()
	again, err := builder.Set(t.Context(), set)
	if err != nil || progress.Len() > 0 {
		t.Errorf("Set() again = %v with progress %q, want silence", err, progress.String())
	}
	if diff := cmp.Diff(programs, again); diff != "" {
		t.Errorf("Set() again -first +second:\n%s", diff)
	}
	if left, _ := os.ReadDir(filepath.Join(cache, "work")); len(left) > 0 {
		t.Errorf("the work folder holds %v, want nothing", left)
	}
}

// A failed build leaves nothing that a later one would take for a program, and says what the compiler said.
func TestSetFailsClean(t *testing.T) {
	modules, set := pinned(t, "package main\n\nfunc main() { undefined() }\n")
	cache := filepath.Join(t.TempDir(), "cache")
	builder := build.Builder{Modules: modules, Cache: cache}
	_, err := builder.Set(t.Context(), set)
	if err == nil || !strings.Contains(err.Error(), "undefined: undefined") || strings.Contains(err.Error(), "\n") {
		t.Fatalf("Set() of a broken program = %v, want one line with the compiler's message", err)
	}
	entries, _ := os.ReadDir(cache)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "hello-") {
			t.Errorf("the cache holds %s after a failure", e.Name())
		}
	}
}

func TestSetEndsWithItsContext(t *testing.T) {
	modules, set := pinned(t, hello)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (build.Builder{Modules: modules, Cache: t.TempDir()}).Set(ctx, set); err == nil {
		t.Error("Set() with an ended context = nil, want an error")
	}
}

// The pinned digests decide: a module that is not in go.sum ends the build.
func TestUnpinnedDigestIsRefused(t *testing.T) {
	modules, set := pinned(t, hello)
	file := filepath.Join(modules, "hello", "go.mod")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	more := strings.Replace(string(data), "replace", "require github.com/spf13/cobra v1.10.2\n\nreplace", 1)
	if err := os.WriteFile(file, []byte(more), 0o600); err != nil {
		t.Fatal(err)
	}
	set.Modules[0].Programs[0].Package = "github.com/spf13/cobra"
	if _, err := (build.Builder{Modules: modules, Cache: t.TempDir()}).Set(t.Context(), set); err == nil || !strings.Contains(err.Error(), "go.sum") {
		t.Errorf("Set() of an unpinned module = %v, want a complaint about go.sum", err)
	}
}

func TestRoot(t *testing.T) {
	root, err := build.Root(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(build.ModulesDir(root), "kubernetes-1.34", "go.mod")); err != nil {
		t.Errorf("ModulesDir(Root()) holds no pinned modules: %v", err)
	}
	if _, err := build.Root(t.Context(), t.TempDir()); err == nil {
		t.Error("Root() outside a checkout = nil, want an error")
	}
}

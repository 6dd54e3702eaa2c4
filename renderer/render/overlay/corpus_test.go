package overlay

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kustomize/v5/commands/build"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/openapi"

	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay/hermetic"
	"github.com/gatorcloud/sluice/renderer/render/overlay/overlaytest"
)

var update = flag.Bool("update", false, "write the goldens")

// moduleDir returns where the module cache keeps a module.
func moduleDir(t *testing.T, module string) string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		t.Fatalf("looking for %s: %v", module, err)
	}
	return strings.TrimSpace(string(dir))
}

// offline takes the network and all programs from kustomize for one test.
func offline(t *testing.T) {
	t.Helper()
	before := http.DefaultTransport
	http.DefaultTransport = refuseAll{}
	t.Cleanup(func() { http.DefaultTransport = before })
	t.Setenv("PATH", t.TempDir())
}

type refuseAll struct{}

func (refuseAll) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no network in this test")
}

// judge builds a case with kustomize's own command and file system, in a fresh
// state.
func judge(c overlaytest.Case) (out []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	openapi.ResetOpenAPI()
	defer openapi.ResetOpenAPI()
	files := filesys.MakeFsInMemory()
	for name, content := range c.Files {
		if err := files.WriteFile("/"+name, []byte(content)); err != nil {
			return nil, err
		}
	}
	var printed bytes.Buffer
	command := build.NewCmdBuild(files, build.MakeHelp("kustomize", "build"), &printed)
	command.SetArgs([]string{filepath.Join("/", c.Root)})
	command.SilenceErrors = true
	err = command.Execute()
	return printed.Bytes(), err
}

// verdict is what kustomize answers to a case.
type verdict struct {
	overlaytest.Case
	dir  *tree.Dir
	want []byte
	err  error
}

// verdicts reads the corpus and asks kustomize about each case. Those that are
// no trees are left out, each with the reason in a line of skipped.
func verdicts(t *testing.T) (all []verdict, skipped string) {
	t.Helper()
	dirs := []string{moduleDir(t, "sigs.k8s.io/kustomize/api"), moduleDir(t, "sigs.k8s.io/kustomize/kustomize/v5")}
	offline(t)
	for _, dir := range dirs {
		cases, err := overlaytest.Corpus(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			d, err := tree.FromFiles(bytesOf(c.Files))
			if err != nil {
				skipped += fmt.Sprintf("%s: %v\n", c.Name, err)
				continue
			}
			want, err := judge(c)
			all = append(all, verdict{c, d, want, err})
		}
	}
	return all, skipped
}

// TestCorpus builds what kustomize's own tests build, one after the other with
// one engine: what a build leaves behind would show in the next. What kustomize
// builds and the engine refuses is listed with the reason in a golden file, and
// so is what is skipped.
func TestCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("builds what all tests of kustomize build")
	}
	all, skipped := verdicts(t) // before the engine builds: kustomize is reset for each
	e := New(Options{})
	var alone, both strings.Builder
	built := 0
	for _, v := range all {
		got, err := e.Build(t.Context(), v.dir, v.Root)
		check := hermetic.Build(v.dir, v.Root, hermetic.Limits{})
		switch {
		case err == nil && v.err == nil && bytes.Equal(got, v.want):
			built++
		case err != nil && v.err != nil && check != nil:
			fmt.Fprintf(&both, "%s: %v\n", v.Name, check)
		case err != nil && v.err != nil:
			fmt.Fprintf(&both, "%s: kustomize's own answer\n", v.Name)
		case err != nil && check != nil:
			fmt.Fprintf(&alone, "%s: %v\n", v.Name, check)
		default:
			t.Errorf("%s: Build = %v, kustomize %v\n%s", v.Name, err, v.err, cmp.Diff(string(v.want), string(got)))
		}
	}
	t.Logf("%d of %d built with equal bytes, %d are no trees", built, len(all), strings.Count(skipped, "\n"))
	golden(t, "testdata/corpus-refusals.txt", "Refused by the checker alone:\n"+alone.String()+"\nRefused by both:\n"+both.String()+"\nSkipped, because they are no trees:\n"+skipped)
	if built < 250 {
		t.Errorf("%d cases were built: the corpus has shrunk", built)
	}
}

func bytesOf(files map[string]string) map[string][]byte {
	m := make(map[string][]byte, len(files))
	for name, s := range files {
		m[name] = []byte(s)
	}
	return m
}

// golden compares text with a file, or writes it.
func golden(t *testing.T, name, text string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

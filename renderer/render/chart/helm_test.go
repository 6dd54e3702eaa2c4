package chart_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v3/pkg/chartutil"
	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/chart"
	"github.com/gatorcloud/sluice/renderer/render/overlay/overlaytest"
)

// TestLikeHelm compares the test's own charts with the released helm.
func TestLikeHelm(t *testing.T) {
	command := overlaytest.Released(t, "helm")
	for name, c := range small() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			like(t, command, c)
		})
	}
}

// like compares one chart; a chart that helm refuses must be refused. It
// reports whether it was rendered.
func like(t testing.TB, command string, c sample) bool {
	t.Helper()
	docs, err := chart.Render(t.Context(), dir(t, c.files), release(c.values))
	want, wantErr := template(t, command, write(t, c.files), c.values)
	if (err == nil) != (wantErr == nil) || text(docs) != want {
		t.Errorf("Render(%q, %v) = %v, helm %v\n%s", c.files, c.values, err, wantErr, cmp.Diff(want, text(docs)))
	}
	return err == nil
}

// release is what `helm template` of the released helm renders for.
func release(values map[string]any) chart.Release {
	return chart.Release{Name: "r", Namespace: "ns", KubeVersion: "v1.35.0", APIVersions: chartutil.DefaultVersionSet, Values: values}
}

// text is what `helm template` prints for documents.
func text(docs []chart.Document) string {
	if docs == nil {
		return ""
	}
	var plain, hooks strings.Builder
	for _, d := range docs {
		b := &plain
		if d.Hook {
			b = &hooks
		}
		b.WriteString(d.String())
	}
	return strings.TrimSpace(plain.String()) + "\n" + hooks.String()
}

// template runs `helm template` on a directory.
func template(t testing.TB, command, dir string, values map[string]any) (string, error) {
	t.Helper()
	data, err := yaml.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "v.yaml")
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, command, "template", "r", dir, "--namespace", "ns", "-f", file)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+filepath.Join(dir, "none"))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%w: %s", err, strings.Join(strings.Fields(errs.String()), " "))
	}
	return out.String(), nil
}

// read returns the files of a directory.
func read(dir string) (map[string][]byte, error) {
	files := map[string][]byte{}
	return files, filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name) // name is below dir
		files[filepath.ToSlash(rel)] = data
		return err
	})
}

// write makes a directory of files.
func write(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// dir returns files as a tree.
func dir(t testing.TB, files map[string]string) *tree.Dir {
	t.Helper()
	all := map[string][]byte{}
	for name, text := range files {
		all[name] = []byte(text)
	}
	d, err := tree.FromFiles(all)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

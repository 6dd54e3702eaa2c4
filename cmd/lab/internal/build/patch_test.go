package build

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReplaceOnce(t *testing.T) {
	cases := map[string]struct {
		reason, text, want string
		fails              bool
	}{
		"Once":  {"the one place is changed", "a 0.0.0.0 b", "a 127.0.0.1 b", false},
		"None":  {"a release that changed must not pass unpatched", "a b", "a b", true},
		"Twice": {"which one is meant is not guessed", "0.0.0.0 0.0.0.0", "0.0.0.0 0.0.0.0", true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "f")
			if err := os.WriteFile(file, []byte(tc.text), 0o600); err != nil {
				t.Fatal(err)
			}
			err := replaceOnce(file, "0.0.0.0", "127.0.0.1")
			got, _ := os.ReadFile(file)
			if (err != nil) != tc.fails || string(got) != tc.want {
				t.Errorf("%s: replaceOnce() = %v, file %q, want %q", tc.reason, err, got, tc.want)
			}
		})
	}
}

func TestCopyTreeSkips(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	for _, name := range []string{"docs/a", "cmd/docs/b", "kustomize", "run.sh"} {
		file := filepath.Join(from, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		// Files of the module cache are read-only.
		if err := os.WriteFile(file, nil, 0o444); err != nil {
			t.Fatal(err)
		}
	}
	if err := copyTree(from, to, []string{"docs", "kustomize"}); err != nil {
		t.Fatal(err)
	}
	got := map[string]os.FileMode{}
	_ = filepath.Walk(to, func(name string, info os.FileInfo, _ error) error {
		if !info.IsDir() {
			rel, _ := filepath.Rel(to, name)
			got[rel] = info.Mode()
		}
		return nil
	})
	if diff := cmp.Diff(map[string]os.FileMode{"cmd/docs/b": 0o644, "run.sh": 0o755}, got); diff != "" {
		t.Errorf("copyTree() -want +got:\n%s", diff)
	}
}

func TestListenTellsPackagesFromComplaints(t *testing.T) {
	var c compilation
	tick := c.ticking()
	defer tick.end()
	got := c.listen(strings.NewReader("k8s.io/api/core/v1\nfmt\n# example.org/a\n./a.go:1:2: undefined: x\ngo: downloading a v1\n"), tick.packages)
	if n := tick.packages.Load(); n != 2 {
		t.Errorf("listen() counted %d packages, want 2", n)
	}
	if want := "# example.org/a; ./a.go:1:2: undefined: x; go: downloading a v1"; got != want {
		t.Errorf("listen() = %q, want %q", got, want)
	}
}

package lab_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/cmd/lab/internal/argocd"
	"github.com/gatorcloud/sluice/cmd/lab/internal/lab"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

func write(t *testing.T, file string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Down on a folder that somebody named by mistake takes nothing of it.
func TestDownSparesForeignFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"bin/mine", "tmp/mine", "git/mine"} {
		write(t, filepath.Join(dir, name))
	}
	if err := lab.Down(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bin/mine", "tmp/mine", "git/mine"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Errorf("after Down(): %v", err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "lock")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after Down() the lock: %v, want it gone", err)
	}
}

func TestDownRemovesALab(t *testing.T) {
	cases := map[string]struct {
		reason string
		keep   string
	}{
		"All":   {"nothing but the lab's files", ""},
		"Other": {"a file of somebody else stays", "notes.txt"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "lab")
			for _, file := range []string{"lab.json", "pki/admin.kubeconfig", "log/etcd.log"} {
				write(t, filepath.Join(dir, file))
			}
			if tc.keep != "" {
				write(t, filepath.Join(dir, tc.keep))
			}
			if err := lab.Down(dir); err != nil {
				t.Fatal(err)
			}
			entries, err := os.ReadDir(dir)
			if tc.keep == "" && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: after Down() the directory holds %v", tc.reason, entries)
			}
			if tc.keep != "" && (len(entries) != 1 || entries[0].Name() != tc.keep) {
				t.Errorf("%s: after Down() the directory holds %v, want %s only", tc.reason, entries, tc.keep)
			}
		})
	}
	if err := lab.Down(filepath.Join(t.TempDir(), "never")); err != nil {
		t.Errorf("Down() of nothing = %v, want nil", err)
	}
}

func TestOpenNothing(t *testing.T) {
	_, err := lab.Open(t.TempDir())
	if !errors.Is(err, fs.ErrNotExist) || fault.HintOf(err) == "" {
		t.Errorf("Open() = %v with hint %q, want a missing lab and how to get one", err, fault.HintOf(err))
	}
}

func TestUpRefuses(t *testing.T) {
	full := t.TempDir()
	write(t, filepath.Join(full, "mine"))
	cases := map[string]struct {
		reason  string
		options lab.Options
		hint    string
	}{
		"Set":        {"a set that is not known", lab.Options{Set: "v1"}, "v2.14"},
		"Repository": {"a repository's name becomes a folder", lab.Options{Repositories: []string{"../x"}}, ""},
		"Plugin":     {"a plugin with nothing to run", lab.Options{Plugins: []argocd.Plugin{{Name: "p"}}}, "plugin.yaml"},
		"Foreign":    {"a directory with somebody's files", lab.Options{Dir: full}, "empty directory"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if tc.options.Dir == "" {
				tc.options.Dir = filepath.Join(t.TempDir(), "l")
			}
			// No set is built: the cache's folder cannot be made below a file.
			tc.options.Cache = filepath.Join(full, "mine", "cache")
			_, err := lab.Up(t.Context(), tc.options)
			if err == nil || !strings.Contains(fault.HintOf(err), tc.hint) {
				t.Errorf("%s: Up() = %v with hint %q, want %q in it", tc.reason, err, fault.HintOf(err), tc.hint)
			}
		})
	}
}

// What the system lacks is named together with the command that installs it.
func TestUpNamesMissingPackage(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	options := lab.Options{Dir: filepath.Join(t.TempDir(), "l")}
	for _, missing := range []string{"git", "redis-server"} {
		_, err := lab.Up(t.Context(), options)
		if want := "sudo apt-get install -y " + missing; err == nil || fault.HintOf(err) != want {
			t.Errorf("Up() without %s = %v with hint %q, want %q", missing, err, fault.HintOf(err), want)
		}
		if err := os.WriteFile(filepath.Join(bin, missing), []byte("#!/bin/sh\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := lab.Up(t.Context(), options); err == nil || !strings.Contains(err.Error(), "looking for go") {
		t.Errorf("Up() without go = %v, want go named", err)
	}
}

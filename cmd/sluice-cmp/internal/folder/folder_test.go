package folder_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/gatorcloud/sluice/cmd/sluice-cmp/internal/folder"
	"github.com/gatorcloud/sluice/plugin/unpack"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/google/go-cmp/cmp"
)

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a": "1", "b/c": "2", "b/d/e": ""})
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	got, err := folder.Read(t.Context(), dir, unpack.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]byte{"a": []byte("1"), "b/c": []byte("2"), "b/d/e": {}}
	if d := cmp.Diff(want, got.Files()); d != "" {
		t.Errorf("Read (-want +got):\n%s", d)
	}
}

func TestReadRefuses(t *testing.T) {
	small := unpack.Limits{Files: 3, File: 10, Kept: 25, Depth: 2, Path: 20}
	link := func(to string) func(string) error {
		return func(dir string) error { return os.Symlink(to, filepath.Join(dir, "l")) }
	}
	for name, tc := range map[string]struct {
		reason string
		make   func(dir string) error
		files  map[string]string
	}{
		"SymlinkOut":       {"points anywhere", link("/etc/passwd"), nil},
		"SymlinkInside":    {"links are refused whatever they point to", link("a"), nil},
		"SymlinkDirectory": {"could lead round in circles", link("."), nil},
		"SymlinkDangling":  {"points to nothing", link("none"), nil},
		"Pipe":             {"reading it would never end", func(dir string) error { return syscall.Mkfifo(filepath.Join(dir, "p"), 0o600) }, nil},
		"File":             {"a file over its limit", nil, map[string]string{"b": strings.Repeat("x", 11)}},
		"Kept":             {"all files over their limit", nil, map[string]string{"b": strings.Repeat("x", 10), "c": strings.Repeat("x", 10) + ""}},
		"Files":            {"one file too many", nil, map[string]string{"b": "", "c": "", "d": ""}},
		"Depth":            {"one directory too deep", nil, map[string]string{"b/c/d": ""}},
		"Path":             {"a name over its limit", nil, map[string]string{strings.Repeat("x", 21): ""}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, map[string]string{"a": "12345678"})
			write(t, dir, tc.files)
			if tc.make != nil {
				if err := tc.make(dir); err != nil {
					t.Fatal(err)
				}
			}
			got, err := folder.Read(t.Context(), dir, small)
			if err == nil || fault.HintOf(err) == "" {
				t.Errorf("Read = %v, %v, want an error with a hint: %s", got.Files(), err, tc.reason)
			}
		})
	}
	dir := t.TempDir()
	write(t, dir, map[string]string{"a": "12345678", "b/c": "1234567890"})
	if _, err := folder.Read(t.Context(), dir, small); err != nil {
		t.Errorf("Read(within the limits) = %v, want nil", err)
	}
}

func TestReadNoDirectory(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a": ""})
	for _, path := range []string{filepath.Join(dir, "none"), filepath.Join(dir, "a")} {
		if _, err := folder.Read(t.Context(), path, unpack.Defaults()); err == nil {
			t.Errorf("Read(%s) = nil, want an error", path)
		}
	}
}

func TestReadStopsWithContext(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{}
	for i := range 50 {
		files[fmt.Sprint(i)] = ""
	}
	write(t, dir, files)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := folder.Read(ctx, dir, unpack.Defaults()); !errors.Is(err, context.Canceled) {
		t.Errorf("Read(ended context) = %v, want context.Canceled", err)
	}
}

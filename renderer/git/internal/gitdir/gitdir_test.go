package gitdir

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

func TestFind(t *testing.T) {
	bare := gittest.New(t)
	work := t.TempDir()
	gittest.Git(t, work, "init", "-q")
	for path, want := range map[string]Dir{
		bare.Dir:                     {Path: bare.Dir, Bare: true, DenyCheckedOut: true},
		work:                         {Path: filepath.Join(work, ".git"), DenyCheckedOut: true},
		filepath.Join(work, ".git"):  {Path: filepath.Join(work, ".git"), DenyCheckedOut: true},
		filepath.Join(work, ".", ""): {Path: filepath.Join(work, ".git"), DenyCheckedOut: true},
	} {
		got, err := Find(path, "make one")
		if err != nil || got.Path != want.Path || got.Bare != want.Bare || len(got.Hooks) > 0 || got.DenyCheckedOut != want.DenyCheckedOut {
			t.Errorf("Find(%q) = %+v, %v, want %+v", path, got, err, want)
		}
	}
}

func TestLinkedWorkTreeIsRefused(t *testing.T) {
	bare := gittest.New(t)
	bare.Write("x", "1")
	linked := filepath.Join(t.TempDir(), "w")
	bare.Git("worktree", "add", "-q", linked, "-b", "w")
	if _, err := Find(linked, "make one"); fault.ClassOf(err) != fault.Person || fault.HintOf(err) == "" {
		t.Errorf("Find of a linked work tree = %v, want an error with a hint", err)
	}
}

// TestHooks finds what must run at a push, and nothing else.
func TestHooks(t *testing.T) {
	elsewhere := t.TempDir()
	cases := map[string]struct {
		reason  string
		prepare func(r *gittest.Repo)
		want    []string
	}{
		"Samples":       {"git init leaves samples, which do not run", func(*gittest.Repo) {}, nil},
		"Receive":       {"they run in git receive-pack", func(r *gittest.Repo) { r.Hook("pre-receive", ""); r.Hook("post-update", "") }, []string{"pre-receive", "post-update"}},
		"Transaction":   {"it runs at every move of a reference", func(r *gittest.Repo) { r.Hook("reference-transaction", "") }, []string{"reference-transaction"}},
		"Client":        {"it does not run at a push", func(r *gittest.Repo) { r.Hook("pre-commit", "") }, nil},
		"NotExecutable": {"git does not run it", func(r *gittest.Repo) { r.Hook("update", ""); chmod(t, r.Dir, "hooks/update") }, nil},
		"HooksPath":     {"the configuration may name another place", func(r *gittest.Repo) { r.Git("config", "core.hooksPath", elsewhere); hook(t, elsewhere, "update") }, []string{"update"}},
		"Home":          {"only git knows whose home that is", func(r *gittest.Repo) { r.Git("config", "core.hooksPath", "~/hooks") }, []string{"core.hooksPath=~/hooks"}},
		"UpdateInstead": {"git updates the work tree", func(r *gittest.Repo) { r.Git("config", "receive.denyCurrentBranch", "updateInstead") }, []string{"receive.denyCurrentBranch=updateInstead"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := gittest.New(t)
			tc.prepare(r)
			d, err := Find(r.Dir, "make one")
			if err != nil || !slices.Equal(d.Hooks, tc.want) {
				t.Errorf("%s: hooks = %q, %v, want %q", tc.reason, d.Hooks, err, tc.want)
			}
		})
	}
}

func chmod(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Chmod(filepath.Join(dir, name), 0o644); err != nil {
		t.Fatal(err)
	}
}

func hook(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

// Package gittest makes real bare repositories and serves them over smart
// HTTP and SSH inside a test, with the real git behind them, on loopback.
//
// Everything it starts ends with the test. It answers what a Git server
// answers because a git server does: git http-backend, git upload-pack and
// git receive-pack run unchanged.
package gittest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Repo is a bare repository in a temporary directory.
type Repo struct {
	// Dir is its path.
	Dir string
	t   testing.TB
}

// New returns an empty bare repository whose HEAD names main. It is laid out
// without git, whose start costs more than most of what is done with it.
func New(t testing.TB) *Repo {
	t.Helper()
	r := &Repo{Dir: filepath.Join(t.TempDir(), "repo.git"), t: t}
	for _, dir := range []string{"objects/info", "objects/pack", "refs/heads", "refs/tags"} {
		if err := os.MkdirAll(filepath.Join(r.Dir, dir), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"HEAD": "ref: refs/heads/main\n", "config": config} {
		if err := os.WriteFile(filepath.Join(r.Dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

const config = `[core]
	repositoryformatversion = 0
	filemode = true
	bare = true
[gc]
	auto = 0
[receive]
	autogc = false
[http]
	receivepack = true
`

// Git runs git in the repository and returns what it prints, without the
// space around it. A failure ends the test.
func (r *Repo) Git(args ...string) string {
	r.t.Helper()
	return Git(r.t, r.Dir, args...)
}

// Git runs git in a directory, with no configuration but the repository's.
func Git(t testing.TB, dir string, args ...string) string {
	t.Helper()
	out, err := TryGit(dir, nil, args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// TryGit runs git in a directory with stdin and returns what it prints.
func TryGit(dir string, stdin []byte, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = dir, Env()
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out), err
}

// Env returns an environment in which git reads no configuration of the
// machine or the user.
func Env() []string {
	env := []string{
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
		"GIT_AUTHOR_NAME=someone", "GIT_AUTHOR_EMAIL=someone@example.com",
		"GIT_COMMITTER_NAME=someone", "GIT_COMMITTER_EMAIL=someone@example.com",
	}
	for _, key := range []string{"PATH", "HOME", "TMPDIR"} {
		env = append(env, key+"="+os.Getenv(key))
	}
	return env
}

// Tip returns the commit of main, or "" when it is unborn.
func (r *Repo) Tip() string {
	// A ref of its own wins over a packed one, and needs no git to be read.
	if loose, err := os.ReadFile(filepath.Join(r.Dir, "refs", "heads", "main")); err == nil {
		return strings.TrimSpace(string(loose))
	}
	if _, err := os.Stat(filepath.Join(r.Dir, "packed-refs")); err != nil {
		return ""
	}
	out, err := TryGit(r.Dir, nil, "rev-parse", "-q", "--verify", "refs/heads/main")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(out)
}

// Files returns the path of every file of main.
func (r *Repo) Files() []string {
	r.t.Helper()
	return strings.Fields(r.Git("ls-tree", "-r", "--name-only", "main"))
}

// Write commits one file on top of main, as somebody else would.
func (r *Repo) Write(path, content string) {
	r.t.Helper()
	if err := r.TryWrite(path, content); err != nil {
		r.t.Fatal(err)
	}
}

// TryWrite is Write for goroutines other than the test's.
func (r *Repo) TryWrite(path, content string) error {
	from := ""
	if tip := r.Tip(); tip != "" {
		from = "from " + tip + "\n"
	}
	stream := fmt.Sprintf("commit refs/heads/main\ncommitter someone <someone@example.com> 1700000000 +0000\ndata 7\nforeign\n%sM 100644 inline %s\ndata %d\n%s\n",
		from, path, len(content), content)
	_, err := TryGit(r.Dir, []byte(stream), "fast-import", "--quiet")
	return err
}

// Hook installs a hook; script is what follows the first line.
func (r *Repo) Hook(name, script string) {
	r.t.Helper()
	path := filepath.Join(r.Dir, "hooks", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		r.t.Fatal(err)
	}
}

// Check runs git fsck --strict and fails the test on anything it says about
// what is reachable.
func (r *Repo) Check() {
	r.t.Helper()
	cmd := exec.Command("git", "fsck", "--strict", "--full", "--no-dangling")
	cmd.Dir, cmd.Env = r.Dir, Env()
	out, err := cmd.CombinedOutput()
	if text := strings.TrimSpace(string(out)); err != nil || text != "" && !strings.HasPrefix(text, "notice:") {
		r.t.Errorf("git fsck --strict: %v: %s", err, text)
	}
}

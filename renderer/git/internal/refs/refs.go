// Package refs reads and moves branches of a local repository by the protocol
// that git itself follows, so that both may work in one repository at a time.
//
// A branch is moved while <ref>.lock is held, which exists exactly once; its
// value is compared under the lock, and rename makes the new one visible. A
// reader therefore sees the old or the new value.
//
// Git leaves the lock of a killed process to people. Here a lock is the second
// name (hard link) of a file in <repository>/sluice that its owner holds
// flock(2) on: a lock with such a twin whose flock is free belongs to a dead
// process of ours, and only then it is removed.
package refs

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
)

var (
	// ErrMoved is the error of moving a branch that is not where it was thought to be.
	ErrMoved = errors.New("the branch is at another commit")
	// ErrLocked is the error of a branch whose lock stayed held by somebody else.
	ErrLocked = errors.New("the branch is locked")
)

const heads = "refs/heads/"

// CheckBranch refuses names that git check-ref-format refuses.
func CheckBranch(name string) error {
	bad := name == "" || len(name) > 200 || strings.HasPrefix(name, "-") || name == "HEAD" ||
		strings.ContainsAny(name, " ~^:?*[\\\x7f") || strings.Contains(name, "..") || strings.Contains(name, "@{")
	for _, c := range name {
		bad = bad || c < ' '
	}
	for part := range strings.SplitSeq(name, "/") {
		bad = bad || part == "" || part[0] == '.' || strings.HasSuffix(part, ".") || strings.HasSuffix(part, ".lock")
	}
	if bad {
		return fmt.Errorf("branch name %q is not valid", name)
	}
	return nil
}

// Refs are the references of the repository at a Git directory.
type Refs struct{ dir string }

// New returns the references of the repository at dir.
func New(dir string) Refs { return Refs{dir} }

// HeadBranch returns the short name of the branch that HEAD names.
func (r Refs) HeadBranch() (string, error) { return symbolic(filepath.Join(r.dir, "HEAD")) }

// symbolic returns the branch that a HEAD file names, or "" for a detached one.
func symbolic(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	target, ok := strings.CutPrefix(strings.TrimSpace(string(b)), "ref:")
	branch, ok2 := strings.CutPrefix(strings.TrimSpace(target), heads)
	if !ok || !ok2 {
		return "", nil
	}
	return branch, nil
}

// CheckedOut reports whether a work tree of the repository has the branch checked out.
func (r Refs) CheckedOut(branch string, bare bool) bool {
	files, _ := filepath.Glob(filepath.Join(r.dir, "worktrees", "*", "HEAD")) // the pattern is valid
	if !bare {
		files = append(files, filepath.Join(r.dir, "HEAD"))
	}
	for _, f := range files {
		if b, err := symbolic(f); err == nil && b == branch {
			return true
		}
	}
	return false
}

// Read returns the commit of a branch, or the zero Hash for an unborn one.
func (r Refs) Read(branch string) (object.Hash, error) {
	b, err := os.ReadFile(r.path(branch))
	if errors.Is(err, os.ErrNotExist) || isDirectory(r.path(branch)) {
		return r.readPacked(heads + branch)
	}
	if err != nil {
		return object.Hash{}, fmt.Errorf("reading branch %q: %w", branch, err)
	}
	text := strings.TrimSpace(string(b))
	if strings.HasPrefix(text, "ref:") {
		return object.Hash{}, fmt.Errorf("reading branch %q: it is a symbolic reference", branch)
	}
	h, err := object.Parse(text)
	if err != nil {
		return h, fmt.Errorf("reading branch %q: %w", branch, err)
	}
	return h, nil
}

// isDirectory reports whether path is a directory, which git leaves behind
// where branches with slashes were.
func isDirectory(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.IsDir()
}

func (r Refs) path(branch string) string {
	return filepath.Join(r.dir, filepath.FromSlash(heads+branch))
}

func (r Refs) readPacked(name string) (found object.Hash, err error) {
	err = r.eachPacked(func(ref string, h string) error {
		if ref != name {
			return nil
		}
		found, err = object.Parse(h)
		return err
	})
	return found, err
}

// eachPacked calls f with every reference in packed-refs.
func (r Refs) eachPacked(f func(ref, hash string) error) error {
	file, err := os.Open(filepath.Join(r.dir, "packed-refs"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading packed references: %w", err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, "^") {
			continue
		}
		hash, ref, _ := strings.Cut(line, " ")
		if err := f(ref, hash); err != nil {
			return fmt.Errorf("reading packed references: %w", err)
		}
	}
	return lines.Err()
}

// checkFree refuses a new branch that is a directory of others, or below one.
func (r Refs) checkFree(branch string) error {
	name := heads + branch
	return r.eachPacked(func(ref, _ string) error {
		if strings.HasPrefix(ref, name+"/") || strings.HasPrefix(name, ref+"/") {
			return fmt.Errorf("branch %q collides with %q", branch, strings.TrimPrefix(ref, heads))
		}
		return nil
	})
}

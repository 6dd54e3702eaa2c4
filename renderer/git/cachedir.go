package git

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gatorcloud/sluice/renderer/git/internal/flock"
	"github.com/gatorcloud/sluice/renderer/git/internal/object"
)

// cacheDir is the directory of one mirror: a bare repository that git reads
// too, owned by one process at a time. A second process makes a private one,
// which goes when it is closed, or when the next process finds its owner dead.
type cacheDir struct {
	path    string
	lock    *os.File
	private bool
	branch  string
}

func openCacheDir(parent, url, branch string) (*cacheDir, error) {
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return nil, err
	}
	base := filepath.Join(parent, cacheName(url, branch))
	removeDead(base)
	c, err := lockCacheDir(base)
	if err != nil {
		return nil, err
	}
	if c == nil {
		private, err := os.MkdirTemp(parent, filepath.Base(base)+".private-")
		if err != nil {
			return nil, err
		}
		if c, err = lockCacheDir(private); err != nil || c == nil {
			return nil, errors.Join(err, os.RemoveAll(private))
		}
		c.private = true
	}
	c.branch = branch
	c.removeTemporary()
	return c, nil
}

// cacheName returns a file name for a URL and branch that people can read.
func cacheName(url, branch string) string {
	sum := sha256.Sum256([]byte(url + "\x00" + branch))
	readable := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r == '.' || r == '-' {
			return r
		}
		return '_'
	}, url)
	readable = readable[max(0, len(readable)-40):]
	return fmt.Sprintf("%s-%x", strings.TrimLeft(readable, "._-"), sum[:6])
}

// lockCacheDir takes a directory for this process. It returns nil when
// another process has it.
func lockCacheDir(path string) (*cacheDir, error) {
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	held, err := flock.Try(f)
	if err != nil || !held && flock.Supported {
		return nil, errors.Join(err, f.Close())
	}
	return &cacheDir{path: path, lock: f}, nil
}

// removeDead removes the private directories of processes that are gone.
func removeDead(base string) {
	locks, _ := filepath.Glob(base + ".private-*.lock") // the pattern is valid
	for _, name := range locks {
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		if dead, err := flock.Try(f); err == nil && dead {
			_ = os.RemoveAll(strings.TrimSuffix(name, ".lock"))
			_ = os.Remove(name)
		}
		_ = f.Close()
	}
}

// removeTemporary removes what a killed process left half written.
func (c *cacheDir) removeTemporary() {
	for _, pattern := range []string{"tmp_*", "pack/tmp_*"} {
		files, _ := filepath.Glob(filepath.Join(c.objects(), pattern))
		for _, f := range files {
			_ = os.Remove(f)
		}
	}
}

func (c *cacheDir) objects() string { return filepath.Join(c.path, "objects") }

func (c *cacheDir) ref() string {
	return filepath.Join(c.path, "refs", "heads", filepath.FromSlash(c.branch))
}

// clear makes the directory an empty repository.
func (c *cacheDir) clear() error {
	if err := os.RemoveAll(c.path); err != nil {
		return err
	}
	for _, dir := range []string{filepath.Join(c.objects(), "pack"), filepath.Dir(c.ref())} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	config := "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"
	if err := os.WriteFile(filepath.Join(c.path, "config"), []byte(config), 0o600); err != nil {
		return err
	}
	head := "ref: refs/heads/" + c.branch + "\n"
	return os.WriteFile(filepath.Join(c.path, "HEAD"), []byte(head), 0o600)
}

// tip returns the commit whose objects are here. An error means that the
// directory is none of a mirror's, or a damaged one.
func (c *cacheDir) tip() (object.Hash, error) {
	if _, err := os.Stat(filepath.Join(c.path, "HEAD")); err != nil {
		return object.Hash{}, err
	}
	b, err := os.ReadFile(c.ref())
	if errors.Is(err, os.ErrNotExist) {
		return object.Hash{}, nil
	}
	if err != nil {
		return object.Hash{}, err
	}
	return object.Parse(strings.TrimSpace(string(b)))
}

// setTip records the commit whose objects are here now; the history of a
// shallow one is not.
func (c *cacheDir) setTip(h object.Hash, shallow bool) error {
	if shallow {
		f, err := os.OpenFile(filepath.Join(c.path, "shallow"), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(f, h)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	f, err := os.CreateTemp(c.objects(), "tmp_ref_")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, h)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), c.ref())
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// close gives the directory up; a private one is removed.
func (c *cacheDir) close() error {
	if c.lock == nil {
		return nil
	}
	var err error
	if c.private {
		err = errors.Join(os.RemoveAll(c.path), os.Remove(c.lock.Name()))
	}
	err = errors.Join(err, c.lock.Close())
	c.lock = nil
	return err
}

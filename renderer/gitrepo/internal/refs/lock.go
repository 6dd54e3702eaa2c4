package refs

import (
	"cmp"
	"crypto/sha1"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gatorcloud/sluice/renderer/gitrepo/internal/flock"
)

// lock is a held <ref>.lock.
type lock struct {
	ref  string   // the branch's file; empty once it has moved
	file *os.File // the lock's file, flocked
	twin string   // its other name below <repository>/sluice
}

// twins returns the pattern of the twin files of a branch's locks.
func (r Refs) twins(branch string) (dir, prefix string) {
	return filepath.Join(r.dir, "sluice"), fmt.Sprintf("lock-%x-", sha1.Sum([]byte(branch)))
}

// tryLock creates the lock. The error is os.ErrExist when somebody holds it.
func (r Refs) tryLock(branch string) (*lock, error) {
	dir, prefix := r.twins(branch)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(dir, prefix)
	if err != nil {
		return nil, err
	}
	l := &lock{ref: r.path(branch), file: f, twin: f.Name()}
	if err := l.take(); err != nil {
		l.forget()
		return nil, err
	}
	return l, nil
}

func (l *lock) take() error {
	if err := l.file.Chmod(0o644); err != nil {
		return err
	}
	held, err := flock.Try(l.file)
	if err != nil || !held && flock.Supported {
		return cmp.Or(err, os.ErrExist) // somebody who heals took the new file for a dead one's
	}
	err = os.Link(l.twin, l.ref+".lock")
	switch {
	case errors.Is(err, os.ErrNotExist):
		return os.ErrExist // healed away before the flock
	case err == nil || errors.Is(err, os.ErrExist):
		return err
	}
	return l.takePlain()
}

// takePlain creates the lock where the file system has no hard links. It has
// no twin then, and nobody but a person will ever remove it.
func (l *lock) takePlain() error {
	f, err := os.OpenFile(l.ref+".lock", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	l.forget()
	l.file, l.twin = f, ""
	return nil
}

func (l *lock) write(s string) error {
	if _, err := l.file.WriteString(s); err != nil {
		return err
	}
	return l.file.Sync()
}

// commit makes the written value that of the branch.
func (l *lock) commit() error {
	if err := os.Rename(l.ref+".lock", l.ref); err != nil {
		return err
	}
	// The branch has moved, so nothing may fail any more: without the sync a
	// power cut may undo the move, never half of it.
	if dir, err := os.Open(filepath.Dir(l.ref)); err == nil {
		_ = dir.Sync()
		_ = dir.Close()
	}
	l.forget()
	l.ref = ""
	return nil
}

// release gives the lock up unless it was committed.
func (l *lock) release() {
	if l.ref != "" {
		_ = os.Remove(l.ref + ".lock")
		l.forget()
	}
}

// forget removes the twin, which ends the flock.
func (l *lock) forget() {
	if l.twin != "" {
		_ = os.Remove(l.twin)
	}
	_ = l.file.Close()
}

// Heal removes the lock of a branch when a dead process of ours left it, and
// reports whether it did.
func (r Refs) Heal(branch string) bool {
	dir, prefix := r.twins(branch)
	names, _ := filepath.Glob(filepath.Join(dir, prefix+"*")) // a bad pattern finds nothing
	healed := false
	for _, name := range names {
		if healOne(name, r.path(branch)+".lock") {
			healed = true
		}
	}
	return healed
}

// healOne removes a twin whose owner is dead, and first the lock if it is the
// same file. Both are judged while the twin's flock is held, so of two
// processes that heal at once the second finds nothing left to judge.
func healOne(twin, lock string) bool {
	f, err := os.Open(twin)
	if err != nil {
		return false
	}
	defer f.Close()
	if dead, err := flock.Try(f); err != nil || !dead {
		return false
	}
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	if still, err := os.Lstat(twin); err != nil || !os.SameFile(mine, still) {
		return false
	}
	held, err := os.Lstat(lock)
	removed := err == nil && os.SameFile(mine, held) && os.Remove(lock) == nil
	if removed || errors.Is(err, os.ErrNotExist) || err == nil && !os.SameFile(mine, held) {
		_ = os.Remove(twin)
	}
	return removed
}

package refs

import (
	"crypto/sha1"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gatorcloud/sluice/renderer/git/internal/flock"
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
	f, err := flock.CreateTemp(dir, prefix)
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
	if err := os.Link(l.twin, l.ref+".lock"); err == nil || errors.Is(err, os.ErrExist) {
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
// reports whether it did. What is the lock is judged while the twin's flock is
// held, so of two processes that heal at once the second finds nothing left.
func (r Refs) Heal(branch string) (healed bool) {
	dir, prefix := r.twins(branch)
	flock.Sweep(dir, prefix, func(twin *os.File) error {
		err := flock.RemoveSame(r.path(branch)+".lock", twin)
		healed = healed || err == nil
		if errors.Is(err, os.ErrNotExist) {
			return nil // no lock, or not this one's: the twin goes all the same
		}
		return err
	})
	return healed
}

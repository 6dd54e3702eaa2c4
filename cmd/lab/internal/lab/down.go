package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/site"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// grace is how long a component may take to end; nothing of a lab is worth waiting for.
const grace = 3 * time.Second

// Down ends every process of the lab in the directory and removes its files.
// A directory without a lab is no error. It works from the records alone, so
// it also takes away a lab that came up halfway.
func Down(dir string) error {
	dir, err := Dir(dir)
	if err != nil {
		return err
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	unlock, err := lockDir(dir)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(filepath.Join(dir, stateFile)); err != nil {
		return removeEmpty(dir)
	}
	if err := at(Options{}, site.Site{Dir: dir}).stop(); err != nil {
		return err
	}
	// A lab.json that cannot be read names no folder elsewhere.
	if l, err := Open(dir); err == nil {
		if err := removeSockets(l.site.Sockets); err != nil {
			return fmt.Errorf("removing the lab's sockets: %w", err)
		}
	}
	return remove(dir)
}

// Down ends the lab and removes its files.
func (l *Lab) Down() error { return Down(l.site.Dir) }

// stop ends every component that has a record, all at once.
func (l *Lab) stop() error {
	names := l.runner.Names()
	errs := make([]error, len(names))
	var all sync.WaitGroup
	for i, name := range names {
		all.Go(func() { errs[i] = l.runner.Stop(name, grace) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// remove deletes what a lab makes and then the directory itself if that was
// all: a directory that somebody named by mistake keeps everything else.
func remove(dir string) error {
	for _, name := range append(site.Folders(), socketFolder, stateFile) {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("removing the lab's files: %w", err)
		}
	}
	return removeEmpty(dir)
}

func removeEmpty(dir string) error {
	if err := os.Remove(filepath.Join(dir, lockFile)); err != nil {
		return fmt.Errorf("removing the lab's lock: %w", err)
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, syscall.ENOTEMPTY) {
		return fmt.Errorf("removing the lab's directory: %w", err)
	}
	return nil
}

const lockFile = "lock"

// lockDir refuses two commands on one lab at the same time.
func lockDir(dir string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the lab: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fault.New(fault.Wait, "wait for the other command to end", "locking the lab in %q: another command is at work", dir)
	}
	return func() { f.Close() }, nil
}

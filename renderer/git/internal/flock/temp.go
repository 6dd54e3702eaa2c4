package flock

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// CreateTemp is os.CreateTemp with the lock taken, so that the file is known
// to be in use for as long as it is open.
func CreateTemp(dir, prefix string) (*os.File, error) {
	for {
		f, err := os.CreateTemp(dir, prefix)
		if err != nil {
			return nil, err
		}
		held, err := Try(f)
		if err == nil && (!Supported || held && named(f)) {
			return f, nil
		}
		// Somebody who sweeps took it for a dead one's in the moment before the lock.
		_ = f.Close()
		_ = os.Remove(f.Name())
		if err != nil {
			return nil, err
		}
	}
}

// named reports whether the file still has its name.
func named(f *os.File) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(mine, there)
}

// Sweep removes the files of CreateTemp whose owners are dead. Before is
// called with each, while its lock is held; an error keeps the file.
func Sweep(dir, prefix string, before func(*os.File) error) {
	entries, _ := os.ReadDir(dir) // what cannot be listed is swept another time
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) {
			sweep(filepath.Join(dir, e.Name()), before)
		}
	}
}

func sweep(path string, before func(*os.File) error) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	if dead, err := Try(f); err != nil || !dead || !named(f) {
		return
	}
	if before(f) == nil {
		_ = os.Remove(path)
	}
}

// RemoveSame removes path if it is the file f under another name. The error is
// fs.ErrNotExist when it is none.
func RemoveSame(path string, f *os.File) error {
	mine, err := f.Stat()
	if err != nil {
		return err
	}
	there, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !os.SameFile(mine, there) {
		return &fs.PathError{Op: "remove", Path: path, Err: errors.Join(fs.ErrNotExist, errors.New("it is another file"))}
	}
	return os.Remove(path)
}

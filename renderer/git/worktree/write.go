package worktree

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path"
	"syscall"

	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// writer carries changes out.
type writer struct{ root *os.Root }

func (w writer) write(c tree.Change) error {
	if c.Kind == tree.Removed {
		return w.remove(c.Path)
	}
	return w.replace(c.Path, c.New)
}

// remove deletes a file and the directories that it leaves empty.
func (w writer) remove(name string) error {
	if err := w.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		err := w.root.Remove(dir)
		if errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, fs.ErrExist) {
			return nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// replace gives a file new content by renaming a finished file over it.
func (w writer) replace(name string, data []byte) error {
	if dir := path.Dir(name); dir != "." {
		if err := w.root.MkdirAll(dir, 0o777); err != nil {
			return err
		}
	}
	if info, err := w.root.Lstat(name); err == nil && info.IsDir() {
		if err := w.removeEmpty(name); err != nil { // its files are gone already
			return err
		}
	}
	temp := path.Join(path.Dir(name), ".sluice-"+rand.Text()+".tmp")
	err := w.create(temp, data)
	if err == nil {
		err = w.root.Rename(temp, name)
	}
	if err != nil {
		_ = w.root.Remove(temp)
	}
	return err
}

// create writes a new file. It is not flushed: rendering again mends what a
// power cut damages.
func (w writer) create(name string, data []byte) error {
	f, err := w.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// removeEmpty deletes a directory that holds no file.
func (w writer) removeEmpty(name string) error {
	entries, err := fs.ReadDir(w.root.FS(), name)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() {
			return &fs.PathError{Op: "remove", Path: name, Err: errors.New("a file appeared in it meanwhile")}
		}
		if err := w.removeEmpty(path.Join(name, e.Name())); err != nil {
			return err
		}
	}
	return w.root.Remove(name)
}

package tree

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// FS returns the directory as a file system, which never changes.
func (d *Dir) FS() fs.FS { return dirFS{d} }

type dirFS struct{ root *Dir }

var (
	_ fs.StatFS     = dirFS{}
	_ fs.ReadFileFS = dirFS{}
	_ fs.ReadDirFS  = dirFS{}
)

func (f dirFS) find(op, name string) (node, error) {
	if !fs.ValidPath(name) {
		return node{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	if name == "." {
		return node{Entry{Name: ".", Dir: f.root}}, nil
	}
	e, ok := f.root.Lookup(name)
	if !ok {
		return node{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	e.Name = path.Base(name)
	return node{e}, nil
}

// Open is part of fs.FS.
func (f dirFS) Open(name string) (fs.File, error) {
	n, err := f.find("open", name)
	if err != nil {
		return nil, err
	}
	return &opened{node: n, Reader: bytes.NewReader(n.entry.Data), left: n.list()}, nil
}

// Stat is part of fs.StatFS.
func (f dirFS) Stat(name string) (fs.FileInfo, error) { return f.find("stat", name) }

// ReadFile is part of fs.ReadFileFS.
func (f dirFS) ReadFile(name string) ([]byte, error) {
	n, err := f.find("open", name)
	if err == nil && n.IsDir() {
		err = &fs.PathError{Op: "read", Path: name, Err: fs.ErrInvalid}
	}
	return bytes.Clone(n.entry.Data), err
}

// ReadDir is part of fs.ReadDirFS.
func (f dirFS) ReadDir(name string) ([]fs.DirEntry, error) {
	n, err := f.find("readdir", name)
	if err == nil && !n.IsDir() {
		err = &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrInvalid}
	}
	return n.list(), err
}

// node is a file or a directory, and all that is known of it.
type node struct{ entry Entry }

var (
	_ fs.FileInfo = node{}
	_ fs.DirEntry = node{}
)

func (n node) Name() string               { return n.entry.Name }
func (n node) IsDir() bool                { return n.entry.Dir != nil }
func (n node) Size() int64                { return int64(len(n.entry.Data)) }
func (n node) ModTime() time.Time         { return time.Time{} }
func (n node) Sys() any                   { return nil }
func (n node) Type() fs.FileMode          { return n.Mode().Type() }
func (n node) Info() (fs.FileInfo, error) { return n, nil }
func (n node) Mode() fs.FileMode {
	if n.IsDir() {
		return fs.ModeDir | 0o555
	}
	return 0o444
}

// list returns the entries by name, which is not Git's order.
func (n node) list() []fs.DirEntry {
	var all []fs.DirEntry
	for _, e := range n.entry.Dir.Entries() {
		all = append(all, node{e})
	}
	slices.SortFunc(all, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return all
}

// opened is an open file or directory.
type opened struct {
	node
	*bytes.Reader
	left []fs.DirEntry
}

func (o *opened) Stat() (fs.FileInfo, error) { return o.node, nil }
func (o *opened) Close() error               { return nil }
func (o *opened) Size() int64                { return o.node.Size() }

func (o *opened) Read(b []byte) (int, error) {
	if o.IsDir() {
		return 0, &fs.PathError{Op: "read", Path: o.Name(), Err: fs.ErrInvalid}
	}
	return o.Reader.Read(b)
}

// ReadDir is part of fs.ReadDirFile.
func (o *opened) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 || n > len(o.left) {
		if n > 0 && len(o.left) == 0 {
			return nil, io.EOF
		}
		n = len(o.left)
	}
	out := o.left[:n]
	o.left = o.left[n:]
	return out, nil
}

// Package edited shows what a repository would hold after the edit of one file,
// to those who read repositories. Nothing is written, and what is shown is no
// more a snapshot than the files below.
package edited

import (
	"bytes"
	"io/fs"
	"path"
)

// FS is a file system in which one file holds something else.
type FS struct {
	fs.FS
	File string
	Data []byte
}

var (
	_ fs.StatFS     = FS{}
	_ fs.ReadFileFS = FS{}
	_ fs.ReadDirFS  = FS{}
)

// Open is part of fs.FS.
func (e FS) Open(name string) (fs.File, error) {
	f, err := e.FS.Open(name)
	if err != nil || name != e.File {
		return f, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return &file{f, sized{info, int64(len(e.Data))}, bytes.NewReader(e.Data)}, nil
}

// ReadFile is part of fs.ReadFileFS.
func (e FS) ReadFile(name string) ([]byte, error) {
	if name == e.File {
		return bytes.Clone(e.Data), nil
	}
	return fs.ReadFile(e.FS, name)
}

// ReadDir is part of fs.ReadDirFS; it tells the size of before.
func (e FS) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(e.FS, name) }

// Stat is part of fs.StatFS.
func (e FS) Stat(name string) (fs.FileInfo, error) {
	info, err := fs.Stat(e.FS, name)
	if err == nil && path.Clean(name) == e.File {
		info = sized{info, int64(len(e.Data))}
	}
	return info, err
}

// sized is what is known of a file, but for its size.
type sized struct {
	fs.FileInfo
	size int64
}

func (s sized) Size() int64 { return s.size }

// file is a file that reads something else.
type file struct {
	fs.File
	info fs.FileInfo
	data *bytes.Reader
}

func (f *file) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *file) Read(b []byte) (int, error) { return f.data.Read(b) }

package rolloutcmd

import (
	"bytes"
	"io/fs"
	"path"
)

// edited is a file system in which one file holds something else.
type edited struct {
	fs.FS
	name string
	data []byte
}

var (
	_ fs.StatFS     = edited{}
	_ fs.ReadFileFS = edited{}
	_ fs.ReadDirFS  = edited{}
)

// Open is part of fs.FS.
func (e edited) Open(name string) (fs.File, error) {
	f, err := e.FS.Open(name)
	if err != nil || name != e.name {
		return f, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return &editedFile{f, sized{info, int64(len(e.data))}, bytes.NewReader(e.data)}, nil
}

// ReadFile is part of fs.ReadFileFS.
func (e edited) ReadFile(name string) ([]byte, error) {
	if name == e.name {
		return bytes.Clone(e.data), nil
	}
	return fs.ReadFile(e.FS, name)
}

// ReadDir is part of fs.ReadDirFS; it tells the size of before.
func (e edited) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(e.FS, name) }

// Stat is part of fs.StatFS.
func (e edited) Stat(name string) (fs.FileInfo, error) {
	info, err := fs.Stat(e.FS, name)
	if err == nil && path.Clean(name) == e.name {
		info = sized{info, int64(len(e.data))}
	}
	return info, err
}

// sized is what is known of a file, but for its size.
type sized struct {
	fs.FileInfo
	size int64
}

func (s sized) Size() int64 { return s.size }

// editedFile is a file that reads something else.
type editedFile struct {
	fs.File
	info fs.FileInfo
	data *bytes.Reader
}

func (f *editedFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *editedFile) Read(b []byte) (int, error) { return f.data.Read(b) }

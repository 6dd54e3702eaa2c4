package git

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
)

// FS returns the files of a head, read when they are asked for. The zero Head
// is an empty directory. Symbolic links are listed and never followed, and
// submodules are not opened. It also implements fs.ReadFileFS, fs.ReadDirFS
// and fs.StatFS and is safe for concurrent use.
func (r *Repo) FS(h Head) fs.FS { return treeFS{r, h.Tree} }

var (
	errSubmodule = errors.New("is a submodule")
	errLink      = errors.New("is a symbolic link, which is not followed")
	errDirectory = errors.New("is a directory")
)

// treeFS is the file system of a root tree.
type treeFS struct {
	repo *Repo
	root object.Hash
}

var (
	_ fs.ReadDirFS  = treeFS{}
	_ fs.ReadFileFS = treeFS{}
	_ fs.StatFS     = treeFS{}
)

// find returns the entry of a path.
func (t treeFS) find(op, name string) (object.Entry, error) {
	if !fs.ValidPath(name) {
		return object.Entry{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	if name == "." {
		return object.Entry{Name: ".", Mode: object.ModeDir, Hash: t.root}, nil
	}
	e, err := t.repo.lookup(t.root, strings.Split(name, "/"))
	switch {
	case err == nil && e.IsZero():
		err = fs.ErrNotExist
	case e.Mode == object.ModeSubmodule:
		err = errSubmodule
	}
	if err != nil {
		return e, &fs.PathError{Op: op, Path: name, Err: err}
	}
	return e, nil
}

// entry returns the entry of a path; the zero Entry if there is none.
func (t treeFS) entry(name string) (object.Entry, error) {
	e, err := t.find("stat", name)
	if errors.Is(err, fs.ErrNotExist) {
		return object.Entry{}, nil
	}
	return e, err
}

// ReadFile returns the content of a file.
func (t treeFS) ReadFile(name string) ([]byte, error) {
	e, err := t.find("open", name)
	if err != nil {
		return nil, err
	}
	data, err := t.content(e)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return data, nil
}

// content returns the bytes of a file's entry.
func (t treeFS) content(e object.Entry) ([]byte, error) {
	switch {
	case e.Mode.IsDir():
		return nil, errDirectory
	case e.Mode == object.ModeSymlink:
		return nil, errLink
	}
	return t.repo.read(object.Blob, e.Hash)
}

// ReadDir lists a directory, sorted by name.
func (t treeFS) ReadDir(name string) ([]fs.DirEntry, error) {
	e, err := t.find("readdir", name)
	if err != nil {
		return nil, err
	}
	list, err := t.list(e)
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	return list, nil
}

func (t treeFS) list(e object.Entry) ([]fs.DirEntry, error) {
	if !e.Mode.IsDir() {
		return nil, errors.New("is not a directory")
	}
	raw, err := t.repo.tree(e.Hash)
	if err != nil {
		return nil, err
	}
	var list []fs.DirEntry
	for e, err := range raw.All() {
		if err != nil {
			return nil, err
		}
		list = append(list, dirEntry{t, e})
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return list, nil
}

// Stat describes a file; the time is the epoch, for Git keeps none.
func (t treeFS) Stat(name string) (fs.FileInfo, error) {
	e, err := t.find("stat", name)
	if err != nil {
		return nil, err
	}
	return dirEntry{t, e}.Info()
}

// Open opens a file or directory.
func (t treeFS) Open(name string) (fs.File, error) {
	e, err := t.find("open", name)
	if err != nil {
		return nil, err
	}
	info, err := dirEntry{t, e}.Info()
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	f := &openFile{fileInfo: info.(fileInfo), path: name}
	if e.Mode.IsDir() {
		f.list, err = t.list(e)
		if err != nil {
			return nil, &fs.PathError{Op: "open", Path: name, Err: err}
		}
		return &openDir{f}, nil
	}
	f.Reader = *bytes.NewReader(f.data)
	return f, nil
}

// dirEntry is an entry of a directory that was not opened yet.
type dirEntry struct {
	fs    treeFS
	entry object.Entry
}

// Name returns the last element of the path.
func (d dirEntry) Name() string { return d.entry.Name }

// IsDir reports whether the entry is a directory.
func (d dirEntry) IsDir() bool { return d.entry.Mode.IsDir() }

// Type returns the type bits.
func (d dirEntry) Type() fs.FileMode { return fileMode(d.entry.Mode).Type() }

// Info reads the file to learn its size.
func (d dirEntry) Info() (fs.FileInfo, error) {
	i := fileInfo{name: d.entry.Name, mode: fileMode(d.entry.Mode)}
	if i.mode.IsRegular() {
		data, err := d.fs.content(d.entry)
		if err != nil {
			return nil, err
		}
		i.data = data
	}
	return i, nil
}

func fileMode(m object.Mode) fs.FileMode {
	switch m {
	case object.ModeDir:
		return fs.ModeDir | 0o755
	case object.ModeExecutable:
		return 0o755
	case object.ModeSymlink:
		return fs.ModeSymlink | 0o777
	case object.ModeSubmodule:
		return fs.ModeIrregular
	default:
		return 0o644
	}
}

// fileInfo describes a file and holds its content.
type fileInfo struct {
	name string
	mode fs.FileMode
	data []byte
}

// Name returns the last element of the path.
func (i fileInfo) Name() string { return i.name }

// Size returns the length of the content.
func (i fileInfo) Size() int64 { return int64(len(i.data)) }

// Mode returns the mode.
func (i fileInfo) Mode() fs.FileMode { return i.mode }

// ModTime returns the zero time.
func (i fileInfo) ModTime() time.Time { return time.Time{} }

// IsDir reports whether it is a directory.
func (i fileInfo) IsDir() bool { return i.mode.IsDir() }

// Sys returns nil.
func (i fileInfo) Sys() any { return nil }

// openFile is an open file or symbolic link.
type openFile struct {
	fileInfo
	bytes.Reader
	path string
	list []fs.DirEntry // of a directory: what ReadDir has not returned yet
}

// Stat describes the file.
func (f *openFile) Stat() (fs.FileInfo, error) { return f.fileInfo, nil }

// Size returns the length of the content.
func (f *openFile) Size() int64 { return f.fileInfo.Size() }

// Close does nothing.
func (f *openFile) Close() error { return nil }

// Read reads the content; a link has none.
func (f *openFile) Read(b []byte) (int, error) {
	if f.mode&fs.ModeSymlink != 0 {
		return 0, &fs.PathError{Op: "read", Path: f.path, Err: errLink}
	}
	return f.Reader.Read(b)
}

// openDir is an open directory.
type openDir struct{ *openFile }

// Read fails: a directory has no content.
func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.path, Err: errDirectory}
}

// ReadDir returns the next n entries, or all with n <= 0.
func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 || n > len(d.list) {
		if n > 0 && len(d.list) == 0 {
			return nil, io.EOF
		}
		n = len(d.list)
	}
	next := d.list[:n]
	d.list = d.list[n:]
	return next, nil
}

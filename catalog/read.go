package catalog

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// Bounds of one version's directory.
const (
	maxFiles        = 2000
	maxFileBytes    = 1 << 20
	maxVersionBytes = 8 << 20
	maxDepth        = 16
)

// reader reads one version's directory into memory within the bounds, and
// goes on after a fault so that all are reported.
type reader struct {
	fsys   fs.FS
	files  int
	bytes  int64
	faults []error
}

// readDir returns the directory at root. Symbolic links, devices, odd names
// and whatever exceeds the bounds are faults and left out.
func readDir(fsys fs.FS, root string) (*tree.Dir, []error) {
	r := &reader{fsys: fsys}
	d := r.dir(root, "", 0)
	return d, r.faults
}

func (r *reader) refuse(at, hint, format string, args ...any) {
	r.faults = append(r.faults, fault.Hintf(hint, at+": "+format, args...))
}

func (r *reader) dir(root, rel string, depth int) *tree.Dir {
	at := path.Join(root, rel)
	if depth > maxDepth {
		r.refuse(rel, "flatten the directories", "directories are nested deeper than %d", maxDepth)
		return nil
	}
	entries, err := fs.ReadDir(r.fsys, at)
	if err != nil {
		r.faults = append(r.faults, fmt.Errorf("%s: %w", rel, err))
		return nil
	}
	var kept []tree.Entry
	for _, e := range entries {
		if entry, ok := r.entry(root, path.Join(rel, e.Name()), e, depth); ok {
			kept = append(kept, entry)
		}
	}
	d, err := tree.New(kept...)
	if err != nil {
		r.faults = append(r.faults, fmt.Errorf("%s: %w", rel, err))
	}
	return d
}

func (r *reader) entry(root, rel string, e fs.DirEntry, depth int) (tree.Entry, bool) {
	switch {
	case !plainName(e.Name()):
		r.refuse(rel, "use letters, digits, '.', '_' and '-' and no leading dot", "file name %+q is not allowed", e.Name())
	case ident.IsDevice(e.Name()):
		r.refuse(rel, "rename it: a checkout on Windows fails on it", "file name %q is that of a device", e.Name())
	case e.Type()&fs.ModeSymlink != 0:
		r.refuse(rel, "put a copy of the file there", "symbolic links are not allowed")
	case e.IsDir():
		if d := r.dir(root, rel, depth+1); len(d.Entries()) > 0 {
			return tree.Entry{Name: e.Name(), Dir: d}, true
		}
	case !e.Type().IsRegular():
		r.refuse(rel, "remove it", "it is no regular file")
	default:
		if data, ok := r.file(root, rel); ok {
			return tree.Entry{Name: e.Name(), Data: data}, true
		}
	}
	return tree.Entry{}, false
}

// file reads one file. The bounds hold for what is read, whatever size the
// file system announces.
func (r *reader) file(root, rel string) ([]byte, bool) {
	if r.files++; r.files > maxFiles || r.bytes > maxVersionBytes {
		if r.files == maxFiles+1 {
			r.refuse(rel, "move what is not deployed out of the catalog", "more than %d files in one version", maxFiles)
		}
		return nil, false
	}
	f, err := r.fsys.Open(path.Join(root, rel))
	if err != nil {
		r.faults = append(r.faults, fmt.Errorf("%s: %w", rel, err))
		return nil, false
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err := errors.Join(err, f.Close()); err != nil {
		r.faults = append(r.faults, fmt.Errorf("%s: reading: %w", rel, err))
		return nil, false
	}
	if len(data) > maxFileBytes {
		r.refuse(rel, "split the file", "it has more than %d bytes", maxFileBytes)
		return nil, false
	}
	if r.bytes += int64(len(data)); r.bytes > maxVersionBytes {
		r.refuse(rel, "move what is not deployed out of the catalog", "more than %d bytes in one version", maxVersionBytes)
		return nil, false
	}
	return data, true
}

// plainName reports whether a file name is the same on every file system and
// in every shell, and hides from nobody.
func plainName(s string) bool {
	if s == ".helmignore" {
		return true
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-' && i > 0, c == '.' && i > 0:
		default:
			return false
		}
	}
	return s != "" && !strings.HasSuffix(s, ".")
}

// Package worktree writes directories onto a disk with the surface that
// git.Tx has for a branch: Put, PutFile, Reset, then Apply or Changes.
//
// Nothing is written before Apply. Apply replaces every file by rename, so a
// reader sees the old or the new content and never a part of it; it is not
// atomic over many files, as no file system is. Names are resolved below the
// root, whatever is swapped meanwhile, and a symbolic link is never followed:
// one in the way of a file or directory is replaced. Files that were not put
// and do not lie below a Reset path are left alone.
package worktree

import (
	"fmt"
	"io/fs"
	"os"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Root is a directory on a disk. It is safe for concurrent use.
type Root struct {
	path string
	root *os.Root
}

// Open opens the directory dir, which must exist. Close it after use.
func Open(dir string) (*Root, error) {
	r, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fault.New(fault.Person, "create the directory first", "opening directory %q: %w", dir, err)
	}
	return &Root{dir, r}, nil
}

// Close lets go of the directory. It may be called more than once.
func (r *Root) Close() error {
	if err := r.root.Close(); err != nil {
		return fmt.Errorf("closing directory %q: %w", r.path, err)
	}
	return nil
}

// FS returns the files of the directory. Links are followed while they stay
// below it.
func (r *Root) FS() fs.FS { return r.root.FS() }

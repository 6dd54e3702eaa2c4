// Package worktree writes directories onto a disk with the surface that
// gitrepo has for a branch: Put, PutFile, Reset, then Apply or Changes.
//
// Every file is replaced by rename, so a reader sees the old or the new
// content; names are resolved below the root and a symbolic link is never
// followed. Nothing is written before Apply.
package worktree

import (
	"context"
	"errors"
	"io/fs"

	"github.com/gatorcloud/sluice/renderer/tree"
)

var errSkeleton = errors.New("worktree: not written yet")

// Root is a directory on a disk.
type Root struct{}

// Open opens the directory dir, which must exist. Close it after use.
func Open(dir string) (*Root, error) { return nil, errSkeleton }

// Close lets go of the directory.
func (r *Root) Close() error { return nil }

// FS returns the files of the directory.
func (r *Root) FS() fs.FS { return nil }

// Begin starts a transaction.
func (r *Root) Begin() *Tx { return &Tx{} }

// Tx collects content. Put, PutFile and Reset may be called from many
// goroutines and in any order; each path is put once.
type Tx struct{}

// Put makes d the directory at path. A nil or empty d removes what is there.
func (t *Tx) Put(path string, d *tree.Dir) error { return errSkeleton }

// PutFile makes data the file at path.
func (t *Tx) PutFile(path string, data []byte) error { return errSkeleton }

// Reset makes the old content at and below path count as absent: what is not
// put again is removed.
func (t *Tx) Reset(path string) {}

// Changes returns every file that Apply would change, sorted by path, and
// writes nothing.
func (t *Tx) Changes(ctx context.Context) ([]tree.Change, error) { return nil, errSkeleton }

// Apply writes the changes and returns how many files they were.
func (t *Tx) Apply(ctx context.Context) (tree.Counts, error) { return tree.Counts{}, errSkeleton }

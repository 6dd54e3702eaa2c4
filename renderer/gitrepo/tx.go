package gitrepo

import (
	"context"

	"github.com/gatorcloud/sluice/renderer/tree"
)

// Tx collects the content of one commit. Put, PutFile and Reset may be called
// from many goroutines and in any order; each path is put once.
type Tx struct{}

// Put makes d the directory at path. A nil or empty d removes what is there.
// Directories with the same pointer are hashed and written once.
func (t *Tx) Put(path string, d *tree.Dir) error { return errSkeleton }

// PutFile makes data the file at path.
func (t *Tx) PutFile(path string, data []byte) error { return errSkeleton }

// Reset makes the old content at and below path count as absent: what is not
// put again is removed. An empty path is the whole repository.
func (t *Tx) Reset(path string) {}

// Commit makes the trees and the commit. The branch does not move.
func (t *Tx) Commit(ctx context.Context, m Message) (Result, error) { return Result{}, errSkeleton }

// Discard drops everything that was not published. It may be called at any
// time and more than once.
func (t *Tx) Discard() {}

// Preview has the surface of a Tx and writes nothing.
type Preview struct{}

// Put compares d with the directory at path.
func (p *Preview) Put(path string, d *tree.Dir) error { return errSkeleton }

// PutFile compares data with the file at path.
func (p *Preview) PutFile(path string, data []byte) error { return errSkeleton }

// Reset makes the old content at and below path count as absent.
func (p *Preview) Reset(path string) {}

// Changes returns every file that a commit of the same content would change,
// sorted by path.
func (p *Preview) Changes(ctx context.Context) ([]tree.Change, error) { return nil, errSkeleton }

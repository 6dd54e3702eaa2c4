package gitrepo

import (
	"context"
	"errors"
	"io/fs"
)

// Repo is an open repository. It is safe for concurrent use.
type Repo struct{ opts Options }

type pending struct{}

var errSkeleton = errors.New("gitrepo: not written yet")

// Open opens the repository at url: a path (bare, or a work tree's), or a
// file, http, https or ssh URL, or git@host:path. Close it after use.
func Open(ctx context.Context, url string, o Options) (*Repo, error) { return nil, errSkeleton }

// Close lets go of files and of the cache; nothing is published by it.
func (r *Repo) Close() error { return nil }

// Branch returns the short name of the branch that is written.
func (r *Repo) Branch() string { return r.opts.Branch }

// Head fetches and returns the tip of the branch.
func (r *Repo) Head(ctx context.Context) (Head, error) { return Head{}, errSkeleton }

// FS returns the files of a head, read when they are asked for. The zero Head
// is an empty directory. Symbolic links are listed and never followed.
func (r *Repo) FS(h Head) fs.FS { return nil }

// Begin starts a transaction on top of base.
func (r *Repo) Begin(base Head) *Tx { return &Tx{} }

// Preview starts a comparison with base that writes nothing.
func (r *Repo) Preview(base Head) *Preview { return &Preview{} }

// Publish moves the branch from old to the commit of res, or fails with
// ErrMoved or ErrRefused in its tree. A result without change is published
// by doing nothing.
func (r *Repo) Publish(ctx context.Context, old Head, res Result) error { return errSkeleton }

package git

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/gatorcloud/sluice/renderer/git/internal/gitdir"
	"github.com/gatorcloud/sluice/renderer/git/internal/object"
	"github.com/gatorcloud/sluice/renderer/git/internal/odb"
	"github.com/gatorcloud/sluice/renderer/git/internal/refs"
	"github.com/gatorcloud/sluice/renderer/git/internal/remote"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// local is a repository on this machine, which is its own object store.
//
// Without hooks the branch is moved by git's own lock protocol in this
// process. Where a push would run hooks, git receive-pack gets the pack and
// moves the branch, so that every hook runs; what it refuses it also forgets.
type local struct {
	path    string
	name    string // of the branch
	hooked  bool
	stale   func(branch string) error // refuses a branch whose work tree would go stale
	refs    refs.Refs
	objects *odb.Store
	log     *slog.Logger
	steps   func(string)
}

func openLocal(path string, o Options, h hooks) (*local, error) {
	dir, err := gitdir.Find(path, "create it with: git init --bare "+path)
	if err != nil {
		return nil, err
	}
	l := &local{path: dir.Path, name: o.Branch, hooked: len(dir.Hooks) > 0, refs: refs.New(dir.Path), log: o.Logger, steps: h.step}
	if l.name == "" {
		if l.name, err = l.refs.HeadBranch(); err != nil {
			return nil, fmt.Errorf("opening repository %q: %w", path, err)
		}
		if l.name == "" {
			return nil, fault.Hintf("name the branch to write", "opening repository %q: its HEAD names no branch", path)
		}
	}
	l.stale = func(branch string) error {
		if !dir.DenyCheckedOut || !l.refs.CheckedOut(branch, dir.Bare) {
			return nil
		}
		return fault.Hintf("use a bare repository, or another branch",
			"opening repository %q: branch %q is checked out in its work tree, which would go stale", path, branch)
	}
	if err := l.stale(l.name); err != nil {
		return nil, err
	}
	objects := filepath.Join(dir.Path, "objects")
	if l.objects, err = odb.Open(objects, filepath.Join(dir.Path, "sluice", "packs"), h.disk(odb.Disk(objects))); err != nil {
		return nil, fmt.Errorf("opening repository %q: %w", path, l.damaged(err))
	}
	l.refs.Heal(l.name)
	return l, nil
}

func (l *local) store() *odb.Store { return l.objects }

func (l *local) tip(context.Context) (object.Hash, error) { return l.refs.Read(l.name) }

func (l *local) sibling(_ context.Context, branch string) (object.Hash, error) {
	l.refs.Heal(branch)
	return l.refs.Read(branch)
}

func (l *local) publish(ctx context.Context, m move) error {
	if err := l.stale(m.branch); err != nil {
		return err
	}
	if l.hooked {
		err := remote.Local(l.path).Push(ctx, remote.Push{Branch: m.branch, Old: m.old, New: m.new, Options: m.options, Pack: m.pack.Reader()})
		if err == nil {
			err = l.objects.Refresh()
		}
		return err
	}
	if err := m.pack.Sync(); err != nil { // it takes long for a large one: not while the branch is locked
		return err
	}
	err := l.refs.Move(ctx, refs.Move{
		Branch: m.branch, Old: m.old, New: m.new, Who: m.who, Why: "push",
		Before: func() error { return l.objects.Install(m.pack, true) },
		At:     l.steps,
	})
	if err != nil {
		return err
	}
	if err := l.objects.Compact(m.pack, true); err != nil { // the branch has moved all the same
		l.log.Warn("joining small packs", "repository", l.path, "error", err)
	}
	return nil
}

// history has nothing to add: what the store lacks is nowhere.
func (l *local) history(context.Context, object.Hash, int) (map[object.Hash][]byte, error) {
	return nil, nil
}

// writable makes and removes a file where objects and branches are made.
func (l *local) writable(context.Context) error {
	for _, dir := range []string{"objects", "refs/heads"} {
		f, err := os.CreateTemp(filepath.Join(l.path, dir), "tmp_writable_")
		if err != nil {
			return fault.Hintf("give the user that runs sluice the right to write the repository", "%w", err)
		}
		if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (l *local) damaged(err error) error {
	return fault.New(fault.Person, "look at the repository with: git fsck", "%w", err)
}

func (l *local) close() error {
	l.objects.Close()
	return nil
}

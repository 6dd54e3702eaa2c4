package git

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-billy/v5/osfs"
	gogit "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"github.com/gatorcloud/sluice/renderer/git/internal/gitdir"
	"github.com/gatorcloud/sluice/renderer/git/internal/object"
	"github.com/gatorcloud/sluice/renderer/git/internal/odb"
	"github.com/gatorcloud/sluice/renderer/git/internal/pack"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Snapshot is a commit of a local repository, to be read and compared with.
// Nothing is written, so it does not matter which branch is checked out.
type Snapshot struct {
	repo *Repo
	head Head
}

// FS returns the files of the commit.
func (s *Snapshot) FS() fs.FS { return s.repo.FS(s.head) }

// Preview starts a comparison with the commit.
func (s *Snapshot) Preview() *Preview { return s.repo.Preview(s.head) }

// History returns the commit and the repository that has what led to it.
func (s *Snapshot) History() (*Repo, Head) { return s.repo, s.head }

// Close lets go of files.
func (s *Snapshot) Close() error { return s.repo.Close() }

// At returns the commit that a revision names in the local repository at path:
// a branch, also one of a remote, a tag, HEAD or a commit by its id or the
// beginning of it, followed by any number of ~2 and ^2. It does not follow
// reflogs and upstreams, which are one person's, nor search messages.
func At(path, revision string) (*Snapshot, error) {
	dir, err := gitdir.Find(path, "name the root of a clone; in a folder that Git does not know yet: git init -b main && git add -A && git commit -m begin")
	if err != nil {
		return nil, err
	}
	objects := filepath.Join(dir.Path, "objects")
	store, err := odb.Open(objects, "", odb.Disk(objects))
	if err != nil {
		return nil, fmt.Errorf("opening repository %q: %w", path, mend(err))
	}
	r := &Repo{opts: Options{Clock: time.Now, Logger: slog.New(slog.DiscardHandler)}, trees: newTreeCache(), memo: newMemo(), batches: pack.NewBatches()}
	l := &local{path: dir.Path, objects: store}
	r.backend, r.close = l, l.close
	head, err := r.resolve(dir.Path, revision)
	if err != nil {
		_ = r.Close() // the first error says more
		return nil, fmt.Errorf("looking for %s in repository %q: %w", fault.Clip(revision), path, err)
	}
	return &Snapshot{r, head}, nil
}

// steps matches what may follow a name.
var steps = regexp.MustCompile(`[~^]\d*`)

// resolve returns the commit that a revision names.
func (r *Repo) resolve(dir, revision string) (Head, error) {
	const hint = "give a branch, a tag, origin/main, HEAD~1 or the id of a commit; git rev-parse prints it for everything else"
	name, _, _ := strings.Cut(revision, "~")
	name, _, _ = strings.Cut(name, "^")
	rest := revision[len(name):]
	if name == "@" {
		name = "HEAD"
	}
	if name == "" || strings.ContainsAny(name, ":@{}[]?*\\ ") || steps.ReplaceAllString(rest, "") != "" {
		return Head{}, fault.Hintf(hint, "it is no name of a commit that is understood here")
	}
	storage := filesystem.NewStorage(osfs.New(dir), cache.NewObjectLRUDefault())
	defer storage.Close()
	id := r.named(storage, name)
	if id.IsZero() {
		found, err := (&gogit.Repository{Storer: storage}).ResolveRevision(plumbing.Revision(name))
		if err != nil {
			return Head{}, fault.Hintf(fault.DidYouMean(name, names(storage), shallowOr(dir, hint)), "there is no such commit")
		}
		id = object.Hash(*found)
	}
	head, parents, err := r.commit(id)
	for _, step := range steps.FindAllString(rest, -1) {
		if err != nil {
			break
		}
		head, parents, err = r.back(head, parents, step)
	}
	if errors.Is(err, odb.ErrMissing) {
		return Head{}, fault.Hintf(shallowOr(dir, "look at the repository with: git fsck"), "the history here ends before it")
	}
	return head, err
}

// digits matches what may be the beginning of an id.
var digits = regexp.MustCompile(`^[0-9a-fA-F]+$`)

// named returns the commit that an id or a reference names, as git looks for it;
// zero for a tag with a text, the beginning of an id, and what is not there. It
// spares what go-git reads of every pack to look at one commit.
func (r *Repo) named(storage *filesystem.Storage, name string) object.Hash {
	if id, err := object.Parse(name); err == nil {
		if _, err := r.read(object.Commit, id); err == nil {
			return id
		}
	}
	if digits.MatchString(name) {
		return object.Hash{}
	}
	for _, rule := range plumbing.RefRevParseRules {
		ref, err := storer.ResolveReference(storage, plumbing.ReferenceName(fmt.Sprintf(rule, name)))
		if err != nil {
			continue
		}
		if _, err := r.read(object.Commit, object.Hash(ref.Hash())); err != nil {
			break
		}
		return object.Hash(ref.Hash())
	}
	return object.Hash{}
}

// commit reads a commit and the names of its parents.
func (r *Repo) commit(id object.Hash) (Head, []object.Hash, error) {
	data, err := r.read(object.Commit, id)
	if err != nil {
		return Head{}, nil, err
	}
	c, err := object.DecodeCommit(data)
	return headOf(id, c), c.Parents, err
}

// headOf returns the head that a commit is.
func headOf(id object.Hash, c object.CommitData) Head {
	return Head{Commit: id, Tree: c.Tree, Message: c.Message, Committer: c.Committer, Committed: c.Committed}
}

// back follows one step: ~3 is the first parent three times, ^2 the second
// parent, ^0 the commit itself.
func (r *Repo) back(head Head, parents []object.Hash, step string) (Head, []object.Hash, error) {
	n, which := 1, 0
	if len(step) > 1 {
		n, _ = strconv.Atoi(step[1:]) // digits; beyond any history when too large
	}
	if step[0] == '^' {
		n, which = min(n, 1), n-1
	}
	for range n {
		if which >= len(parents) {
			return head, nil, fault.Hintf("see the history with: git log --graph", "commit %.12s has %d parents", head.Commit, len(parents))
		}
		var err error
		if head, parents, err = r.commit(parents[which]); err != nil {
			return head, nil, err
		}
		which = 0
	}
	return head, parents, nil
}

// names returns the branches and tags of a repository as people write them.
func names(storage *filesystem.Storage) []string {
	refs, err := storage.IterReferences()
	if err != nil {
		return nil
	}
	var all []string
	_ = refs.ForEach(func(ref *plumbing.Reference) error { // it returns nil alone
		all = append(all, ref.Name().Short())
		return nil
	})
	return all
}

// shallowOr returns the hint for a shallow clone, or another.
func shallowOr(dir, hint string) string {
	if _, err := os.Stat(filepath.Join(dir, "shallow")); err != nil {
		return hint
	}
	return "this clone is shallow: fetch what it lacks, e.g. git fetch --unshallow, or git fetch --depth=1 origin main:refs/remotes/origin/main"
}

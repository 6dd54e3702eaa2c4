package git

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
	"github.com/gatorcloud/sluice/renderer/git/internal/odb"
	"github.com/gatorcloud/sluice/renderer/git/internal/pack"
	"github.com/gatorcloud/sluice/renderer/git/internal/remote"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// errNotKept marks errors of reading what was pushed but could not be stored here.
var errNotKept = errors.New("the pushed commit could not be stored in the mirror")

// errDamagedMirror marks errors that are gone once the mirror is cloned again.
var errDamagedMirror = errors.New("the mirror is damaged and is cloned again")

// mirror is a repository on a server with a disposable shallow copy here.
//
// Everything in the copy came from the server or was taken by it: a pack is
// stored here only after its push. So an object that the copy holds need not
// be sent, and whatever is wrong with the copy is mended by a new one.
type mirror struct {
	remote *remote.Remote
	name   string // of the branch
	dir    *cacheDir
	disk   func(pack.Disk) pack.Disk
	log    *slog.Logger
	step   func(string)
	limit  time.Duration // of the server's silence
	told   func()        // that the server is silent

	objects atomic.Pointer[odb.Store]
	broken  atomic.Bool
	unkept  atomic.Pointer[error] // why the last pushed commit is not here; nil once a fetch brought it

	mu   sync.Mutex  // held while fetching, pushing and cloning
	have object.Hash // the commit whose objects the copy holds
}

func openMirror(ctx context.Context, url string, o Options, h hooks) (*mirror, error) {
	a := o.Auth
	r, err := remote.New(url, remote.Auth{
		User: a.User, Password: a.Password, Token: a.Token, Insecure: a.Insecure, CABundle: a.CABundle,
		SSHKey: a.SSHKey, SSHKeyPassword: a.SSHKeyPassword, KnownHosts: a.KnownHosts,
	})
	if err != nil {
		return nil, err
	}
	if o.CacheDir == "" {
		return nil, fault.Hintf("name a directory for mirrors of remote repositories", "opening repository %s: no cache directory", r)
	}
	m := &mirror{remote: r, name: o.Branch, disk: h.disk, log: o.Logger, step: h.step, limit: cmp.Or(h.patience, o.Patience, patience)}
	m.told = func() {
		if o.Waiting != nil {
			o.Waiting(r.String(), m.limit)
		}
	}
	if err := m.choose(ctx); err != nil {
		return nil, err
	}
	if m.dir, err = openCacheDir(o.CacheDir, r.String(), m.name); err != nil {
		return nil, fmt.Errorf("opening repository %s: %w", r, err)
	}
	if m.have, err = m.dir.tip(); err == nil {
		err = m.openStore()
	}
	if err != nil {
		err = m.renew(err)
	}
	if err != nil {
		_ = m.dir.close() // the first error says more
		return nil, fmt.Errorf("opening repository %s: %w", r, err)
	}
	return m, nil
}

// choose asks the server for its branch where none is named.
func (m *mirror) choose(ctx context.Context) error {
	if m.name != "" {
		return nil
	}
	ctx, _, stop := watch(ctx, m.limit, m.told)
	defer stop()
	tip, err := m.remote.Tip(ctx, "")
	m.name = tip.Branch
	return err
}

func (m *mirror) openStore() error {
	s, err := odb.Open(m.dir.objects(), filepath.Join(m.dir.path, "sluice", "packs"), m.disk(odb.Disk(m.dir.objects())))
	if err == nil {
		m.objects.Store(s)
	}
	return err
}

// renew throws the copy away. Readers of the old one keep their open files.
func (m *mirror) renew(why error) error {
	m.log.Warn("cloning the mirror again", "repository", m.remote.String(), "branch", m.name, "error", why)
	m.have = object.Hash{}
	if err := m.dir.clear(); err != nil {
		return err
	}
	m.broken.Store(false)
	return m.openStore()
}

func (m *mirror) store() *odb.Store { return m.objects.Load() }

func (m *mirror) tip(ctx context.Context) (object.Hash, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken.Load() {
		if err := m.renew(errDamagedMirror); err != nil {
			return object.Hash{}, err
		}
	}
	tip, err := m.fetch(ctx)
	if errors.Is(err, errDamagedMirror) && !m.have.IsZero() {
		if err := m.renew(err); err != nil {
			return object.Hash{}, err
		}
		tip, err = m.fetch(ctx)
	}
	return tip, err
}

// fetch brings the copy up to date. Its error has errDamagedMirror in its
// tree when what the server sent does not fit what is here.
func (m *mirror) fetch(ctx context.Context) (object.Hash, error) {
	ctx, dog, stop := watch(ctx, m.limit, m.told)
	defer stop()
	tip, err := m.remote.Fetch(ctx, m.name, m.have, func(r io.Reader) error { return m.receive(dog.reader(r)) })
	if err != nil || tip.Commit.IsZero() || tip.Commit == m.have {
		return tip.Commit, err
	}
	data, err := m.store().ReadKind(object.Commit, tip.Commit)
	if err != nil {
		return tip.Commit, fmt.Errorf("%w: %w", errDamagedMirror, err)
	}
	c, err := object.DecodeCommit(data)
	if err != nil {
		return tip.Commit, err
	}
	if _, err := m.store().ReadKind(object.Tree, c.Tree); err != nil {
		return tip.Commit, fmt.Errorf("%w: %w", errDamagedMirror, err)
	}
	if err := m.dir.setTip(tip.Commit, true); err != nil {
		return tip.Commit, err
	}
	m.have = tip.Commit
	m.unkept.Store(nil)
	return tip.Commit, nil
}

// sibling brings what another branch has more than this one.
func (m *mirror) sibling(ctx context.Context, branch string) (object.Hash, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ctx, dog, stop := watch(ctx, m.limit, m.told)
	defer stop()
	tip, err := m.remote.Fetch(ctx, branch, m.have, func(r io.Reader) error { return m.receive(dog.reader(r)) })
	return tip.Commit, err
}

// receive stores a pack that the server sends.
func (m *mirror) receive(r io.Reader) error {
	p, err := pack.Receive(r, m.store().Disk())
	if err == nil {
		defer p.Discard()
		err = m.store().Install(p, false)
	}
	var disk *fs.PathError
	switch {
	case errors.Is(err, pack.ErrThin): // the server relies on what is here no more
		return fmt.Errorf("%w: %w", errDamagedMirror, err)
	case err != nil && !errors.As(err, &disk): // cut off or garbled on its way
		return fault.New(fault.Retry, "", "%w", err)
	}
	return err
}

func (m *mirror) publish(ctx context.Context, mv move) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at("push")
	ctx, dog, stop := watch(ctx, m.limit, m.told)
	defer stop()
	err := m.remote.Push(ctx, remote.Push{Branch: mv.branch, Old: mv.old, New: mv.new, Options: mv.options, Pack: dog.reader(watched{mv.pack.Reader(), m.at})})
	if errors.Is(err, remote.ErrIncomplete) { // the server has forgotten what the copy remembers
		m.broken.Store(true)
		return fmt.Errorf("%w: %w", errDamagedMirror, err)
	}
	if err != nil || mv.branch != m.name { // the copy is of one branch
		return err
	}
	m.at("pushed")
	// The branch has moved: what fails from here on is the copy's trouble only,
	// and the next fetch brings what it lacks.
	if err := m.keep(mv); err != nil {
		m.log.Warn("storing the pushed commit in the mirror", "repository", m.remote.String(), "error", err)
	}
	m.at("kept")
	return nil
}

func (m *mirror) keep(mv move) error {
	if err := m.store().Install(mv.pack, false); err != nil {
		m.unkept.Store(&err)
		return err
	}
	m.have = mv.new
	return errors.Join(m.dir.setTip(mv.new, false), m.store().Compact(mv.pack, false))
}

func (m *mirror) at(step string) {
	if m.step != nil {
		m.step(step)
	}
}

func (m *mirror) history(ctx context.Context, tip object.Hash, depth int) (map[object.Hash][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ctx, _, stop := watch(ctx, m.limit, m.told)
	defer stop()
	return m.remote.History(ctx, m.name, tip, depth)
}

// watched announces each read of a pack that is being sent.
type watched struct {
	io.Reader
	at func(string)
}

// Read reads.
func (w watched) Read(b []byte) (int, error) {
	w.at("sending")
	return w.Reader.Read(b)
}

func (m *mirror) writable(ctx context.Context) error {
	ctx, _, stop := watch(ctx, m.limit, m.told)
	defer stop()
	return m.remote.Writable(ctx)
}

func (m *mirror) damaged(err error) error {
	if why := m.unkept.Load(); why != nil { // the next fetch brings it: there is no need to clone
		return fault.New(fault.Person, "make room for the mirror, or give this user the right to write there; what was pushed is safe", "%w: %w", errNotKept, *why)
	}
	m.broken.Store(true)
	return fault.New(fault.Retry, "", "%w: %w", errDamagedMirror, err)
}

func (m *mirror) close() error {
	m.remote.Close()
	m.store().Close()
	return m.dir.close()
}

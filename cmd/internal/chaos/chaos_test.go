package chaos

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/authz"
	"github.com/gatorcloud/sluice/renderer/etcdstore/etcdtest"
	"github.com/gatorcloud/sluice/renderer/gitrepo"
	"github.com/gatorcloud/sluice/renderer/ident"
	"github.com/gatorcloud/sluice/renderer/loop"
	"github.com/gatorcloud/sluice/renderer/manifest"
	"github.com/gatorcloud/sluice/renderer/pipeline"
)

var (
	length = flag.Duration("chaos", 20*time.Second, "how long things are broken")
	seed   = flag.Uint64("seed", 0, "what is broken when; drawn when zero")
	keep   = flag.Bool("keep", false, "keep the logs")
)

var local = ident.Must[ident.EnvironmentKind]("local")

// Whatever dies, every change arrives once, in order, and nothing is lost.
func TestChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	s := *seed
	if s == 0 {
		s = rand.Uint64N(1 << 32)
	}
	t.Logf("seed %d for %v", s, *length)
	w := newWorld(t, s)
	ctx, cancel := context.WithTimeout(context.Background(), *length)
	defer cancel()
	var all sync.WaitGroup
	var writes atomic.Int64
	for i := range 2 {
		random := rand.New(rand.NewPCG(s, uint64(100+i)))
		all.Go(func() { w.write(ctx, random, &writes) })
	}
	all.Go(func() { w.breakThings(ctx) })
	all.Go(func() { w.peopleCommit(ctx, rand.New(rand.NewPCG(s, 7))) })
	all.Wait()
	w.heal()
	w.converge()
	for _, r := range w.replicas {
		r.end(syscall.SIGTERM)
		r.start() // for the cleanup; it finds nothing to do
	}
	w.check(writes.Load())
}

// write changes authorisations at random.
func (w *world) write(ctx context.Context, random *rand.Rand, writes *atomic.Int64) {
	for n := 0; ctx.Err() == nil; n++ {
		i := random.IntN(tenants)
		product := []string{"swg", "dsa", "ucwi"}[random.IntN(3)]
		right := rightRecord(i, product, 1+random.IntN(1000))
		var ops []clientv3.Op
		switch random.IntN(12) {
		case 0:
			ops = append(ops, clientv3.OpDelete(right[0]))
		case 1: // the tenant with all it has
			ops = append(ops, clientv3.OpDelete(tenantRecord(i)[0]), clientv3.OpDelete(tenantRecord(i)[0]+"/", clientv3.WithPrefix()))
		case 2:
			ops = append(ops, clientv3.OpPut(right[0], `{"bad`))
		default:
			tenant := tenantRecord(i)
			ops = append(ops, clientv3.OpPut(tenant[0], tenant[1]), clientv3.OpPut(right[0], right[1]))
		}
		limited, cancel := context.WithTimeout(ctx, 2*time.Second)
		if _, err := w.client.Txn(limited).Then(ops...).Commit(); err == nil {
			writes.Add(1)
		}
		cancel()
		pause(ctx, time.Duration(random.IntN(60))*time.Millisecond)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// breakThings breaks one thing after another, two at a time now and then.
func (w *world) breakThings(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	pause(ctx, 2*time.Second) // somebody leads
	for ctx.Err() == nil {
		r := w.replicas[w.random.IntN(len(w.replicas))]
		long := time.Duration(100+w.random.IntN(3000)) * time.Millisecond
		what := w.random.IntN(9)
		all.Go(func() {
			if r.breaking.TryLock() { // one thing at a time is broken of each
				defer r.breaking.Unlock()
				w.breakOne(ctx, what, r, long)
			}
		})
		pause(ctx, time.Duration(300+w.random.IntN(2500))*time.Millisecond)
	}
}

func (w *world) breakOne(ctx context.Context, what int, r *replica, long time.Duration) {
	switch what {
	case 0, 1: // beyond the lease now and then
		r.signal(syscall.SIGSTOP)
		pause(ctx, long)
		r.signal(syscall.SIGCONT)
	case 2:
		r.end(syscall.SIGKILL)
		pause(ctx, long/3)
		r.start()
	case 3:
		r.etcd.Set(etcdtest.Swallow)
		pause(ctx, long)
		r.etcd.Set(etcdtest.Pass)
	case 4:
		r.etcd.Set(etcdtest.Refuse)
		pause(ctx, long/2)
		r.etcd.Set(etcdtest.Pass)
	case 5:
		if r.git != nil {
			r.git.Set(etcdtest.Swallow)
			pause(ctx, long)
			r.git.Set(etcdtest.Pass)
		}
	case 6:
		if r.git != nil { // in the middle of whatever goes on
			for range 5 {
				r.git.Cut()
				pause(ctx, 50*time.Millisecond)
			}
		}
	case 7:
		w.log.mu.Lock()
		revision := w.log.revision
		w.log.mu.Unlock()
		_, _ = w.client.Compact(ctx, revision)
	case 8:
		if w.etcd.breaking.TryLock() {
			defer w.etcd.breaking.Unlock()
			w.breakEtcd(ctx, long/2)
		}
	}
}

// breakEtcd kills or pauses the server, one at a time.
func (w *world) breakEtcd(ctx context.Context, long time.Duration) {
	if long%2 == 0 {
		w.etcd.signal(syscall.SIGSTOP)
		pause(ctx, long)
		w.etcd.signal(syscall.SIGCONT)
		return
	}
	w.etcd.end(syscall.SIGKILL)
	pause(ctx, long/2)
	w.etcd.start()
}

// peopleCommit edits the fleet and unrelated files.
func (w *world) peopleCommit(ctx context.Context, random *rand.Rand) {
	for n := 0; ctx.Err() == nil; n++ {
		pause(ctx, time.Duration(500+random.IntN(2500))*time.Millisecond)
		edit := random.IntN(3) == 0
		err := w.commit(func(tx *gitrepo.Tx, files fs.FS) error {
			if !edit {
				return tx.PutFile("notes.txt", fmt.Appendf(nil, "%d\n", n))
			}
			const fleet = "environments/local/fleet.yaml"
			data, err := fs.ReadFile(files, fleet)
			if err != nil {
				return err
			}
			for old := range bytes.Lines(data) {
				if bytes.Contains(old, []byte("soakSeconds:")) {
					data = bytes.Replace(data, old, fmt.Appendf(nil, "  soakSeconds: %d\n", 30+n), 1)
				}
			}
			return tx.PutFile(fleet, data)
		})
		if err != nil {
			w.t.Errorf("people cannot commit: %v", err)
		}
	}
}

// heal mends everything.
func (w *world) heal() {
	for _, r := range w.replicas {
		r.signal(syscall.SIGCONT)
		r.etcd.Set(etcdtest.Pass)
		if r.git != nil {
			r.git.Set(etcdtest.Pass)
		}
	}
	w.etcd.signal(syscall.SIGCONT)
}

// source reads etcd for a render from nothing.
type source struct{ w *world }

func (s source) Snapshot(ctx context.Context, prefix string) (authz.Snapshot, error) {
	resp, err := s.w.client.Get(ctx, prefix+"/", clientv3.WithPrefix())
	if err != nil {
		return authz.Snapshot{}, err
	}
	a := authz.NewAssembler(prefix)
	for _, kv := range resp.Kvs {
		a.Add(authz.Record{Key: string(kv.Key), Value: kv.Value, Revision: kv.ModRevision})
	}
	return a.Snapshot(resp.Header.Revision), nil
}

// differences returns what a render from nothing would change in Git.
func (w *world) differences(p *pipeline.Pipeline) ([]string, error) {
	head, err := w.people.Head(context.Background())
	if err != nil {
		return nil, err
	}
	preview := w.people.Preview(head)
	if _, err := p.Render(context.Background(), w.people.FS(head), local, preview, pipeline.Options{Source: source{w}, Now: time.Now(), AllowRemovals: true}); err != nil {
		return nil, err
	}
	changes, err := preview.Changes(context.Background())
	var all []string
	for _, c := range changes {
		all = append(all, c.Path)
	}
	return all, err
}

// converge waits until Git is a render of etcd from nothing.
func (w *world) converge() {
	w.t.Helper()
	p := pipeline.New()
	var differs []string
	var err error
	for began := time.Now(); time.Since(began) < 90*time.Second; time.Sleep(200 * time.Millisecond) {
		if differs, err = w.differences(p); err == nil && len(differs) == 0 {
			w.t.Logf("healed in %v", time.Since(began).Round(100*time.Millisecond))
			return
		}
	}
	w.t.Errorf("Git is not a render of etcd: %d files differ, %v: %.400q", len(differs), err, differs)
}

// check checks every commit of the branch against the history of etcd.
func (w *world) check(writes int64) {
	w.t.Helper()
	w.bare.Check()
	head, err := w.people.Head(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	var commits []gitrepo.Head
	_, err = w.people.Nearest(w.t.Context(), head, func(h gitrepo.Head) bool { commits = append(commits, h); return false })
	if err != nil {
		w.t.Fatal(err)
	}
	h := w.log.history()
	var last loop.Mark
	rendered, terms := 0, 0
	for i := len(commits) - 1; i >= 0; i-- {
		m, ours := loop.MarkOf(commits[i], local)
		if !ours {
			continue
		}
		rendered++
		if m.From != last.Revision+1 || m.Revision < last.Revision {
			w.t.Errorf("commit %s covers %d to %d after %d, want the ranges to follow each other", commits[i].Commit, m.From, m.Revision, last.Revision)
		}
		if m.Fence < last.Fence {
			w.t.Errorf("commit %s of term %d follows one of term %d: two leaders pushed", commits[i].Commit, m.Fence, last.Fence)
		}
		if m.Fence != last.Fence {
			terms++
		}
		w.compare(commits[i], h.forward(m.Revision))
		last = m
	}
	w.compare(head, h.forward(max(last.Revision, w.log.last())))
	w.t.Logf("%d writes, %d rendered commits of %d, %d terms, last change %d, covered to %d", writes, rendered, len(commits), terms, w.log.last(), last.Revision)
	if terms < 2 && *length > 30*time.Second {
		w.t.Errorf("%d terms, want several: nothing was broken", terms)
	}
}

// compare checks that a commit holds every readable record as it was at the
// commit's revision, and no tenant beside but tombstones and unreadable ones.
func (w *world) compare(h gitrepo.Head, snap authz.Snapshot) {
	w.t.Helper()
	files := w.people.FS(h)
	bad := map[ident.Tenant]bool{}
	for _, q := range snap.Quarantined {
		bad[q.Tenant] = true
	}
	in := map[ident.Tenant]bool{}
	for _, t := range snap.Tenants {
		in[t.ID] = true
		name := manifest.EnvironmentPath(local) + "/" + manifest.TenantPath(t.ID) + "/" + manifest.FactsFile
		data, err := fs.ReadFile(files, name)
		if len(t.Authorisations) == 0 {
			continue
		}
		if err != nil {
			w.t.Errorf("commit %s at revision %d lacks tenant %s", h.Commit, snap.Revision, t.ID)
			continue
		}
		f, err := authz.DecodeFacts(data)
		if err != nil {
			w.t.Error(err)
			continue
		}
		got := map[string]int{}
		for _, a := range f.Tenant.Authorisations {
			got[a.Product.String()] = a.Replicas
		}
		for _, a := range t.Authorisations {
			if got[a.Product.String()] != a.Replicas {
				w.t.Errorf("commit %s: tenant %s has %d replicas of %s, etcd had %d at revision %d", h.Commit, t.ID, got[a.Product.String()], a.Product, a.Replicas, snap.Revision)
			}
			delete(got, a.Product.String())
		}
		if len(got) > 0 && !bad[t.ID] {
			w.t.Errorf("commit %s: tenant %s also has %v, etcd had not at revision %d", h.Commit, t.ID, got, snap.Revision)
		}
	}
	w.compareOthers(h, in, bad)
}

// compareOthers checks the tenants that etcd did not have.
func (w *world) compareOthers(h gitrepo.Head, in, bad map[ident.Tenant]bool) {
	for i := range tenants {
		id := ident.Must[ident.TenantKind](fmt.Sprint(1000000 + i))
		if in[id] || bad[id] {
			continue
		}
		data, err := fs.ReadFile(w.people.FS(h), manifest.EnvironmentPath(local)+"/"+manifest.TenantPath(id)+"/"+manifest.FactsFile)
		if err != nil {
			continue
		}
		if f, err := authz.DecodeFacts(data); err != nil || !f.Released() {
			w.t.Errorf("commit %s has tenant %s, which etcd had not, and it is no tombstone: %v", h.Commit, id, err)
		}
	}
}

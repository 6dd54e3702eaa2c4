package chaos

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/render"
	"github.com/gatorcloud/sluice/renderer/render/facts"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/run/publish"
)

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
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	head, err := w.people.Head(ctx)
	if err != nil {
		return nil, err
	}
	preview := w.people.Preview(head)
	if _, err := p.Render(ctx, w.people.FS(head), local, preview, pipeline.Options{Source: source{w}, Now: time.Now(), AllowRemovals: true}); err != nil {
		return nil, err
	}
	changes, err := preview.Changes(ctx)
	var all []string
	for _, c := range changes {
		all = append(all, c.Path)
	}
	return all, err
}

// converge waits until Git is a render of etcd from nothing, and stays so:
// rights end within seconds.
func (w *world) converge() {
	w.t.Helper()
	p := pipeline.New()
	var differs []string
	var err error
	equal := 0
	for began := time.Now(); time.Since(began) < 90*time.Second; time.Sleep(200 * time.Millisecond) {
		if differs, err = w.differences(p); err != nil || len(differs) > 0 {
			equal = 0
		} else if equal++; equal == 5 {
			w.t.Logf("healed in %v", time.Since(began).Round(100*time.Millisecond))
			return
		}
	}
	w.t.Errorf("Git is not a render of etcd: %d files differ, %v: %.400q", len(differs), err, differs)
}

// mostGoroutines is how many a replica may have: three times what it needs.
const mostGoroutines = 150

// countGoroutines asks each replica how many goroutines it has after all that
// happened to it.
func (w *world) countGoroutines() {
	w.t.Helper()
	for _, r := range append(slices.Clone(w.replicas), w.upstream.replicas...) {
		n := -1
		for began := time.Now(); n < 0 && time.Since(began) < 5*time.Second; time.Sleep(100 * time.Millisecond) {
			r.signal(syscall.SIGUSR1)
			n = r.goroutines()
		}
		w.t.Logf("%s has %d goroutines, ended %d times by itself", r.name, n, r.deaths)
		if n < 0 || n > mostGoroutines {
			w.t.Errorf("%s has %d goroutines, want 1 to %d; their stacks are in %s", r.name, n, mostGoroutines, r.log)
		}
	}
}

// goroutines returns what the replica said last; negative for nothing.
func (p *process) goroutines() int {
	data, err := os.ReadFile(p.log)
	if err != nil {
		return -1
	}
	_, after, ok := strings.Cut(string(data), tellGoroutines)
	if !ok {
		return -1
	}
	number, _, _ := strings.Cut(after, "\n")
	n, err := strconv.Atoi(number)
	if err != nil {
		return -1
	}
	return n
}

// check checks every commit of the branch against the history of etcd.
func (w *world) check(long time.Duration) {
	w.t.Helper()
	for _, p := range append([]*process{w.etcd, w.git}, &w.replicas[0].process, &w.replicas[1].process, &w.replicas[2].process) {
		for _, line := range p.crashes() {
			w.t.Errorf("%s: %s", p.name, line)
		}
	}
	w.bare.Check()
	commits := w.commits()
	w.checkAcks()
	w.checkMoves(commits)
	last, terms := w.checkMarks(commits)
	w.checkContent(commits)
	if last.Revision < w.log.last() {
		// What did not change the result needs no commit; converge compared the end.
		w.t.Logf("the last changes made no difference")
	}
	w.t.Logf("%d writes, %d commits, %d terms, last change %d, covered to %d", w.acks.n, len(commits), terms, w.log.last(), last.Revision)
	if terms < 2 && long > 30*time.Second {
		w.t.Errorf("%d terms, want several: nothing was broken", terms)
	}
}

// commits returns the commits of the branch, oldest first.
func (w *world) commits() []git.Head {
	w.t.Helper()
	head, err := w.people.Head(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	var commits []git.Head
	if _, err = w.people.Nearest(context.Background(), head, func(h git.Head) bool { commits = append(commits, h); return false }); err != nil {
		w.t.Fatal(err)
	}
	for i, j := 0, len(commits)-1; i < j; i, j = i+1, j-1 {
		commits[i], commits[j] = commits[j], commits[i]
	}
	return commits
}

// checkAcks checks that every confirmed write happened once, as confirmed, and
// that the history is in order.
func (w *world) checkAcks() {
	w.t.Helper()
	type place struct {
		key      string
		revision int64
	}
	seen := map[place]string{}
	var last int64
	for _, e := range w.log.history().events {
		at := place{e.key, e.revision}
		if _, twice := seen[at]; twice || e.revision < last {
			w.t.Errorf("the history holds %s at revision %d twice or after %d", e.key, e.revision, last)
		}
		seen[at], last = string(e.value), e.revision
	}
	for _, e := range w.acks.all {
		if got, ok := seen[place{e.key, e.revision}]; !ok || got != string(e.value) {
			w.t.Errorf("etcd confirmed %s = %s at revision %d, its history has %q", e.key, e.value, e.revision, got)
		}
	}
}

// checkMoves checks that the branch moved by one commit at a time and that
// nothing else was pushed.
func (w *world) checkMoves(commits []git.Head) {
	w.t.Helper()
	if refs := w.bare.Git("for-each-ref", "--format=%(refname)"); refs != "refs/heads/main" {
		w.t.Errorf("the repository has references %q, want the branch alone", refs)
	}
	at := map[string]int{strings.Repeat("0", 40): -1}
	for i, c := range commits {
		at[c.Commit.String()] = i
	}
	data, err := os.ReadFile(filepath.Join(w.bare.Dir, "logs", "refs", "heads", "main"))
	if err != nil {
		w.t.Error(err)
	}
	moves := 0
	for line := range strings.Lines(string(data)) {
		if len(line) < 81 {
			continue
		}
		from, ok1 := at[line[:40]]
		to, ok2 := at[line[41:81]]
		if !ok2 { // written ahead by one who was killed before the move
			continue
		}
		if moves++; !ok1 || to != from+1 {
			w.t.Errorf("the branch moved from %s to %s, want one commit on", line[:40], line[41:81])
		}
	}
	if moves < len(commits)*9/10 { // one who is killed after the move logs nothing
		w.t.Errorf("%d moves of %d commits were logged", moves, len(commits))
	}
}

// checkMarks checks what the commits say of themselves.
func (w *world) checkMarks(commits []git.Head) (last publish.Mark, terms int) {
	w.t.Helper()
	fences := w.log.fences()
	for i, c := range commits {
		m, ours := publish.MarkOf(c, local)
		if !ours {
			continue
		}
		if m.From != last.Revision+1 || m.Revision < last.Revision {
			w.t.Errorf("commit %s covers %d to %d after %d, want the ranges to follow each other", c.Commit, m.From, m.Revision, last.Revision)
		}
		if m.Fence < last.Fence {
			w.t.Errorf("commit %s of term %d follows one of term %d: two leaders pushed", c.Commit, m.Fence, last.Fence)
		}
		if _, led := fences[m.Fence]; !led {
			w.t.Errorf("commit %s is of term %d, which no leader had: a phantom pushed", c.Commit, m.Fence)
		}
		if i > 0 && c.Tree == commits[i-1].Tree {
			w.t.Errorf("commit %s changes nothing", c.Commit)
		}
		if m.Fence != last.Fence {
			terms++
		}
		last = m
	}
	return last, terms
}

// checkContent checks the content of every rendered commit.
func (w *world) checkContent(commits []git.Head) {
	w.t.Helper()
	began, n := time.Now(), 0
	h, p, made := w.log.history(), pipeline.New(), w.times()
	var ready *pipeline.Prepared // the catalog and the fleet, which only people change
	for i, c := range commits {
		m, ours := publish.MarkOf(c, local)
		if !ours {
			ready = nil
			continue
		}
		before := commits[i-1] // people made the first
		if ready == nil {
			var err error
			if ready, err = p.Prepare(w.people.FS(before), local, pipeline.Options{}); err != nil {
				w.t.Fatal(err)
			}
		}
		n++
		snap := h.forward(m.Revision)
		w.compare(c, snap)
		if err := w.rerender(ready, before, c, snap, made[c.Commit.String()]); err != nil {
			w.t.Errorf("commit %s at revision %d: %v", c.Commit, m.Revision, err)
		}
	}
	w.compare(commits[len(commits)-1], h.forward(math.MaxInt64))
	w.t.Logf("%d commits rendered again in %v", n, time.Since(began).Round(time.Millisecond))
}

// times returns when each commit was made.
func (w *world) times() map[string]time.Time {
	w.t.Helper()
	made := map[string]time.Time{}
	for line := range strings.Lines(w.bare.Git("log", "--format=%H %ct", "main")) {
		hash, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			w.t.Fatal(err)
		}
		made[hash] = time.Unix(seconds, 0)
	}
	return made
}

// slowest is how long a step may take from reading the clock to its commit:
// longer than a pause that a leader survives.
const slowest = 8

// rerender renders the records from nothing on top of the commit before, and
// wants the commit's tree. What time decides is decided at the step's moment,
// which is the commit's, of which only the second is known, or some seconds
// before: the end of each is tried, for ingest ends rights within one.
func (w *world) rerender(ready *pipeline.Prepared, before, c git.Head, snap authz.Snapshot, made time.Time) error {
	ctx := context.Background()
	memory := render.NewStored(w.people.FS(before), local)
	var first error
	made = made.Add(time.Second - time.Millisecond)
	for back := range slowest {
		tx := w.people.Begin(before)
		all, err := facts.Merge(snap, memory, ready.Site.Tenants.Selects, facts.ClockOf(ready.Site, made.Add(-time.Duration(back)*time.Second)))
		if err == nil {
			_, _, err = ready.Renderer.Full(ctx, all.Tenants, memory, nil, tx)
		}
		var res git.Result
		if err == nil {
			res, err = tx.Commit(ctx, git.Message{Subject: "again"})
		}
		tx.Discard()
		if err == nil && res.Tree == c.Tree {
			return nil
		}
		if err == nil {
			err = fmt.Errorf("a render of etcd at its revision gives tree %s, the commit has %s", res.Tree, c.Tree)
		}
		if first == nil {
			first = err
		}
	}
	return first
}

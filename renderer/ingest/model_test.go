package ingest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/ingest/sps"
	"github.com/gatorcloud/sluice/renderer/ingest/spstest"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

var errCrash = errors.New("the replica crashed")

// history is one run of the model: an SPS that changes and lies, notices that
// come or get lost, and replicas that end between any two steps. What SPS said
// in truth is remembered, so that every end in etcd can be asked for its reason.
type history struct {
	*fixture
	rt         *rapid.T
	workers    []*Worker
	unnumbered bool
	// lists says that lists leave tenants out, and never that single answers
	// do: who is denied three times is gone.
	lists bool
	// told says that SPS sends a notice of each change, and that no list is read:
	// what was acknowledged has to do.
	told    bool
	notices int
	// saved is what SPS said of a tenant at some time.
	saved string
	// reasons are the rights that SPS really took away at some time.
	reasons map[string]bool
	seen    map[authz.Key]bool
}

var (
	modelTenants  = []string{"1", "2", "3"}
	modelProducts = []string{"swg", "seg", "dsa"}
)

// TestModel ends every history with etcd equal to what SPS says, and finds
// nothing that was deleted, and nothing that ended without a reason, at any time.
func TestModel(t *testing.T) {
	short.Skip(t, "plays hundreds of histories on an etcd")
	t.Parallel()
	store := serve(t)
	rapid.Check(t, func(rt *rapid.T) { newHistory(t, rt, store).run() })
}

// TestModelNotices does without lists: no acknowledged notice is lost, whatever
// happens between its answer and the transaction that follows it.
func TestModelNotices(t *testing.T) {
	short.Skip(t, "plays histories on an etcd")
	t.Parallel()
	store := serve(t)
	rapid.Check(t, func(rt *rapid.T) {
		h := newHistory(t, rt, store)
		h.told = true
		h.run()
	})
}

func newHistory(t *testing.T, rt *rapid.T, store *etcd.Store) *history {
	t.Helper()
	h := &history{fixture: newFixture(t, store, rapid.SampledFrom([]int{1, 100}).Draw(rt, "cap")), rt: rt, reasons: map[string]bool{}, seen: map[authz.Key]bool{},
		unnumbered: rapid.Bool().Draw(rt, "unnumbered"), lists: rapid.Bool().Draw(rt, "lists lie")}
	h.workers = []*Worker{h.worker(), h.worker()}
	return h
}

func (h *history) run() {
	defer func() {
		for _, w := range h.workers {
			w.Close()
		}
		_ = h.sps.Close()
	}()
	actions := map[string]func(){
		"change": h.change, "remove": h.remove, "notice": h.notice, "work": h.work, "list": h.list, "kill": h.kill, "wait": func() { h.pass(time.Hour) },
		"accept": h.accept, "save": h.save, "import": h.load,
	}
	names := []string{"change", "change", "notice", "notice", "work", "work", "work", "kill", "wait", "accept"}
	if !h.told {
		names = append(names, "remove", "list", "list", "save", "import")
	}
	for range rapid.IntRange(5, 30).Draw(h.rt, "length") {
		actions[rapid.SampledFrom(names).Draw(h.rt, "action")]()
		h.check()
	}
	h.heal()
	h.check()
	h.equal()
}

func (h *history) tenant() string { return rapid.SampledFrom(modelTenants).Draw(h.rt, "tenant") }

// change makes SPS say something else of a tenant.
func (h *history) change() {
	id := h.tenant()
	doc := document(id)
	rights := []any{}
	for _, p := range modelProducts {
		key := id + "/" + p
		if !rapid.Bool().Draw(h.rt, p) {
			h.reasons[key] = true
			continue
		}
		right := map[string]any{"product": p, "startTime": "2024-06-18T00:00:00Z",
			"replicas": rapid.IntRange(1, 9).Draw(h.rt, "replicas"), "storage": rapid.SampledFrom([]string{"10Gi", "20Gi", "40Gi"}).Draw(h.rt, "storage")}
		if rapid.IntRange(0, 4).Draw(h.rt, "cancelled") == 0 {
			right["endTime"] = "2026-10-01T00:00:00Z"
			h.reasons[key] = true
		}
		rights = append(rights, right)
	}
	doc["authorisations"] = rights
	h.put(id, doc)
	if h.told {
		h.mark(id)
	}
}

func (h *history) remove() {
	id := h.tenant()
	h.fixture.remove(id)
	for _, p := range modelProducts {
		h.reasons[id+"/"+p] = true
	}
}

// notice sends a notice that arrives.
func (h *history) notice() { h.mark(h.tenant()) }

func (h *history) mark(id string) {
	h.notices++
	if _, err := h.store.Mark(h.ctx(), tenantID(id), fmt.Sprint(h.notices)); err != nil {
		h.rt.Fatal(err)
	}
}

// faults are what is wrong with SPS during one step.
func (h *history) faults() spstest.Faults {
	all := []spstest.Faults{{}, {}, {}, {Down: true}, {Half: true}, {Total: 1}, {Repeat: true}, {Skip: true}, {Turn: true}, {Shut: 1}, {Empty: true},
		{Raw: map[string]string{h.tenant(): `{"tenantId": 1}`}}}
	if h.lists {
		all = append(all, spstest.Faults{Lost: []string{h.tenant()}}, spstest.Faults{Lost: []string{h.tenant()}}, spstest.Faults{Lost: modelTenants[1:]})
	} else {
		all = append(all, spstest.Faults{Deny: true}, spstest.Faults{Deny: true})
	}
	if !h.unnumbered && !h.told { // a copy that lags and was written before is not known to lag
		all = append(all, spstest.Faults{Old: true})
	}
	f := rapid.SampledFrom(all).Draw(h.rt, "faults")
	f.Unnumbered = h.unnumbered
	return f
}

// step returns a worker that may crash at one of its steps, or sees the world
// change there.
func (h *history) step() *Worker {
	w := h.workers[rapid.IntRange(0, len(h.workers)-1).Draw(h.rt, "replica")]
	left := rapid.IntRange(0, 8).Draw(h.rt, "steps before it happens")
	what := rapid.SampledFrom([]string{"crash", "notice", "change", "lease", "nothing"}).Draw(h.rt, "what happens")
	w.step = func(string) error {
		left--
		if left != -1 {
			return nil
		}
		switch what {
		case "crash":
			return errCrash
		case "notice":
			h.notice()
		case "change":
			h.change()
		case "lease":
			w.Close()
		}
		return nil
	}
	return w
}

func (h *history) work() {
	w := h.step()
	h.sps.Set(h.faults())
	_, _ = w.Work(h.ctx(), tenantID(h.tenant())) // whatever comes of it, the end counts
}

func (h *history) list() {
	w := h.step()
	h.sps.Set(h.faults())
	h.pass(time.Minute)
	_, _ = w.Pull(h.ctx())
}

// kill ends a replica as a crash does: its lease ends, and another begins.
func (h *history) kill() {
	i := rapid.IntRange(0, len(h.workers)-1).Draw(h.rt, "replica")
	h.workers[i].Close()
	h.workers[i] = h.worker()
}

// accept is a person who believes SPS.
func (h *history) accept() {
	for _, id := range h.keys("held") {
		_, _ = h.store.Accept(h.ctx(), tenantID(id)) // who is being fetched is refused
	}
}

// save writes down what SPS says of a tenant, load imports it later.
func (h *history) save() {
	h.saved = h.sps.Document(h.tenant())
	if h.unnumbered { // who does not count does so nowhere
		h.saved = regexp.MustCompile(`"revision":\d+,`).ReplaceAllString(h.saved, "")
	}
}

func (h *history) load() {
	if h.saved != "" {
		_, _ = h.store.Import(h.ctx(), sps.Mapping{}.Entry([]byte(h.saved)).Document(), false) // by then it may be old
	}
}

// check holds at any time: no record is gone, and no right ended that SPS did
// not take away.
func (h *history) check() {
	l := h.listing()
	for key := range h.seen {
		if _, ok := l.Revisions[key]; !ok {
			h.rt.Fatalf("the record of %s was deleted", key)
		}
	}
	for key := range l.Revisions {
		h.seen[key] = true
	}
	for _, t := range l.Tenants {
		for _, a := range t.Authorisations {
			if key := t.ID.String() + "/" + a.Product.String(); !a.EndTime.IsZero() && !h.reasons[key] {
				h.rt.Fatalf("%s was ended at %v, and SPS never said so", key, a.EndTime)
			}
		}
	}
	if len(l.Quarantined) > 0 {
		h.rt.Fatalf("unreadable records: %v", l.Quarantined)
	}
}

// heal lets SPS be well and time pass, and has people accept what is held.
func (h *history) heal() {
	h.sps.Set(spstest.Faults{Unnumbered: h.unnumbered})
	for i := range h.workers {
		h.workers[i].Close()
		h.workers[i] = h.worker()
	}
	h.drain()
	for range 4 {
		if h.told {
			break
		}
		h.pass(25 * time.Hour) // no ETag is believed for longer
		if _, err := h.workers[0].Pull(h.ctx()); err != nil && len(h.sps.IDs()) > 0 {
			h.rt.Fatalf("reading the list of an SPS that is well: %v", err)
		}
		h.drain()
	}
	for _, id := range h.keys("held") {
		if _, err := h.store.Accept(h.ctx(), tenantID(id)); err != nil {
			h.rt.Fatal(err)
		}
	}
	if dirty := h.keys("dirty"); len(dirty) > 0 {
		h.rt.Fatalf("dirty %q are left", dirty)
	}
}

// equal compares etcd with what SPS says: who is there has what it says, and
// nobody else has a right that goes on. An SPS without tenants is one that
// lists nobody, which is believed of none.
func (h *history) equal() {
	if len(h.sps.IDs()) == 0 {
		return
	}
	held := map[string]authz.Tenant{}
	for _, t := range h.listing().Tenants {
		held[t.ID.String()] = t
	}
	for _, id := range modelTenants {
		truth := sps.Mapping{}.Entry([]byte(h.sps.Document(id))).Document().Tenant
		for _, want := range truth.Authorisations {
			i := slices.IndexFunc(held[id].Authorisations, func(a authz.Authorisation) bool { return a.Product == want.Product })
			if i < 0 {
				h.rt.Fatalf("tenant %s: etcd lacks %s", id, want.Product)
			}
			got := held[id].Authorisations[i]
			if got.Replicas != want.Replicas || got.Storage != want.Storage || h.live(got) != h.live(want) {
				h.rt.Fatalf("tenant %s: etcd has %+v, SPS %+v", id, got, want)
			}
		}
		for _, a := range held[id].Authorisations {
			if h.live(a) && !slices.ContainsFunc(truth.Authorisations, func(b authz.Authorisation) bool { return a.Product == b.Product }) {
				h.rt.Fatalf("tenant %s: %s goes on, and SPS does not know it", id, a.Product)
			}
		}
	}
}

package report

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// Names of sources.
const (
	Git     = "git"
	Etcd    = "etcd"
	ArgoCD  = "argocd"
	Engine  = "engine"
	Targets = "cluster"
	// Metrics and GitLab are sources only where they are asked.
	Metrics = "metrics"
	GitLab  = "gitlab"
)

// Join is what is known of an environment.
type Join struct {
	env      ident.Environment
	sold     *catalog.Catalog
	fleet    *rollout.Fleet
	order    rollout.Rollouts
	lanes    map[spot]*rollout.Lane // of order, as far as they were asked for
	reasons  []rollout.Reason
	requests []Request
	alone    bool // only one tenant's Applications were asked for
	sources  map[string]Source
	names    names
	tenants  map[ident.Tenant]*tenant
	closures map[soldKey][]catalog.Component
	above    map[string]*Application // the fleet, its slices and shared parts
	round    uint16                  // of lists of all Applications
	unseen   map[string]bool         // of those above, in the list under way
}

// tenant is what is kept of one.
type tenant struct {
	id       ident.Tenant
	name     string
	holdings []holding    // by product's number
	app      *Application // his own, and that of his namespace where he has one
	base     *Application
	place    rollout.Place
	ring     uint16
	shown    uint16 // the round in which his own was seen, and that of his namespace
	based    uint16
	known    bool // to Git
	released bool
	edited   bool
}

// holding is a product of a tenant. Names are numbers, times Unix seconds, and
// an Application is kept only while it is not as it should be.
type holding struct {
	trouble                   *Application
	note                      *Note
	since, ends, reconciled   int64
	product, pin, asked, runs uint16
	round                     uint16 // in which its Application was seen last
	right                     right
	verdict                   uint8
	bought, seen, sick        bool
}

// right is a state of an authorisation.
type right uint8

var rights = []authz.State{authz.Active, authz.Suspended, authz.Retained, authz.Removed, authz.Pending}

func rightOf(s authz.State) right { return right(max(0, slices.Index(rights, s))) }

func (r right) state() authz.State { return rights[r] }

// names gives each name a number; the empty one has 0.
type names struct {
	list []string
	at   map[string]uint16
}

func (n *names) number(s string) uint16 {
	i, ok := n.at[s]
	if !ok {
		if len(n.list) > 1<<16-1 {
			return 0 // more names than an environment has; unknown
		}
		i = uint16(len(n.list))
		s = strings.Clone(s)
		n.list, n.at[s] = append(n.list, s), i
	}
	return i
}

// New returns a join that knows nothing yet of an environment.
func New(env ident.Environment, sold *catalog.Catalog) *Join {
	return &Join{env: env, sold: sold, fleet: &rollout.Fleet{}, sources: map[string]Source{}, lanes: map[spot]*rollout.Lane{}, tenants: map[ident.Tenant]*tenant{},
		above: map[string]*Application{}, closures: map[soldKey][]catalog.Component{}, names: names{list: []string{""}, at: map[string]uint16{"": 0}}}
}

// Leave forgets a source that is not asked any more.
func (j *Join) Leave(name string) { delete(j.sources, name) }

// Sell takes what is sold now.
func (j *Join) Sell(sold *catalog.Catalog) {
	j.sold = sold
	clear(j.closures)
}

// Source tells of when a source is, or why there is nothing of it.
func (j *Join) Source(name string, at time.Time, missing string) {
	s := j.sources[name]
	s.Name, s.Missing = name, missing
	if !at.IsZero() {
		s.At = moment(at)
	}
	j.sources[name] = s
}

// sees reports whether there is anything of a source.
func (j *Join) sees(name string) bool { return j.sources[name].At != nil }

// Order takes what people want and what Git grants.
func (j *Join) Order(f *rollout.Fleet, r rollout.Rollouts) {
	j.fleet, j.order, j.lanes = f, r, map[spot]*rollout.Lane{}
}

// Reasons takes why the engine does not move, as of its last look.
func (j *Join) Reasons(all []rollout.Reason) { j.reasons = all }

// Unsee tells that a source does not answer: there is nothing of it any more.
func (j *Join) Unsee(name, why string) { j.sources[name] = Source{Name: name, Missing: why} }

// Alone says that the Applications of one tenant were asked for and no other
// tenant's; Among says that those of the others were, too.
func (j *Join) Alone() { j.alone = true }

// Among ends Alone.
func (j *Join) Among() { j.alone = false }

// Member is a tenant as Git has it.
type Member struct {
	Facts authz.Facts
	Ring  ident.Ring
	// Pin returns what a product is pinned to; zero for none.
	Pin func(a authz.Authorisation) ident.Version
}

// Put takes a tenant in, in place of what was known of it.
func (j *Join) Put(m Member) {
	t := j.tenant(m.Facts.ID)
	t.forget()
	t.name, t.ring, t.known = strings.Clone(m.Facts.Name), j.names.number(m.Ring.String()), true
	t.released, t.edited = !m.Facts.ReleasedAt.IsZero(), m.Facts.Broken != nil
	for i, a := range m.Facts.Authorisations {
		h := j.holding(t, a.Product)
		h.bought, h.right, h.ends = true, rightOf(m.Facts.States[i]), unix(a.EndTime)
		h.pin = j.names.number(m.Pin(a).String())
	}
	t.clean()
}

// Drop forgets a tenant that left Git; what else shows him stays.
func (j *Join) Drop(id ident.Tenant) {
	if t, ok := j.tenants[id]; ok {
		t.forget()
		j.sweep(t)
	}
}

func (t *tenant) forget() {
	t.known, t.released, t.edited, t.name = false, false, false, ""
	for i := range t.holdings {
		t.holdings[i].bought, t.holdings[i].right, t.holdings[i].pin, t.holdings[i].ends = false, 0, 0, 0
	}
}

// clean leaves out products of which nothing is known.
func (t *tenant) clean() {
	t.holdings = slices.DeleteFunc(t.holdings, func(h holding) bool { return !h.bought && !h.seen && h.note == nil })
}

func (j *Join) sweep(t *tenant) {
	if t.clean(); !t.known && len(t.holdings) == 0 && t.app == nil && t.base == nil {
		delete(j.tenants, t.id)
	}
}

func (j *Join) tenant(id ident.Tenant) *tenant {
	t, ok := j.tenants[id]
	if !ok {
		id = ident.Must[ident.TenantKind](strings.Clone(id.String()))
		t = &tenant{id: id, place: rollout.PlaceOf(id)}
		j.tenants[id] = t
	}
	return t
}

func (j *Join) holding(t *tenant, p ident.Product) *holding {
	n := j.names.number(p.String())
	i, ok := slices.BinarySearchFunc(t.holdings, n, func(h holding, n uint16) int { return cmp.Compare(h.product, n) })
	if !ok {
		t.holdings = slices.Insert(t.holdings, i, holding{product: n})
	}
	return &t.holdings[i]
}

// See takes in what an Application shows now, and reports whether that is
// something else than before; when Argo CD looked is not.
func (j *Join) See(a *Application) (changed bool) {
	trouble := a
	if a.Verdict == rollout.Proven {
		trouble = nil
	}
	switch a.Level {
	case "product":
		h := j.holding(j.tenant(a.Tenant), a.Product)
		was := *h
		h.seen, h.trouble, h.verdict, h.sick = true, trouble, uint8(a.Verdict), a.Sick
		h.asked, h.runs = j.names.number(a.Asked.String()), j.names.number(a.Running.String())
		h.since, h.reconciled, h.round = unix(a.Since), unix(a.Reconciled), j.round
		changed = !same(was.trouble, trouble)
		was.trouble, was.reconciled, was.round = h.trouble, h.reconciled, h.round
		return changed || was != *h
	case "tenant":
		t := j.tenant(a.Tenant)
		changed, t.app, t.shown = !same(t.app, trouble), trouble, j.round
	case "base":
		t := j.tenant(a.Tenant)
		changed, t.base, t.based = !same(t.base, trouble), trouble, j.round
	default:
		changed, j.above[a.Name] = !same(j.above[a.Name], a), a
		delete(j.unseen, a.Name)
	}
	return changed
}

// same reports whether two Applications show the same; when Argo CD looked is
// no difference.
func same(a, b *Application) bool {
	if a == nil || b == nil {
		return a == b
	}
	x, y := *a, *b
	x.Reconciled, y.Reconciled = time.Time{}, time.Time{}
	return reflect.DeepEqual(x, y)
}

// Relist says that all Applications are seen anew: what was seen stays until
// Relisted.
func (j *Join) Relist() {
	j.round++
	j.unseen = map[string]bool{}
	for name := range j.above {
		j.unseen[name] = true
	}
}

// Relisted forgets the Applications that were not seen since Relist, and reports
// whether there are any.
func (j *Join) Relisted() (changed bool) {
	for name := range j.unseen {
		delete(j.above, name)
		changed = true
	}
	j.unseen = nil
	for _, t := range j.tenants {
		if t.app != nil && t.shown != j.round {
			t.app, changed = nil, true
		}
		if t.base != nil && t.based != j.round {
			t.base, changed = nil, true
		}
		for i := range t.holdings {
			if h := &t.holdings[i]; h.seen && h.round != j.round {
				h.blank()
				changed = true
			}
		}
		j.sweep(t)
	}
	return changed
}

// Lose takes in that an Application is gone.
func (j *Join) Lose(a *Application) {
	delete(j.above, a.Name)
	t, ok := j.tenants[a.Tenant]
	switch {
	case !ok:
		return
	case a.Level == "tenant":
		t.app = nil
	case a.Level == "base":
		t.base = nil
	case a.Level == "product":
		j.holding(t, a.Product).blank()
	}
	j.sweep(t)
}

func (h *holding) blank() {
	h.seen, h.trouble, h.verdict, h.sick, h.asked, h.runs, h.since, h.reconciled, h.round = false, nil, 0, false, 0, 0, 0, 0, 0
}

// Forget forgets all Applications, before they are listed anew.
func (j *Join) Forget() {
	clear(j.above)
	for _, t := range j.tenants {
		t.app, t.base = nil, nil
		for i := range t.holdings {
			t.holdings[i].blank()
		}
		j.sweep(t)
	}
}

// Note is what etcd says of a product that differs from Git: Quarantined,
// HeldBack, Unplanned or Unrendered.
type Note struct {
	Code  Code
	Says  string
	Since time.Time
}

// Tell takes in a note on a product, nil for none.
func (j *Join) Tell(id ident.Tenant, p ident.Product, n *Note) {
	t := j.tenant(id)
	j.holding(t, p).note = n
	j.sweep(t)
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}

func instant(seconds int64) *time.Time {
	if seconds == 0 {
		return nil
	}
	return moment(time.Unix(seconds, 0))
}

package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// some is how many names a list shows.
const some = 5

// Report returns the environment from afar.
func (j *Join) Report(now time.Time) Report {
	r := Report{Environment: j.env.String(), At: now.UTC(), Sources: j.Sources(now), State: OK}
	cells, stuck := map[cellKey]*Cell{}, map[Code]*Stuck{}
	for _, t := range j.tenants {
		if t.known {
			r.Tenants++
		}
		for i := range t.holdings {
			if h := &t.holdings[i]; h.bought || h.note != nil {
				j.count(cells, stuck, t, h)
			}
		}
	}
	r.Cells, r.Stuck = j.cells(cells), stuckOf(stuck)
	r.Rollouts, r.Hanging = j.rollouts(), j.Hanging(now)
	r.State, r.Verdict = j.verdict(r)
	return r
}

type cellKey struct{ product, ring, version string }

// count adds a product of a tenant to its cell, and to those who are stuck.
func (j *Join) count(cells map[cellKey]*Cell, stuck map[Code]*Stuck, t *tenant, h *holding) {
	state, code := j.judge(t, h)
	k := cellKey{j.names.list[h.product], j.names.list[t.ring], j.granted(t, h).String()}
	c := cells[k]
	if c == nil {
		c = &Cell{Product: k.product, Ring: k.ring, Version: k.version}
		cells[k] = c
	}
	c.Tenants++
	switch state {
	case Bad:
		c.Bad++
	case Waiting:
		c.Waiting++
	case Unknown:
		c.Unknown++
	case OK:
		c.OK++
	case Resting:
		c.Resting++
	}
	if state != Bad && state != Waiting {
		return
	}
	s := stuck[code]
	if s == nil {
		s = &Stuck{Code: code, Sentence: code.Sentence(), State: state}
		stuck[code] = s
	}
	if state == Bad {
		s.State = Bad
	}
	s.Count++
	s.Tenants = least(s.Tenants, t.id.String())
}

// least keeps the first names of all that come, in order and each once.
func least(list []string, s string) []string {
	i, found := slices.BinarySearch(list, s)
	if found || i >= some {
		return list
	}
	list = slices.Insert(list, i, s)
	return list[:min(len(list), some)]
}

// cells orders the matrix and notes what is special about its versions.
func (j *Join) cells(all map[cellKey]*Cell) []Cell {
	out := make([]Cell, 0, len(all))
	for _, c := range all {
		j.describe(c)
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b Cell) int {
		return cmp.Or(strings.Compare(a.Product, b.Product), cmp.Compare(j.turn(a.Ring), j.turn(b.Ring)), ident.CompareVersions(b.Version, a.Version))
	})
	return out
}

// turn returns a ring's place in the order; those that are gone come last.
func (j *Join) turn(ring string) int {
	i := slices.IndexFunc(j.fleet.Rings, func(g rollout.Ring) bool { return g.Name.String() == ring })
	if i < 0 {
		return len(j.fleet.Rings)
	}
	return i
}

func (j *Join) describe(c *Cell) {
	p, err := ident.Parse[ident.ProductKind](c.Product)
	i := j.turn(c.Ring)
	if err != nil || i == len(j.fleet.Rings) {
		return
	}
	g := &j.fleet.Rings[i]
	lane := j.order.Lanes[rollout.Key{Ring: g.Name, Product: p}]
	if len(lane.At) > 0 && lane.At[0].Version.String() == c.Version {
		c.Since = moment(lane.Since)
	}
	var notes []string
	if c.Version != "" && g.Versions[p].String() == c.Version {
		notes = append(notes, "wanted")
	}
	for _, f := range j.order.Failed {
		if f.Product == p && f.Version.String() == c.Version && !f.Lifted {
			notes = append(notes, "failed in ring "+f.Ring.String()+": "+f.Reason)
		}
	}
	for _, b := range j.fleet.Blocked {
		if b.Product == p && b.Version.String() == c.Version {
			notes = append(notes, "blocked: "+b.Reason)
		}
	}
	c.Note = strings.Join(notes, "; ")
}

func stuckOf(all map[Code]*Stuck) []Stuck {
	out := make([]Stuck, 0, len(all))
	for _, s := range all {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b Stuck) int {
		return cmp.Or(cmp.Compare(a.State.Rank(), b.State.Rank()), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Code, b.Code))
	})
	return out
}

// rollouts returns the lanes by product and ring.
func (j *Join) rollouts() []Rollout {
	keys := slices.SortedFunc(maps.Keys(j.order.Lanes), func(a, b rollout.Key) int {
		return cmp.Or(a.Product.Compare(b.Product), cmp.Compare(j.turn(a.Ring.String()), j.turn(b.Ring.String())), a.Ring.Compare(b.Ring))
	})
	out := make([]Rollout, 0, len(keys))
	for _, k := range keys {
		out = append(out, j.rollout(k))
	}
	return out
}

func (j *Join) rollout(k rollout.Key) Rollout {
	lane := j.order.Lanes[k]
	r := Rollout{Product: k.Product.String(), Ring: k.Ring.String(), Since: moment(lane.Since), Stragglers: len(lane.Stragglers), State: OK}
	if i := j.turn(r.Ring); i < len(j.fleet.Rings) {
		r.Wanted = j.fleet.Rings[i].Versions[k.Product].String()
	}
	for _, s := range lane.Shares() {
		r.Granted = append(r.Granted, Share{s.Version.String(), s.Percent})
	}
	for _, v := range lane.Good {
		r.Good = append(r.Good, v.String())
	}
	if why := j.reason(k, ident.Tenant{}); why != nil {
		link := j.laneLink(why)
		r.State, r.Code, r.Sentence, r.Until, r.Command = Waiting, link.Code, link.Sentence, link.Until, link.Command
		if why.Code == rollout.TakenBack || why.Code == rollout.Ill {
			r.State = Bad
		}
	} else if len(lane.At) > 1 || lane.At[0].Version.String() != r.Wanted {
		r.State, r.Code, r.Sentence = Waiting, Later, "it is on its way"
		if !j.sees(Engine) {
			r.State, r.Code, r.Sentence = Unknown, Unseen, j.missing(Engine)
		}
	}
	return r
}

// verdict sums a report up in a sentence, which says of when it is where Argo CD
// tells nothing newer.
func (j *Join) verdict(r Report) (State, string) {
	state, says := j.summary(r)
	if s := j.sources[ArgoCD]; s.At != nil && s.Missing != "" {
		return max2(state, Unknown), says + ", as of " + s.At.Format("2006-01-02 15:04:05 MST") + ": Argo CD tells nothing newer"
	}
	return state, says
}

func (j *Join) summary(r Report) (State, string) {
	bad, waiting := 0, 0
	var why []string
	for _, s := range r.Stuck {
		if s.State == Bad {
			bad += s.Count
			why = append(why, fmt.Sprintf("%s (%d)", s.Sentence, s.Count))
		} else {
			waiting += s.Count
		}
	}
	i := slices.IndexFunc(r.Rollouts, func(l Rollout) bool { return l.State == Bad })
	if i < 0 {
		i = slices.IndexFunc(r.Rollouts, func(l Rollout) bool { return l.State == Waiting })
	}
	lane := ""
	if i >= 0 {
		l := r.Rollouts[i]
		lane = fmt.Sprintf("%s=%s waits in ring %s: %s", l.Product, l.Wanted, l.Ring, l.Sentence)
	}
	switch {
	case bad > 0:
		return Bad, fmt.Sprintf("%d products of tenants need a person: %s", bad, strings.Join(why[:min(len(why), 3)], "; "))
	case i >= 0 && r.Rollouts[i].State == Bad:
		return Bad, lane
	case !j.sees(ArgoCD):
		return Unknown, "what runs is not known: " + j.missing(ArgoCD)
	case i >= 0:
		return Waiting, lane
	case waiting > 0:
		return Waiting, fmt.Sprintf("%d products of tenants are on their way", waiting)
	}
	return OK, fmt.Sprintf("all %d tenants run what they should", r.Tenants)
}

// Sources returns where knowledge comes from, by name.
func (j *Join) Sources(now time.Time) []Source {
	var all []Source
	for _, n := range []string{Git, Etcd, ArgoCD, Engine, Metrics, GitLab, Targets} {
		s, told := j.sources[n]
		if !told && (n == Metrics || n == GitLab) {
			continue
		}
		if !told {
			s = Source{Name: n, Missing: "it was not asked"}
		}
		if s.At != nil {
			s.AgeSeconds = max(0, int64(now.Sub(*s.At)/time.Second))
		}
		all = append(all, s)
	}
	return all
}

// missing says why there is nothing of a source.
func (j *Join) missing(name string) string {
	what := map[string]string{Git: "Git", Etcd: "etcd", ArgoCD: "Argo CD", Engine: "the engine of rollouts", Targets: "the destination"}[name]
	if why := j.sources[name].Missing; why != "" {
		return what + ": " + why
	}
	return what + " was not asked"
}

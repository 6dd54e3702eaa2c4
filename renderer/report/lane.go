package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// behind says why a tenant is not granted what is wanted: his own reason as a
// straggler, the step of his ring, then what the ring waits for.
func (c *chain) behind(t *tenant, h *holding) {
	k := c.key(t, h)
	if why := c.reason(k, t.id); why != nil {
		c.add(c.laneLink(why))
		return
	}
	lane := c.order.Lanes[k]
	if len(lane.At) > 1 && lane.At[0].Version == c.wanted(t, h) {
		c.add(Link{Code: Later, Sentence: fmt.Sprintf("ring %s is granted %s=%s to %s of its places, and tenant %s comes later", k.Ring, k.Product, lane.At[0].Version, percent(lane), t.id),
			Object: "ring " + k.Ring.String(), Since: moment(lane.Since)})
	}
	c.waits(k)
}

func percent(l rollout.Lane) string {
	return fmt.Sprintf("%.3g %%", l.Shares()[0].Percent)
}

// waits says what a ring waits for, ring by ring back to the one that decides.
func (c *chain) waits(k rollout.Key) {
	for {
		why := c.reason(k, ident.Tenant{})
		if why == nil {
			c.silent(k)
			return
		}
		l := c.laneLink(why)
		if c.add(l); l.Code == Unseen {
			return
		}
		switch why.Code {
		case rollout.RingBefore:
			before, ok := c.before(k)
			if !ok {
				return
			}
			k = before
			continue
		case rollout.Unproven, rollout.Ill, rollout.HopBefore:
			c.blocker(k)
		case rollout.SharedPart:
			c.part(k, why.Version)
		}
		return
	}
}

// silent is a ring of which the engine says nothing.
func (c *chain) silent(k rollout.Key) {
	l := Link{Code: Later, Sentence: fmt.Sprintf("nothing that is seen keeps %s in ring %s; the engine grants it when it looks next", k.Product, k.Ring), Object: "ring " + k.Ring.String()}
	if !c.sees(Engine) {
		l.Code, l.Sentence = Unseen, fmt.Sprintf("why ring %s waits is not known: %s", k.Ring, c.missing(Engine))
	}
	c.add(l)
}

// before returns the lane that a ring's lane waits for.
func (j *Join) before(k rollout.Key) (rollout.Key, bool) {
	for i := j.turn(k.Ring.String()) - 1; i >= 0; i-- {
		g := &j.fleet.Rings[i]
		key := rollout.Key{Ring: g.Name, Product: k.Product}
		if _, ok := j.order.Lanes[key]; ok || !g.Versions[k.Product].IsZero() {
			return key, true
		}
	}
	return k, false
}

// laneLink is a reason of the engine as a link.
func (j *Join) laneLink(r *rollout.Reason) Link {
	if r.Code == rollout.Unproven && (j.alone || !j.sees(ArgoCD)) {
		return j.unproven(r)
	}
	l := Link{Code: Code(r.Code), Object: "ring " + r.Ring.String(), Until: moment(r.Until), Command: j.act(r)}
	what := r.Product.String()
	if !r.Version.IsZero() {
		what += "=" + r.Version.String()
	}
	l.Sentence = fmt.Sprintf("%s in ring %s: %s", what, r.Ring, l.Code.Sentence())
	if r.Detail != "" {
		l.Sentence += ": " + Line(r.Detail)
	}
	if l.Until != nil {
		l.Sentence += ", until " + l.Until.Format("2006-01-02 15:04:05 MST")
	}
	return l
}

// unproven says of a lane what Git knows: whether it was proven once, and until
// when it soaks at the least.
func (j *Join) unproven(r *rollout.Reason) Link {
	l := Link{Code: Unseen, Object: "ring " + r.Ring.String(), Command: j.act(r)}
	lane := j.order.Lanes[r.Key]
	l.Sentence = fmt.Sprintf("%s=%s in ring %s: whether it is healthy was not asked", r.Product, r.Version, r.Ring)
	if !j.sees(ArgoCD) {
		l.Sentence = fmt.Sprintf("%s=%s in ring %s: whether it is healthy is not known: %s", r.Product, r.Version, r.Ring, j.missing(ArgoCD))
	}
	if i := j.turn(r.Ring.String()); !lane.Since.IsZero() && i < len(j.fleet.Rings) {
		l.Since = moment(lane.Since)
		if soak := j.fleet.Rings[i].Soak; soak > 0 {
			l.Until = moment(lane.Since.Add(soak))
			l.Sentence += ", it soaks until " + l.Until.Format("2006-01-02 15:04:05 MST") + " at the least"
		}
	}
	return l
}

// act returns the command that lifts a reason, or shows more of it.
func (j *Join) act(r *rollout.Reason) string {
	in := " --env " + j.env.String()
	switch r.Code {
	case rollout.Approval:
		return "sluice rollout approve" + in + " --ring " + r.Ring.String()
	case rollout.Paused:
		return "sluice rollout resume" + in + " --ring " + r.Ring.String()
	case rollout.TakenBack:
		return fmt.Sprintf("sluice rollout lift %s=%s%s", r.Product, r.Version, in)
	case rollout.Ill:
		return "sluice rollout rollback " + r.Product.String() + in
	case rollout.NoObserver:
		return "sluice rollout promote" + in + " --ring " + r.Ring.String()
	case rollout.Soak, rollout.Hours, rollout.Frozen:
		return fmt.Sprintf("sluice rollout expedite %s=%s%s", r.Product, r.Version, in)
	case rollout.Suspended, rollout.Ahead:
		return ""
	}
	return "sluice rollout status " + r.Product.String() + in
}

// blocker names the tenant of a ring that is in the way, and what is wrong with him.
func (c *chain) blocker(k rollout.Key) {
	if c.alone || !c.sees(ArgoCD) {
		l := Link{Code: Unseen, Sentence: fmt.Sprintf("who of ring %s is in the way is not known: %s", k.Ring, c.missing(ArgoCD))}
		if c.sees(ArgoCD) {
			l.Sentence = fmt.Sprintf("who of ring %s is in the way was not asked here", k.Ring)
			l.Command = fmt.Sprintf("sluice why %s/%s --env %s", c.id, c.product, c.env)
		}
		c.add(l)
		return
	}
	t, h, code := c.worst(k)
	if t == nil {
		c.silent(k)
		return
	}
	c.add(Link{Code: InRing, Sentence: fmt.Sprintf("tenant %s of ring %s is in the way: %s", t.id, k.Ring, code.Sentence()), Object: "tenant " + t.id.String(),
		Command: fmt.Sprintf("sluice why %s/%s --env %s", t.id, k.Product, c.env)})
	other := &chain{Join: c.Join, id: t.id, product: k.Product, now: c.now}
	other.own(t, h, code)
	c.links, c.object = append(c.links, other.links...), other.object
}

// worst returns the tenant of a lane whose product at the lane's head is in the
// worst state; nil when all are well.
func (c *chain) worst(k rollout.Key) (who *tenant, what *holding, why Code) {
	lane := c.order.Lanes[k]
	if len(lane.At) == 0 {
		return nil, nil, ""
	}
	ring, product := c.names.at[k.Ring.String()], c.names.at[k.Product.String()]
	found := OK
	for _, t := range c.tenants {
		if t.ring != ring || uint64(t.place) >= lane.At[0].To {
			continue
		}
		i, ok := slices.BinarySearchFunc(t.holdings, product, func(h holding, n uint16) int { return cmp.Compare(h.product, n) })
		if !ok || !t.holdings[i].bought || t.holdings[i].note != nil {
			continue
		}
		state, code := c.judge(t, &t.holdings[i])
		if state.Rank() < found.Rank() || state == found && who != nil && t.id.Compare(who.id) < 0 {
			who, what, why, found = t, &t.holdings[i], code, state
		}
	}
	return who, what, why
}

// part says what keeps the shared parts that a version needs.
func (c *chain) part(k rollout.Key, version ident.Version) {
	needs := c.closure(c.names.number(k.Product.String()), version)
	for _, name := range slices.Sorted(maps.Keys(c.above)) {
		a := c.above[name]
		if a.Level != "shared" || a.Verdict == rollout.Proven {
			continue
		}
		for _, n := range needs {
			if n.Name == a.Component {
				c.add(Link{Code: InRing, Sentence: fmt.Sprintf("shared part %s=%s is in the way", a.Component, cmp.Or(a.Asked.String(), "?")), Object: "Application " + a.Name})
				c.application(a)
				return
			}
		}
	}
	if !c.sees(ArgoCD) {
		c.add(Link{Code: Unseen, Sentence: "which shared part is in the way is not known: " + strings.TrimSpace(c.missing(ArgoCD))})
	}
}

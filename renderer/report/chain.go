package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// Why returns the chain for a product of a tenant.
func (j *Join) Why(id ident.Tenant, p ident.Product, now time.Time) Why {
	c := &chain{Join: j, id: id, product: p, now: now}
	state := c.run(now)
	return Why{Environment: j.env.String(), Tenant: id.String(), Product: p.String(), At: now.UTC(), State: state, Links: c.links, Sources: j.Sources(now), object: c.object}
}

// Products returns the products of which something is known for a tenant, sorted.
func (j *Join) Products(id ident.Tenant) []ident.Product {
	t, ok := j.tenants[id]
	if !ok {
		return nil
	}
	var all []ident.Product
	for i := range t.holdings {
		if h := &t.holdings[i]; h.bought || h.note != nil {
			all = append(all, name[ident.ProductKind](j, h.product))
		}
	}
	slices.SortFunc(all, ident.Product.Compare)
	return all
}

// chain is one Why under way.
type chain struct {
	*Join
	id      ident.Tenant
	product ident.Product
	now     time.Time
	links   []Link
	object  *Object
}

func (c *chain) add(l Link) { c.links = append(c.links, l) }

// run walks from the wish down, and returns how the product is.
func (c *chain) run(now time.Time) State {
	t, h := c.find(c.id, c.product)
	if h == nil || !h.bought && h.note == nil {
		c.add(Link{Code: NotBought, Sentence: fmt.Sprintf("tenant %s has no %s in environment %s", c.id, c.product, c.env), Command: "sluice authz list " + c.id.String()})
		return Resting
	}
	state, code := c.judge(t, h)
	if c.wish(t, h); h.note != nil {
		c.noted(h.note)
		return state
	}
	if wanted := c.wanted(t, h); state != Resting && (state != OK || !wanted.IsZero() && wanted != c.granted(t, h)) {
		c.unmerged()
	}
	if t.edited || state == Resting {
		c.resting(t, h, code, now)
		return state
	}
	if granted := c.granted(t, h); !granted.IsZero() && state != OK {
		c.own(t, h, code)
		return state
	} else if wanted := c.wanted(t, h); granted != wanted && !wanted.IsZero() {
		c.behind(t, h)
		return max2(state, Waiting)
	} else if granted.IsZero() {
		c.behind(t, h)
		return state
	}
	c.add(Link{Code: Well, Sentence: fmt.Sprintf("%s=%s runs and is healthy", c.product, c.granted(t, h)), Object: c.app(), Since: instant(h.since)})
	c.unmerged()
	return state
}

// max2 returns the worse state.
func max2(a, b State) State {
	if b.Rank() < a.Rank() {
		return b
	}
	return a
}

func (c *chain) find(id ident.Tenant, p ident.Product) (*tenant, *holding) {
	t, ok := c.tenants[id]
	if !ok {
		return nil, nil
	}
	for i := range t.holdings {
		if c.names.list[t.holdings[i].product] == p.String() {
			return t, &t.holdings[i]
		}
	}
	return t, nil
}

func (c *chain) app() string { return "Application " + manifest.AppProduct(c.env, c.id, c.product) }

// wish is the first link.
func (c *chain) wish(t *tenant, h *holding) {
	switch wanted := c.wanted(t, h); {
	case h.pin != 0:
		c.add(Link{Code: Wanted, Sentence: fmt.Sprintf("tenant %s is pinned to %s=%s", t.id, c.product, wanted)})
	case !wanted.IsZero():
		c.add(Link{Code: Wanted, Sentence: fmt.Sprintf("ring %s shall run %s=%s", c.names.list[t.ring], c.product, wanted), Object: "ring " + c.names.list[t.ring]})
	}
}

func (c *chain) noted(n *Note) {
	l := Link{Code: n.Code, Sentence: n.Code.Sentence(), Since: moment(n.Since), Command: fmt.Sprintf("sluice authz list %s -o wide", c.id)}
	if n.Says != "" {
		l.Sentence += ": " + n.Says
	}
	if n.Code == HeldBack {
		l.Command = "sluice ingest held list"
	}
	c.add(l)
}

// resting is a right that is over, or facts that are none.
func (c *chain) resting(t *tenant, h *holding, code Code, now time.Time) {
	l := Link{Code: code, Sentence: code.Sentence()}
	switch code {
	case Edited:
		l.Object = manifest.FactsPath(c.env, t.id)
		l.Command = "git log -3 -- " + l.Object
	case Suspended, Retained:
		l.Since = instant(h.ends)
		if l.Since != nil && !l.Since.After(now) {
			l.Sentence += fmt.Sprintf(": it ended at %s", l.Since.Format(time.RFC3339))
		}
		l.Command = fmt.Sprintf("sluice authz put %s/%s --end TIME", c.id, c.product)
	}
	if h.right.state() == authz.Removed {
		l.Sentence = "the right is over and its data is gone"
	}
	c.add(l)
}

// own is what the tenant's own Application shows, or those above it.
func (c *chain) own(t *tenant, h *holding, code Code) {
	granted := c.granted(t, h)
	switch code {
	case Unseen:
		c.add(Link{Code: Unseen, Sentence: fmt.Sprintf("Git grants %s=%s; %s", c.product, granted, c.missing(ArgoCD)), Object: c.app()})
	case Missing:
		c.add(Link{Code: Missing, Sentence: fmt.Sprintf("Git grants %s=%s, and there is no Application", c.product, granted), Object: c.app(), Command: "argocd app get " + manifest.AppTenant(c.env, t.id)})
		c.parents(t)
	case HandedDown:
		c.add(Link{Code: HandedDown, Sentence: fmt.Sprintf("Git grants %s=%s, and the Application asks for %s", c.product, granted, cmp.Or(c.names.list[h.asked], "none")),
			Object: c.app(), Command: "argocd app get " + manifest.AppTenant(c.env, t.id)})
		if c.parents(t); h.trouble != nil {
			c.application(h.trouble)
		}
	default:
		c.application(h.trouble)
	}
}

// parents adds what the first Application above a tenant's products shows that
// is in trouble: the fleet, the slices of his ring, his own, his namespace's.
func (c *chain) parents(t *tenant) {
	ring := c.names.list[t.ring]
	var above []*Application
	for _, a := range c.above {
		if a.Level == "fleet" || a.Level == "ring" && a.Ring.String() == ring {
			above = append(above, a)
		}
	}
	slices.SortFunc(above, func(a, b *Application) int { return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.Name, b.Name)) })
	for _, a := range append(above, t.app, t.base) {
		// A parent is as ill as its children: only what is its own stands in the way.
		if a == nil {
			continue
		}
		if a.blind() || c.hangs(a, c.now) || a.Obstacle == SyncFailed {
			c.application(a)
			return
		}
	}
}

// application adds the chain of one Application: what stands in its way, the
// bucket, the object, and what the object's own words give away.
func (c *chain) application(a *Application) {
	o, ok := a.first()
	if c.hangs(a, c.now) {
		c.add(c.hanging(a))
	} else if a.Obstacle != InObject || !ok {
		l := Link{Code: a.Obstacle, Sentence: a.Obstacle.Sentence(), Object: "Application " + a.Name, Since: moment(a.Since), Command: "argocd app get " + a.Name}
		if a.Says != "" {
			l.Sentence += ": " + a.Says
		}
		c.add(l)
	}
	if a.blind() {
		return
	}
	if !ok {
		if cause := CauseIn(a.Says); cause != "" {
			c.add(Link{Code: cause, Sentence: cause.Sentence(), Object: "Application " + a.Name, Since: moment(a.Since)})
		}
		return
	}
	if groups := c.groups(a); a.Level == "product" && groups > 0 && o.Bucket >= 0 && o.Bucket < groups {
		c.add(Link{Code: InBucket, Sentence: fmt.Sprintf("group %d of %d of %s=%s is not healthy; those after it wait", o.Bucket+1, groups, a.Product, a.Asked), Object: "Application " + a.Name, Since: moment(a.Since)})
	}
	c.object = &o
	says := o.Says
	if o.Health != "" && says == "" {
		says = o.Health
	}
	c.add(Link{Code: InObject, Sentence: fmt.Sprintf("%s is %s: %s", o, cmp.Or(o.Health, "refused"), says), Object: o.String(), Since: moment(a.Since), Command: o.describe()})
	if cause := CauseIn(o.Says); cause != "" {
		c.add(Link{Code: cause, Sentence: cause.Sentence() + ": " + o.Says, Object: o.String(), Since: moment(a.Since), Command: o.describe()})
	}
}

// groups returns how many buckets the version of a product Application has.
func (j *Join) groups(a *Application) int {
	v, err := j.sold.Version(a.Product, a.Asked)
	if err != nil {
		return 0
	}
	return len(v.Buckets())
}

// describe returns the command that shows an object; none for names that a
// shell might take for something else.
func (o Object) describe() string {
	kind := o.Kind
	if o.Group != "" {
		kind += "." + o.Group
	}
	if !ident.IsDNSName(o.Name) || o.Namespace != "" && !ident.IsDNSLabel(o.Namespace) || !plain(kind) {
		return ""
	}
	if o.Namespace == "" {
		return fmt.Sprintf("kubectl describe %s %s", kind, o.Name)
	}
	return fmt.Sprintf("kubectl -n %s describe %s %s", o.Namespace, kind, o.Name)
}

// plain reports whether a kind with its group is letters, digits, dots and dashes.
func plain(kind string) bool {
	for _, r := range kind {
		switch {
		case r == '.', r == '-', 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		default:
			return false
		}
	}
	return true
}

package impact

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// Options says how to plan. Only Now is required.
type Options struct {
	// Now is the moment from which the forecast is made.
	Now time.Time
	// Workers is how many tenants are compared at once; the number of processors when zero.
	Workers int
	// Progress hears how many of all tenants are compared; it is called from many
	// goroutines. May be nil.
	Progress func(done, all int)
}

// Trees are an environment in two states of a repository, each from its root. What
// is rendered is read from Before alone, so After needs people's files only.
// Neither needs a work tree.
type Trees struct {
	Before, After fs.FS
	Environment   ident.Environment
}

// Of returns what turning a repository from before into after does to the
// clusters of an environment. One that is new runs nothing before; of one that
// is gone nothing changes, since nobody renders it.
func Of(ctx context.Context, p *pipeline.Pipeline, t Trees, o Options) (*Plan, error) {
	env := t.Environment
	if o.Workers < 1 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Progress == nil {
		o.Progress = func(int, int) {}
	}
	l := looker{p, remember(render.NewStored(t.Before, env)), env, o}
	was, is, err := l.both(ctx, t)
	if err != nil {
		return nil, fmt.Errorf("planning environment %q: %w", env, err)
	}
	if was == nil && is == nil {
		return nil, nowhere(t)
	}
	out := &Plan{Environment: env, At: o.Now, Rollouts: []Rollout{}, Changes: []Change{}, Rings: []Ring{}}
	if is == nil {
		out.Skipped = []string{fmt.Sprintf("environment %q is gone: what runs is left as it is", env)}
		return out, nil
	}
	c := &comparison{comparer: newComparer(p.Engine()), was: was, is: is, rings: map[ident.Ring]*Ring{}, lanes: tallies{}, security: map[Security]int{}}
	if err := c.all(ctx, o); err != nil {
		return nil, fmt.Errorf("planning environment %q: %w", env, err)
	}
	c.fill(out)
	return out, nil
}

// nowhere says that the environment is in none of the trees.
func nowhere(t Trees) error {
	root, err := fs.Sub(t.After, manifest.Root)
	if err == nil {
		_, err = environments.Load(root, t.Environment)
	}
	return err
}

// comparison compares two states of an environment.
type comparison struct {
	*comparer
	was, is *state // was may be nil

	mu       sync.Mutex
	touched  int
	folded   int
	rings    map[ident.Ring]*Ring
	lanes    tallies
	security map[Security]int
	skipped  []string
}

// all compares all tenants and the environment's own parts.
func (c *comparison) all(ctx context.Context, o Options) error {
	ids := c.tenants()
	var next, done atomic.Int64
	g, each := errgroup.WithContext(ctx)
	for range o.Workers {
		g.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(ids) {
					return nil
				}
				if err := c.tenant(each, ids[i]); err != nil {
					return fmt.Errorf("tenant %q: %w", ids[i], err)
				}
				o.Progress(int(done.Add(1)), len(ids))
			}
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	out, err := c.parts(ctx, subject{}, c.shared(), c.is.end.Shared)
	c.note(subject{}, out, nil, nil)
	return err
}

// tenants are those before and after, sorted.
func (c *comparison) tenants() []ident.Tenant {
	all := c.is.end.Tenants()
	if c.was != nil {
		all = slices.AppendSeq(all, maps.Keys(c.was.now.Members))
	}
	slices.SortFunc(all, ident.Tenant.Compare)
	return slices.Compact(all)
}

// shared are the environment's own parts before: those that would have come
// anyway count as there.
func (c *comparison) shared() []render.Part {
	if c.was == nil {
		return nil
	}
	_, anyway := c.was.end.Rollouts()
	_, end := c.is.end.Rollouts()
	if maps.EqualFunc(anyway.Shared, end.Shared, func(a, b rollout.Shared) bool { return a.At == b.At }) {
		return c.was.end.Shared
	}
	return c.was.then.Shared
}

// tenant compares what runs of a tenant.
func (c *comparison) tenant(ctx context.Context, id ident.Tenant) error {
	is, there := c.is.end.Member(id)
	s := subject{id, is.Ring}
	if !there && c.was != nil {
		s.ring = c.was.now.Members[id].Ring
	}
	before := c.before(id, is)
	after := c.is.end.Parts(id)
	if there && after == nil || before == nil && c.stood(id) {
		return nil // left as he stands
	}
	out, err := c.parts(ctx, s, before, after)
	if err != nil {
		return err
	}
	c.note(s, out, before, after)
	return nil
}

// stood reports whether a tenant was left as he stood before.
func (c *comparison) stood(id ident.Tenant) bool {
	if c.was == nil {
		return false
	}
	_, there := c.was.now.Members[id]
	return there
}

// before counts how a tenant moves and returns what runs of him before. What he
// would have come to anyway counts as what he has.
func (c *comparison) before(id ident.Tenant, is render.Membership) []render.Part {
	if c.was == nil {
		return nil
	}
	was := c.was.now.Members[id]
	products := map[ident.Product]bool{}
	for _, p := range slices.Concat(was.Products, is.Products) {
		products[p.Name] = true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	moved := false
	for p := range products {
		k := rollout.Key{Ring: is.Ring, Product: p}
		if is.Ring.IsZero() {
			k.Ring = was.Ring
		}
		now, anyway, end := c.was.runs(id, p), c.was.end.Runs(id, p), c.is.end.Runs(id, p)
		switch {
		case anyway != end:
			moved = true
			if now != end {
				c.lanes.of(k).moves[step{now, end}]++
			}
		case now != end:
			c.lanes.of(k).underway[step{now, end}]++
		}
		c.lanes.stay(k, c.is, id)
	}
	if moved {
		return c.was.then.Parts(id)
	}
	return c.was.end.Parts(id)
}

// note counts what became of a subject.
func (c *comparison) note(s subject, out outcome, before, after []render.Part) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.folded += out.folded
	for _, err := range out.faults {
		c.skipped = append(c.skipped, within(err.Error(), longestFault))
	}
	if s.id.IsZero() || !out.changed {
		return
	}
	c.touched++
	r := c.rings[s.ring]
	if r == nil {
		r = &Ring{Ring: s.ring}
		c.rings[s.ring] = r
	}
	switch {
	case len(before) == 0:
		r.Create++
	case len(after) == 0:
		r.Delete++
	default:
		r.Update++
	}
	c.secure(before, after)
}

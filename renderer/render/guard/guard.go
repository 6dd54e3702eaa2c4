// Package guard refuses renders that would do much harm at once.
//
// It judges what a commit is about to do, not what was planned: the facts of
// every tenant whose facts the commit changes or takes away, as they stand and
// as they would be. So no fault before it (records that are lost, a clock that
// jumped, a render that left tenants out) can empty an environment. Harm is
// counted by tenant, whatever its kind, together with the tenants that were
// released within the caller's window, so that many small steps count as one.
//
// It is pure, and safe for the many goroutines that fill a commit.
package guard

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// least is how many tenants may always be harmed at once: a share of a small
// environment is less than one tenant.
const least = 3

// Options says what is guarded. Environment, Before and Percent are required.
type Options struct {
	Environment ident.Environment
	// Before gives the facts of a tenant as they stand.
	Before interface {
		Facts(id ident.Tenant) (authz.Facts, error)
	}
	// Tenants is how many the environment has, Percent how many of them may be harmed at once.
	Tenants, Percent int
	// Recent are tenants that were released a short while ago and count again.
	Recent []ident.Tenant
}

// Guard judges one commit; see tree.Guard.
type Guard struct {
	o Options

	mu   sync.Mutex
	seen map[ident.Tenant]tree.Change // of the file of facts
}

var _ tree.Guard = (*Guard)(nil)

// New returns the guard of one commit.
func New(o Options) *Guard { return &Guard{o: o, seen: map[ident.Tenant]tree.Change{}} }

// Refusal is the error of a commit that would do too much harm. A person has
// to look, or the records have to change.
type Refusal struct{ Err error }

// Error returns the reason.
func (r *Refusal) Error() string { return r.Err.Error() }

// Unwrap returns the reason, which carries the hint.
func (r *Refusal) Unwrap() error { return r.Err }

// Empty is the refusal of a render for which etcd gave no record at all.
func Empty(prefix string, revision int64) error {
	return &Refusal{fault.Hintf("check the prefix and the etcd that is asked; if there really are no tenants, repeat with --allow-removals",
		"reading etcd: no record below prefix %q at revision %d", prefix, revision)}
}

// Released returns the tenants that were released at or after since.
func Released(all []authz.Facts, since time.Time) []ident.Tenant {
	var ids []ident.Tenant
	for _, f := range all {
		if !f.ReleasedAt.IsZero() && !f.ReleasedAt.Before(since) {
			ids = append(ids, f.Tenant.ID)
		}
	}
	return ids
}

// See takes the change of one file.
func (g *Guard) See(c tree.Change) {
	id, ok := manifest.FactsOf(g.o.Environment, c.Path)
	if !ok {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	// A file that is taken away and written anew is there in the end.
	if old, twice := g.seen[id]; !twice || old.Kind == tree.Removed {
		g.seen[id] = c
	}
}

// Check refuses the commit if it harms too many tenants.
func (g *Guard) Check() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	harmed := map[string][]string{}
	all := map[ident.Tenant]struct{}{}
	for id, c := range g.seen {
		kind, err := g.judge(id, c)
		if err != nil {
			return err
		}
		if kind != "" {
			harmed[kind] = append(harmed[kind], id.String())
			all[id] = struct{}{}
		}
	}
	if len(all) == 0 {
		return nil
	}
	for _, id := range g.o.Recent {
		if _, counted := all[id]; !counted {
			harmed[recent] = append(harmed[recent], id.String())
			all[id] = struct{}{}
		}
	}
	limit := max(least, g.o.Tenants*g.o.Percent/100)
	if len(all) <= limit {
		return nil
	}
	return &Refusal{fault.Hintf("look at the records in etcd and at the clock; if it is meant, repeat with --allow-removals",
		"harming %d of %d tenants (%s): at most %d may be removed, suspended or set back at once", len(all), g.o.Tenants, describe(harmed), limit)}
}

// judge returns how the change of its facts harms a tenant; empty for not at all.
func (g *Guard) judge(id ident.Tenant, c tree.Change) (string, error) {
	before, err := g.o.Before.Facts(id)
	if err != nil {
		return "", fmt.Errorf("guarding tenant %q: %w", id, err)
	}
	if c.Kind == tree.Removed {
		return harm(before, authz.Facts{}), nil
	}
	after, err := authz.DecodeFacts(c.New)
	if err != nil {
		return "", fmt.Errorf("guarding tenant %q: %w", id, err)
	}
	return harm(before, after), nil
}

// describe says who is harmed and how, in a fixed order.
func describe(harmed map[string][]string) string {
	var parts []string
	for _, kind := range kinds() {
		if ids := harmed[kind]; len(ids) > 0 {
			parts = append(parts, kind+" "+fault.List(ids))
		}
	}
	return strings.Join(parts, "; ")
}

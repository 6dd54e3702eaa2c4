package bumpcmd

import (
	"io/fs"
	"slices"
	"strconv"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/cmd/internal/cli/edited"
	"github.com/gatorcloud/sluice/cmd/internal/cli/envflag"
	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
	"github.com/gatorcloud/sluice/cmd/internal/cli/rolloutcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/wanted"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/environments/edit"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render"
	"github.com/gatorcloud/sluice/renderer/render/impact"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// bump is a request on top of the files of a commit.
type bump struct {
	env   ident.Environment
	site  *environments.Site
	sold  *catalog.Catalog
	in    *rollout.Input
	head  render.Head
	fleet []byte // what fleet.yaml holds then
	rows  []row
}

// row is what changes in one ring, or for one tenant of it.
type row struct {
	Lane    string   `json:"lane"`
	Tenants int      `json:"tenants"`
	From    []string `json:"from,omitempty"`
	To      string   `json:"to"`
	Stops   []string `json:"stops,omitempty"` // on the way
}

var columns = []output.Column[row]{
	{Header: "LANE", Value: func(r row) string { return r.Lane }},
	{Header: "TENANTS", Value: func(r row) string { return strconv.Itoa(r.Tenants) }},
	{Header: "FROM", Value: func(r row) string { return joined(r.From) }},
	{Header: "TO", Value: func(r row) string { return r.To }},
	{Header: "STOPS", Value: func(r row) string { return joined(r.Stops) }},
}

// on computes the bump of files, the root of a repository.
func (r request) on(files fs.FS) (*bump, error) {
	b, err := r.read(files)
	if err != nil {
		return nil, err
	}
	before, err := fs.ReadFile(files, fleetPath(b.env))
	if err != nil {
		return nil, err
	}
	if r.tenant.IsZero() {
		err = b.move(r, before)
	} else {
		err = b.pin(r, before)
	}
	if err != nil || len(b.rows) == 0 {
		return b, err
	}
	return b, b.check(b.change(files).After)
}

// read reads what a bump depends on.
func (r request) read(files fs.FS) (*bump, error) {
	env, err := envflag.One(files, r.env.String())
	if err != nil {
		return nil, err
	}
	w, err := rolloutcmd.People(files, env)
	if err != nil {
		return nil, err
	}
	b := &bump{env: env, site: w.Site, sold: w.Catalog, in: w.Input}
	b.head, err = render.NewStored(files, env).Head()
	return b, err
}

// change is the repository before and after.
func (b *bump) change(files fs.FS) impact.Trees {
	return impact.Trees{Before: files, After: edited.FS{FS: files, File: fleetPath(b.env), Data: b.fleet}, Environment: b.env}
}

// move lets rings want other versions.
func (b *bump) move(r request, before []byte) error {
	var wants []edit.Want
	for _, w := range r.wanted {
		if err := b.published(w); err != nil {
			return err
		}
		rings, err := b.rings(r, w)
		if err != nil {
			return err
		}
		for _, g := range rings {
			row, err := b.trip(g, w)
			if err != nil {
				return err
			}
			wants = append(wants, edit.Want{Ring: g.Name, Product: w.Product, Version: w.Version})
			b.rows = append(b.rows, row)
		}
	}
	for _, w := range wants { // told of the fleet as it was
		g := &b.in.Fleet.Rings[b.in.Fleet.Index(w.Ring)]
		versions := map[ident.Product]ident.Version{w.Product: w.Version}
		for p, v := range g.Versions {
			if p != w.Product {
				versions[p] = v
			}
		}
		g.Versions = versions
	}
	for _, w := range r.wanted {
		if err := b.ordered(w); err != nil {
			return err
		}
	}
	var err error
	b.fleet, err = edit.Versions(before, wants...)
	return err
}

// rings returns the rings that shall want another version than they do.
func (b *bump) rings(r request, w wanted.Version) ([]*rollout.Ring, error) {
	last := len(b.in.Fleet.Rings) - 1
	first := 0
	for _, name := range []ident.Ring{r.ring, r.through} {
		if name.IsZero() {
			continue
		}
		if last = b.in.Fleet.Index(name); last < 0 {
			return nil, b.noRing(name)
		}
	}
	if !r.ring.IsZero() {
		first = last
	}
	meant := make([]*rollout.Ring, 0, last-first+1)
	for i := first; i <= last; i++ {
		meant = append(meant, &b.in.Fleet.Rings[i])
	}
	offers := func(g *rollout.Ring) bool { return !g.Versions[w.Product].IsZero() }
	some := slices.ContainsFunc(meant, offers)
	return slices.DeleteFunc(meant, func(g *rollout.Ring) bool {
		return some && !offers(g) || g.Versions[w.Product] == w.Version
	}), nil
}

// trip is the way of a ring to a version.
func (b *bump) trip(g *rollout.Ring, w wanted.Version) (row, error) {
	key := rollout.Key{Ring: g.Name, Product: w.Product}
	trips, code := b.in.Trips(b.head.Rollouts, key, w.Version)
	if code != "" {
		return row{}, b.refuse(w, key, trips, code)
	}
	out := row{Lane: w.Product.String() + "/" + g.Name.String(), Tenants: b.tenants(g.Name, w.Product), To: w.Version.String()}
	for _, t := range trips {
		out.From = append(out.From, t.From.String())
		for _, s := range t.Stops {
			if s != w.Version && !slices.Contains(out.Stops, s.String()) {
				out.Stops = append(out.Stops, s.String())
			}
		}
	}
	return out, nil
}

// tenants counts the tenants of a ring that hold a product.
func (b *bump) tenants(ring ident.Ring, p ident.Product) int {
	n := 0
	for _, m := range b.head.Members {
		if m.Ring == ring && holds(m, p) {
			n++
		}
	}
	return n
}

func holds(m render.Membership, p ident.Product) bool {
	return slices.ContainsFunc(m.Products, func(h manifest.MemberProduct) bool { return h.Name == p })
}

// pin keeps one tenant at versions, whatever its ring is granted.
func (b *bump) pin(r request, before []byte) error {
	m, ok := b.head.Members[r.tenant]
	if !ok {
		return b.noTenant(r.tenant)
	}
	b.fleet = before
	for _, w := range r.wanted {
		if err := b.published(w); err != nil {
			return err
		}
		if !holds(m, w.Product) {
			return b.notHeld(r.tenant, w.Product)
		}
		runs := b.head.Ran(b.head.Rollouts, r.tenant, w.Product)
		if code := b.in.Unpinnable(w.Product, runs, w.Version); code != "" {
			return b.refuse(w, rollout.Key{Ring: m.Ring, Product: w.Product}, []rollout.Trip{{From: runs}}, code)
		}
		after, err := edit.Pinned(b.fleet, edit.Pin{Tenant: r.tenant, Product: w.Product, Version: w.Version, Reason: r.reason})
		if err != nil {
			return err
		}
		if string(after) != string(b.fleet) {
			b.fleet = after
			b.rows = append(b.rows, row{Lane: w.Product.String() + "/" + m.Ring.String() + "/" + r.tenant.String(), Tenants: 1,
				From: []string{runs.String()}, To: w.Version.String()})
		}
	}
	return nil
}

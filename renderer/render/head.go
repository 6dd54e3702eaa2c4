package render

import (
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"path"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// Head is what a commit says of the order of versions.
type Head struct {
	// Rollouts are those of the commit.
	Rollouts rollout.Rollouts
	// Cut is how many bits number the slices of each ring.
	Cut map[ident.Ring]int
	// Members are the tenants that are in a ring.
	Members map[ident.Tenant]Membership
}

// Membership is what a ring of a commit says of a tenant.
type Membership struct {
	Ring     ident.Ring
	Released bool
	// Products are what he holds, with the versions that are his own. Nil when
	// his file was edited: then he runs what his place is granted.
	Products []manifest.MemberProduct
}

// Ran returns what a tenant at a place of a ring ran of a product, if the
// commit had the rollouts r; zero for nothing.
func (h Head) Ran(r rollout.Rollouts, t ident.Tenant, p ident.Product) ident.Version {
	m, ok := h.Members[t]
	k := rollout.Key{Ring: m.Ring, Product: p}
	if ok && m.Products == nil {
		return r.Version(k, t, rollout.PlaceOf(t), ident.Version{})
	}
	for _, held := range m.Products {
		if held.Name != p {
			continue
		}
		pin := held.Pin
		if _, straggled := h.Rollouts.Lanes[k].Stragglers[t]; straggled {
			pin = ident.Version{} // he kept it, nobody pinned him to it
		}
		return r.Version(k, t, rollout.PlaceOf(t), pin)
	}
	return ident.Version{}
}

// Rollouts returns the rollouts of an environment. The second result is false
// when it was not rendered yet.
func (s Stored) Rollouts() (rollout.Rollouts, bool, error) {
	name := manifest.EnvironmentPath(s.env) + "/" + rollout.File
	data, err := fs.ReadFile(s.files, name)
	if errors.Is(err, fs.ErrNotExist) {
		if all, err := s.slices(); err != nil || len(all) == 0 {
			return rollout.Rollouts{}, false, err
		}
		return rollout.Rollouts{}, false, fault.Hintf(hintAdopt, "reading %s: it is not there, and rings are rendered", name)
	}
	if err != nil {
		return rollout.Rollouts{}, false, fmt.Errorf("reading %s: %w", name, err)
	}
	r, err := rollout.Decode(data)
	if err != nil {
		return rollout.Rollouts{}, false, fault.Hintf(hintAdopt, "reading %s: %w", name, err)
	}
	return r, true, nil
}

const hintAdopt = "sluice rollout adopt writes it anew from what the tenants run"

// Head returns what the commit says of the order of versions.
func (s Stored) Head() (Head, error) {
	h := Head{Cut: map[ident.Ring]int{}, Members: map[ident.Tenant]Membership{}}
	var err error
	if h.Rollouts, _, err = s.Rollouts(); err != nil {
		return h, err
	}
	slices, err := s.slices()
	if err != nil {
		return h, err
	}
	count := map[ident.Ring]int{}
	for _, b := range slices {
		count[b.ring]++
	}
	for ring, n := range count {
		h.Cut[ring] = bits.Len(uint(n - 1))
	}
	return h, s.products(h.Members, slices)
}

// slice is a folder of members.
type slice struct {
	dir     string
	ring    ident.Ring
	members []ident.Tenant
}

// slices returns the folders below rings/ that have a ring's descriptor.
func (s Stored) slices() ([]slice, error) {
	var all []slice
	root := manifest.EnvironmentPath(s.env) + "/" + manifest.RingsDir
	err := fs.WalkDir(s.files, root, func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && name == root {
			return fs.SkipAll
		}
		if err != nil || d.IsDir() {
			return err
		}
		dir, file := path.Split(name)
		if file == manifest.DescriptorFile {
			data, err := fs.ReadFile(s.files, name)
			if err != nil {
				return err
			}
			var r manifest.RingDescriptor
			if manifest.Decode(data, manifest.KindRing, &r) == nil {
				all = append(all, slice{dir: dir, ring: r.Ring})
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", root, err)
	}
	for i := range all {
		entries, err := fs.ReadDir(s.files, path.Clean(all[i].dir))
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", all[i].dir, err)
		}
		for _, e := range entries {
			stem, ok := strings.CutSuffix(e.Name(), ".yaml")
			if id, err := ident.Parse[ident.TenantKind](stem); ok && err == nil && e.Name() != manifest.DescriptorFile {
				all[i].members = append(all[i].members, id)
			}
		}
	}
	return all, nil
}

// products reads what the members hold, from one file of each.
func (s Stored) products(members map[ident.Tenant]Membership, all []slice) error {
	held := make([][]manifest.Member, len(all))
	var g errgroup.Group
	g.SetLimit(8)
	for i, b := range all {
		held[i] = make([]manifest.Member, len(b.members))
		g.Go(func() error {
			for j, id := range b.members {
				data, err := fs.ReadFile(s.files, b.dir+id.String()+".yaml")
				if err != nil {
					return fmt.Errorf("reading member %q: %w", id, err)
				}
				var m manifest.Member
				if manifest.Decode(data, manifest.KindMember, &m) == nil && m.Tenant == id {
					held[i][j] = m
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i, b := range all {
		for j, id := range b.members {
			m := Membership{Ring: b.ring, Released: held[i][j].Released}
			if !held[i][j].Tenant.IsZero() {
				m.Products = append([]manifest.MemberProduct{}, held[i][j].Products...)
			}
			members[id] = m
		}
	}
	return nil
}

package render

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"maps"
	"strconv"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/plan"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// member is what the roster remembers of a tenant: its place and its weight.
type member struct {
	ring     int
	place    rollout.Place
	code     string // that it is rendered with
	released bool
	products []manifest.MemberProduct
	keeps    []plan.SharedRef
}

// Roster is the part of an environment that belongs to no single tenant: who is
// in which slice, what the slices run, and which environment-shared components
// are needed. It is not safe for concurrent use.
type Roster struct {
	site    *environments.Site
	catalog *catalog.Catalog
	bases   plan.Bases
	proof   *proof
	place   manifest.Place
	order   *order
	members map[ident.Tenant]member
	rings   []map[ident.Tenant]struct{}
	keeps   map[plan.SharedRef]int // what active tenants have in play
	key     ed25519.PrivateKey
	codes   map[string]ident.Tenant // who has which
	waits   map[ident.Tenant]string // for one that another tenant has

	memory  Memory   // of before the first render: what shared volumes had
	shared  uint64   // order-free hash of the keys of keeps
	changes *changes // since the last Settle; nil for none
}

// newRoster returns a fleet without tenants and without order.
func newRoster(c Config, p *proof) *Roster {
	f := &Roster{key: c.Key, site: c.Site, catalog: c.Catalog, bases: c.Bases, proof: p, place: placeOf(c.Site), members: map[ident.Tenant]member{},
		keeps: map[plan.SharedRef]int{}, codes: map[string]ident.Tenant{}, waits: map[ident.Tenant]string{}}
	for range c.Site.Fleet.Rings {
		f.rings = append(f.rings, map[ident.Tenant]struct{}{})
	}
	return f
}

// set takes a tenant in, in place of what was known of it.
func (f *Roster) set(id ident.Tenant, m member) {
	f.drop(id)
	f.members[id] = m
	if _, taken := f.codes[m.code]; !taken && m.code != "" {
		f.codes[m.code] = id
	}
	f.rings[m.ring][id] = struct{}{}
	f.count(m.keeps, 1)
}

func (f *Roster) drop(id ident.Tenant) {
	m, ok := f.members[id]
	if !ok {
		return
	}
	delete(f.members, id)
	if f.codes[m.code] == id {
		delete(f.codes, m.code)
	}
	delete(f.rings[m.ring], id)
	f.count(m.keeps, -1)
}

// bits returns into how many slices a ring is cut, as a power of two.
func (f *Roster) bits(ring int) int { return f.order.in.Bits(f.order.rollouts, ring) }

func (f *Roster) sliceOf(m member, bits int) manifest.Batch {
	return manifest.BatchOf(f.site.Fleet.Rings[m.ring].Name, bits, m.place)
}

// path returns a path of the environment.
func (f *Roster) path(rest string) string {
	return manifest.EnvironmentPath(f.site.Name) + "/" + rest
}

func (f *Roster) memberPath(id ident.Tenant, m member, bits int) string {
	return f.path(manifest.RingsDir + "/" + f.sliceOf(m, bits).Dir() + "/" + id.String() + ".yaml")
}

func (f *Roster) memberFile(id ident.Tenant, m member) []byte {
	return manifest.Member{Tenant: id, Released: m.released, Products: m.products,
		Path: f.path(manifest.TenantPath(id))}.Encode()
}

// writeRing writes the directories of all slices of a ring.
func (f *Roster) writeRing(sink tree.Sink, ring int) error {
	bits := f.bits(ring)
	slices := make([][]tree.Entry, 1<<bits)
	for id := range f.rings[ring] {
		m := f.members[id]
		i := f.sliceOf(m, bits).Index
		slices[i] = append(slices[i], tree.Entry{Name: id.String() + ".yaml", Data: f.memberFile(id, m)})
	}
	for i, entries := range slices {
		b := manifest.Batch{Ring: f.site.Fleet.Rings[ring].Name, Bits: bits, Index: i}
		dir, err := tree.New(append(entries, tree.Entry{Name: manifest.DescriptorFile, Data: f.ringFile(b, len(entries))})...)
		if err != nil {
			return fmt.Errorf("writing ring %q: %w", b, err)
		}
		if err := sink.Put(f.path(manifest.RingsDir+"/"+b.Dir()), dir); err != nil {
			return fmt.Errorf("writing ring %q: %w", b, err)
		}
	}
	return nil
}

// end returns where the places of a slice end.
func end(b manifest.Batch) uint64 { return (uint64(b.Index) + 1) << (32 - b.Bits) }

// ringFile returns the descriptor of a slice with a number of tenants.
func (f *Roster) ringFile(b manifest.Batch, tenants int) []byte {
	d := manifest.RingDescriptor{Place: f.place, Ring: b.Ring, Batch: b.String(), Tenants: tenants, Versions: map[string][]ident.Version{}}
	for k := range f.order.rollouts.Lanes {
		if k.Ring == b.Ring {
			d.Versions[k.Product.String()] = f.order.rollouts.Proven(k, end(b))
		}
	}
	return d.Encode()
}

// writeFleet writes fleet/, shared/ and the rollouts: the Applications of all
// slices and of the environment-shared components that some tenant needs.
func (f *Roster) writeFleet(ctx context.Context, sink tree.Sink) error {
	for i := range f.site.Fleet.Rings {
		if err := f.writeSlices(sink, i); err != nil {
			return err
		}
	}
	if err := f.writeRollouts(sink); err != nil {
		return err
	}
	return f.writeShared(ctx, sink)
}

func (f *Roster) writeRollouts(sink tree.Sink) error {
	return sink.PutFile(f.path(rollout.File), f.order.rollouts.Encode())
}

// writeSlices writes the Applications of a ring's slices.
func (f *Roster) writeSlices(sink tree.Sink, ring int) error {
	bits := f.bits(ring)
	for index := range 1 << bits {
		b := manifest.Batch{Ring: f.site.Fleet.Rings[ring].Name, Bits: bits, Index: index}
		if err := sink.PutFile(f.path(manifest.FleetDir+"/rings/"+b.Dir()+".yaml"), f.sliceApplication(ring, b).Encode()); err != nil {
			return err
		}
	}
	return nil
}

// sliceApplication grants to a slice what its places run: a frontier is always
// at the end of one.
func (f *Roster) sliceApplication(ring int, b manifest.Batch) manifest.Application {
	r := &f.site.Fleet.Rings[ring]
	versions := map[string]string{}
	for k, lane := range f.order.rollouts.Lanes {
		if k.Ring == r.Name {
			versions[k.Product.String()] = lane.Granted(end(b)).String()
		}
	}
	notes := map[string]string{}
	if n := r.TolerateUnhealthy.Tenants; n > 0 {
		notes[manifest.AnnotationTolerate] = strconv.Itoa(n)
	}
	if r.Approval {
		notes[manifest.AnnotationAsks] = "approval"
	}
	return manifest.Application{
		Name: manifest.AppRing(f.site.Name, b), Place: f.place, Level: manifest.LevelRing, Local: true, Wave: manifest.WaveRings,
		Path: f.path(manifest.RingsDir + "/" + b.Dir()), Versions: versions,
		Labels: map[string]string{manifest.LabelRing: r.Name.String()}, Annotations: notes,
	}
}

// writeShared writes one Application for each environment-shared component that
// a ring's versions need, at the version that the engine granted, and the
// overlays of all versions that something in play requires. A component runs
// whether a tenant has use for it or not: it goes when no ring may run what
// needs it, so that nobody can still be at work with it.
func (f *Roster) writeShared(ctx context.Context, sink tree.Sink) error {
	granted := make([]plan.SharedRef, 0, len(f.order.rollouts.Shared))
	for c, part := range f.order.rollouts.Shared {
		granted = append(granted, plan.SharedRef{Name: c, ID: part.At})
	}
	overlays := maps.Clone(f.keeps)
	for _, r := range granted {
		app := f.sharedApplication(r.Name, r.ID)
		if err := sink.PutFile(f.path(manifest.FleetDir+"/shared/"+r.Name.String()+".yaml"), app.Encode()); err != nil {
			return err
		}
		overlays[r]++
	}
	for r := range overlays {
		d, err := f.sharedOverlay(ctx, r)
		if err != nil {
			return fmt.Errorf("writing shared component %q version %q: %w", r.Name, r.ID, err)
		}
		if err := sink.Put(f.path(manifest.SharedPath(r.Name, r.ID)), d); err != nil {
			return err
		}
	}
	return nil
}

func (f *Roster) sharedApplication(name ident.Component, v ident.Version) manifest.Application {
	wave := manifest.WaveShared + f.catalog.SharedBucket(name)
	return manifest.Application{
		Name: manifest.AppShared(f.site.Name, name), Place: f.place, Project: f.place.SharedProject(), Level: "shared", Wave: wave,
		Path: f.path(manifest.SharedPath(name, v)), Namespace: manifest.SharedNamespace(f.site.Name), Create: true,
		Versions:    map[string]string{name.String(): v.String()},
		Labels:      map[string]string{manifest.LabelComponent: name.String(), manifest.LabelVersion: v.String()},
		SyncOptions: "PruneLast=true", // it goes after its last holder
	}
}

func (f *Roster) sharedOverlay(ctx context.Context, r plan.SharedRef) (*tree.Dir, error) {
	spec, err := f.sharedSpec(r)
	if err != nil {
		return nil, err
	}
	return f.proof.overlay(ctx, spec)
}

func (f *Roster) sharedSpec(r plan.SharedRef) (overlaySpec, error) {
	v, err := f.catalog.SharedVersion(r.Name, r.ID)
	if err != nil {
		return overlaySpec{}, err
	}
	b, err := f.bases.Base(v)
	if err != nil {
		return overlaySpec{}, err
	}
	parameters, err := v.Fill(nil)
	if err != nil {
		return overlaySpec{}, err
	}
	volumes, err := sharedVolumes(f.site, b, f.memory, f.path(manifest.SharedDir+"/"+r.Name.String()))
	if err != nil {
		return overlaySpec{}, err
	}
	namespace := manifest.SharedNamespace(f.site.Name)
	return overlaySpec{
		base: b, parameters: parameters,
		site: manifest.Builtins{Domain: f.site.Domain, Environment: f.site.Name.String(), Namespace: namespace,
			PopCode: f.site.PopCode, PopID: f.site.PopID, Product: r.Name.String(), Version: r.ID.String(),
			Replicas: strconv.Itoa(f.site.Defaults.Replicas), Storage: volumes.Storage, StorageClass: volumes.StorageClass},
		descriptor: manifest.Overlay{Environment: f.site.Name, Namespace: namespace, Component: r.Name,
			Version: r.ID, State: string(authz.Active), Replicas: f.site.Defaults.Replicas},
	}, nil
}

// Len returns the number of tenants.
func (f *Roster) Len() int { return len(f.members) }

package render

import (
	"context"
	"fmt"
	"strconv"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/plan"
)

// member is what the fleet remembers of a tenant: its place and its weight.
type member struct {
	ring  int
	point uint32
	file  []byte // the member file
	code  string // that it is rendered with
	needs []plan.SharedRef
	keeps []plan.SharedRef
}

// Roster is the part of an environment that belongs to no single tenant: who is
// in which batch, and which environment-shared components are needed. It holds
// about 500 bytes a tenant. It is not safe for concurrent use.
type Roster struct {
	site    *environments.Site
	catalog *catalog.Catalog
	bases   plan.Bases
	proof   *proof
	place   manifest.Place
	members map[ident.Tenant]member
	rings   []map[ident.Tenant]struct{}
	needs   map[plan.SharedRef]int
	keeps   map[plan.SharedRef]int
	codes   map[string]ident.Tenant // who has which
	waits   map[ident.Tenant]string // for one that another tenant has

	memory     Memory   // of before the first render: what shared volumes had
	sharedHash uint64   // of the keys of needs and keeps
	changes    *changes // since the last Settle; nil for none
}

// newRoster returns a fleet without tenants.
func newRoster(c Config, p *proof) *Roster {
	f := &Roster{site: c.Site, catalog: c.Catalog, bases: c.Bases, proof: p, place: placeOf(c.Site), members: map[ident.Tenant]member{},
		needs: map[plan.SharedRef]int{}, keeps: map[plan.SharedRef]int{}, codes: map[string]ident.Tenant{}, waits: map[ident.Tenant]string{}}
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
	f.count(f.needs, m.needs, 'n', 1)
	f.count(f.keeps, m.keeps, 'k', 1)
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
	f.count(f.needs, m.needs, 'n', -1)
	f.count(f.keeps, m.keeps, 'k', -1)
}

// bits returns into how many batches a ring is split, as a power of two.
func (f *Roster) bits(ring int) int {
	return environments.BatchBits(len(f.rings[ring]), f.site.Fleet.Batch)
}

func (f *Roster) batchOf(m member, bits int) manifest.Batch {
	index := uint64(m.point) >> (32 - bits)
	return manifest.Batch{Ring: f.site.Fleet.Rings[m.ring].Name, Bits: bits, Index: int(index)}
}

// path returns a path of the environment.
func (f *Roster) path(rest string) string {
	return manifest.EnvironmentPath(f.site.Name) + "/" + rest
}

func (f *Roster) memberPath(id ident.Tenant, m member, bits int) string {
	return f.path(manifest.RingsDir + "/" + f.batchOf(m, bits).Dir() + "/" + id.String() + ".yaml")
}

// writeRing writes the directories of all batches of a ring.
func (f *Roster) writeRing(sink tree.Sink, ring int) error {
	bits := f.bits(ring)
	batches := make([][]tree.Entry, 1<<bits)
	for id := range f.rings[ring] {
		m := f.members[id]
		i := f.batchOf(m, bits).Index
		batches[i] = append(batches[i], tree.Entry{Name: id.String() + ".yaml", Data: m.file})
	}
	for i, entries := range batches {
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

// ringFile returns the descriptor of a batch with a number of tenants.
func (f *Roster) ringFile(b manifest.Batch, tenants int) []byte {
	return manifest.RingDescriptor{Place: f.place, Ring: b.Ring, Batch: b.String(), Tenants: tenants}.Encode()
}

// writeFleet writes fleet/ and shared/: the ring Applications in waves and
// the environment-shared components that some tenant needs.
func (f *Roster) writeFleet(ctx context.Context, sink tree.Sink) error {
	wave := manifest.WaveRings
	for i := range f.site.Fleet.Rings {
		bits := f.bits(i)
		for index := range 1 << bits {
			b := manifest.Batch{Ring: f.site.Fleet.Rings[i].Name, Bits: bits, Index: index}
			app := f.ringApplication(i, b, wave)
			if err := sink.PutFile(f.path(manifest.FleetDir+"/rings/"+b.Dir()+".yaml"), app.Encode()); err != nil {
				return err
			}
			wave++
		}
	}
	return f.writeShared(ctx, sink)
}

func (f *Roster) ringApplication(ring int, b manifest.Batch, wave int) manifest.Application {
	r := &f.site.Fleet.Rings[ring]
	versions := map[string]string{}
	for p, v := range r.Versions {
		versions[p.String()] = v.String()
	}
	notes := map[string]string{}
	// The ring is done when its last batch is: soak and approval are asked for once.
	last := b.Index == 1<<b.Bits-1
	if last && r.SoakSeconds > 0 {
		notes[manifest.AnnotationSoak] = strconv.Itoa(r.SoakSeconds)
	}
	if n := r.TolerateUnhealthy.Tenants; n > 0 {
		notes[manifest.AnnotationTolerate] = strconv.Itoa(n)
	}
	if last && r.Approval {
		notes[manifest.AnnotationApproval] = "required"
	}
	return manifest.Application{
		Name: manifest.AppRing(f.site.Name, b), Place: f.place, Level: "ring", Local: true, Wave: wave,
		Path: f.path(manifest.RingsDir + "/" + b.Dir()), Versions: versions,
		Labels: map[string]string{manifest.LabelRing: r.Name.String()}, Annotations: notes,
	}
}

// writeShared writes one Application for each environment-shared component, at
// the highest version that some effective product version needs, and the
// overlays of all versions that something in play requires.
func (f *Roster) writeShared(ctx context.Context, sink tree.Sink) error {
	needs := make([]manifest.Requirement, 0, len(f.needs))
	for r := range f.needs {
		needs = append(needs, manifest.Requirement{Component: r.Name, Version: r.ID})
	}
	for _, r := range manifest.Highest(needs) {
		app := f.sharedApplication(r.Component, r.Version)
		if err := sink.PutFile(f.path(manifest.FleetDir+"/shared/"+r.Component.String()+".yaml"), app.Encode()); err != nil {
			return err
		}
	}
	for r := range f.keeps {
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
	v, err := f.catalog.SharedVersion(r.Name, r.ID)
	if err != nil {
		return nil, err
	}
	b, err := f.bases.Base(v)
	if err != nil {
		return nil, err
	}
	parameters, err := v.Fill(nil)
	if err != nil {
		return nil, err
	}
	volumes, err := sharedVolumes(f.site, b, f.memory, f.path(manifest.SharedDir+"/"+r.Name.String()))
	if err != nil {
		return nil, err
	}
	namespace := manifest.SharedNamespace(f.site.Name)
	return f.proof.overlay(ctx, overlaySpec{
		base: b, parameters: parameters,
		site: manifest.Builtins{Domain: f.site.Domain, Environment: f.site.Name.String(), Namespace: namespace,
			PopCode: f.site.PopCode, PopID: f.site.PopID, Product: r.Name.String(), Version: r.ID.String(),
			Replicas: strconv.Itoa(f.site.Defaults.Replicas), Storage: volumes.Storage, StorageClass: volumes.StorageClass},
		descriptor: manifest.Overlay{Environment: f.site.Name, Namespace: namespace, Component: r.Name,
			Version: r.ID, State: string(authz.Active), Replicas: f.site.Defaults.Replicas},
	})
}

// Len returns the number of tenants.
func (f *Roster) Len() int { return len(f.members) }

package render

import (
	"bytes"
	"context"
	"hash/fnv"
	"maps"
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/plan"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// changes is what happened to a roster since it was last published.
type changes struct {
	before shape
	old    map[ident.Tenant]member // members as they were; without products: not there
}

// shape is what the files depend on that belong to no tenant.
type shape struct {
	bits     []int
	shared   uint64
	rollouts rollout.Rollouts
}

func (f *Roster) shape() shape {
	s := shape{shared: f.shared, rollouts: f.order.rollouts}
	for i := range f.rings {
		s.bits = append(s.bits, f.bits(i))
	}
	return s
}

// touch begins to note changes.
func (f *Roster) touch() {
	if f.changes == nil {
		f.changes = &changes{before: f.shape(), old: map[ident.Tenant]member{}}
	}
}

// note remembers a member as it was before its first change.
func (f *Roster) note(id ident.Tenant) {
	f.touch()
	if _, noted := f.changes.old[id]; !noted {
		f.changes.old[id] = f.members[id]
	}
}

// noted reports whether the member changed since the roster was settled.
func (f *Roster) noted(id ident.Tenant) bool {
	if f.changes == nil {
		return false
	}
	_, ok := f.changes.old[id]
	return ok
}

// Flush writes what changed since the roster was published: the member files of
// changed tenants, the slices of rings that were granted something, all rings
// when one of them is cut differently, and the fleet's own files when slices or
// shared components differ. It may be repeated, on another sink after a lost race.
func (f *Roster) Flush(ctx context.Context, sink tree.Sink) error {
	sink = signed(sink, f.key)
	if f.changes == nil {
		return nil
	}
	some := make(map[ident.Tenant]bool, len(f.changes.old))
	for id := range f.changes.old {
		some[id] = true
	}
	f.take(f.order.behind(some))
	now, before := f.shape(), f.changes.before
	if !slices.Equal(before.bits, now.bits) {
		sink.Reset(f.path(manifest.RingsDir))
		for i := range f.rings {
			if err := f.writeRing(sink, i); err != nil {
				return err
			}
		}
		return f.flushFleet(ctx, sink)
	}
	granted := f.regranted(before.rollouts)
	if err := f.flushMembers(sink, now, granted); err != nil {
		return err
	}
	if before.shared != now.shared || !maps.Equal(before.rollouts.Shared, now.rollouts.Shared) {
		return f.flushFleet(ctx, sink)
	}
	for ring := range granted {
		if err := f.writeSlices(sink, ring); err != nil {
			return err
		}
	}
	if bytes.Equal(before.rollouts.Encode(), now.rollouts.Encode()) {
		return nil
	}
	return f.writeRollouts(sink)
}

// regranted returns the rings whose slices are granted something else than before.
func (f *Roster) regranted(before rollout.Rollouts) map[int]bool {
	rings := map[int]bool{}
	for i, g := range f.order.in.Fleet.Rings {
		same := func(a, b rollout.Rollouts) bool {
			for k, lane := range a.Lanes {
				other, ok := b.Lanes[k]
				if k.Ring == g.Name && (!ok || !slices.Equal(lane.At, other.At) || !slices.Equal(lane.Good, other.Good)) {
					return false
				}
			}
			return true
		}
		if !same(before, f.order.rollouts) || !same(f.order.rollouts, before) {
			rings[i] = true
		}
	}
	return rings
}

func (f *Roster) flushFleet(ctx context.Context, sink tree.Sink) error {
	sink.Reset(f.path(manifest.FleetDir))
	sink.Reset(f.path(manifest.SharedDir))
	return f.writeFleet(ctx, sink)
}

// Settle forgets the changes: they are published, and so is the cut.
func (f *Roster) Settle() {
	f.changes = nil
	cut := map[ident.Ring]int{}
	for i, g := range f.order.in.Fleet.Rings {
		cut[g.Name] = f.bits(i)
	}
	f.order.in.Cut = cut
}

// flushMembers writes the files of changed members, and the descriptors of the
// slices of rings that a tenant came to or left or that were granted something.
func (f *Roster) flushMembers(sink tree.Sink, now shape, rings map[int]bool) error {
	moved := maps.Clone(rings)
	for id, old := range f.changes.old {
		var path, was string
		m, ok := f.members[id]
		if ok {
			path = f.memberPath(id, m, now.bits[m.ring])
			if err := sink.PutFile(path, f.memberFile(id, m)); err != nil {
				return err
			}
		}
		if old.products != nil {
			was = f.memberPath(id, old, now.bits[old.ring])
		}
		if was == path {
			continue
		}
		if ok {
			moved[m.ring] = true
		}
		if was != "" {
			moved[old.ring] = true
			if err := sink.Put(was, nil); err != nil {
				return err
			}
		}
	}
	return f.flushRings(sink, moved)
}

// flushRings writes the descriptors of rings whose tenants changed.
func (f *Roster) flushRings(sink tree.Sink, rings map[int]bool) error {
	for ring := range rings {
		bits := f.bits(ring)
		tenants := make([]int, 1<<bits)
		for id := range f.rings[ring] {
			tenants[f.sliceOf(f.members[id], bits).Index]++
		}
		for i, n := range tenants {
			b := manifest.Batch{Ring: f.site.Fleet.Rings[ring].Name, Bits: bits, Index: i}
			if err := sink.PutFile(f.path(manifest.RingsDir+"/"+b.Dir()+"/"+manifest.DescriptorFile), f.ringFile(b, n)); err != nil {
				return err
			}
		}
	}
	return nil
}

// count adds by to the uses of requirements and keeps the hash of the used set.
func (f *Roster) count(some []plan.SharedRef, by int) {
	for _, r := range some {
		used := f.keeps[r] > 0
		if f.keeps[r] += by; f.keeps[r] == 0 {
			delete(f.keeps, r)
		}
		if used != (f.keeps[r] > 0) {
			h := fnv.New64a()
			h.Write([]byte(r.Name.String() + "/" + r.ID.String()))
			f.shared ^= h.Sum64()
		}
	}
}

package render

import (
	"context"
	"hash/fnv"
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/plan"
)

// changes is what happened to a roster since it was last settled.
type changes struct {
	before shape
	old    map[ident.Tenant]member // members as they were; zero file: not there
}

// shape is what the fleet's own files depend on.
type shape struct {
	bits   []int
	shared uint64 // order-free hash of the needed and kept shared versions
}

func (f *Roster) shape() shape {
	s := shape{shared: f.sharedHash}
	for i := range f.rings {
		s.bits = append(s.bits, f.bits(i))
	}
	return s
}

// note remembers a member as it was before its first change.
func (f *Roster) note(id ident.Tenant) {
	if f.changes == nil {
		f.changes = &changes{before: f.shape(), old: map[ident.Tenant]member{}}
	}
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

// Flush writes what changed since the roster was settled: the member files of
// changed tenants, all rings when one of them is split differently, and the
// fleet's own files when batches or shared components differ. It may be
// repeated, on another sink after a lost race.
func (f *Roster) Flush(ctx context.Context, sink tree.Sink) error {
	if f.changes == nil {
		return nil
	}
	now := f.shape()
	split := !slices.Equal(f.changes.before.bits, now.bits)
	if split {
		sink.Reset(f.path(manifest.RingsDir))
		for i := range f.rings {
			if err := f.writeRing(sink, i); err != nil {
				return err
			}
		}
	} else if err := f.flushMembers(sink, now); err != nil {
		return err
	}
	if !split && f.changes.before.shared == now.shared {
		return nil
	}
	sink.Reset(f.path(manifest.FleetDir))
	sink.Reset(f.path(manifest.SharedDir))
	return f.writeFleet(ctx, sink)
}

// Settle forgets the changes: they are published.
func (f *Roster) Settle() { f.changes = nil }

func (f *Roster) flushMembers(sink tree.Sink, now shape) error {
	moved := map[int]bool{} // rings that a tenant came to or left
	for id, old := range f.changes.old {
		var path, was string
		m, ok := f.members[id]
		if ok {
			path = f.memberPath(id, m, now.bits[m.ring])
			if err := sink.PutFile(path, m.file); err != nil {
				return err
			}
		}
		if old.file != nil {
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
			tenants[f.batchOf(f.members[id], bits).Index]++
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
func (f *Roster) count(all map[plan.SharedRef]int, some []plan.SharedRef, salt byte, by int) {
	for _, r := range some {
		used := all[r] > 0
		if all[r] += by; all[r] == 0 {
			delete(all, r)
		}
		if used != (all[r] > 0) {
			h := fnv.New64a()
			h.Write([]byte{salt})
			h.Write([]byte(r.Name.String() + "/" + r.ID.String()))
			f.sharedHash ^= h.Sum64()
		}
	}
}

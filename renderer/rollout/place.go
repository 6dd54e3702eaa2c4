package rollout

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Place is where a tenant stands inside its ring, in [0, End).
type Place = uint32

// End is the end of a ring: every place is below it.
const End uint64 = 1 << 32

const (
	maxBits  = 16 // slices are 1/65536 of a ring or larger
	stepBits = 4  // a ring with steps has at least 16 slices
)

// PlaceOf returns a tenant's place: the leading bits of a salted sha256 of its
// id. The salt keeps it apart from environments.Point, which rings cut their
// shares from: with one hash the tenants of a later ring would all stand at
// one end of it, and its first steps would be empty.
func PlaceOf(id ident.Tenant) Place {
	sum := sha256.Sum256([]byte("place\x00" + id.String()))
	return binary.BigEndian.Uint32(sum[:])
}

// Bits returns how many leading bits of a place number the slices of a ring.
// Slices hold about a batch of tenants, a ring with steps has at least 16, and
// every frontier lies at the end of one. While a rollout is under way the cut
// stays as it is (or gets finer): a step's end would be another place with
// another cut, and its soak could be missed.
func (in *Input) Bits(r Rollouts, ring int) int { return in.bits(r, ring, in.Products(r)) }

func (in *Input) bits(r Rollouts, ring int, products []ident.Product) int {
	g := &in.Fleet.Rings[ring]
	fine, moving := 0, false
	for _, p := range products {
		lane := r.Lanes[Key{g.Name, p}]
		for _, s := range lane.At {
			fine = max(fine, frontierBits(s.To))
		}
		moving = moving || len(lane.At) > 1
	}
	if moving && in.Cut[g.Name] > 0 {
		fine = max(fine, in.Cut[g.Name])
	} else {
		fine = max(fine, environments.BatchBits(in.Census.size(ring), in.Fleet.batch()))
	}
	if len(g.Steps) > 0 {
		fine = max(fine, stepBits)
	}
	return min(fine, maxBits)
}

// frontierBits is the coarsest cut that has a slice ending at to.
func frontierBits(to uint64) int {
	return max(0, 32-bits.TrailingZeros64(to))
}

// ends returns where the ring's steps end, rounded up to slices, the last at End.
func (g *Ring) ends(bits int) []uint64 {
	size := End >> bits
	var all []uint64
	for _, percent := range append(slices.Clip(g.Steps), 100) {
		end := (uint64(percent)*End/100 + size - 1) / size * size
		all = append(all, min(end, End))
	}
	return all
}

// step returns the bounds of the step that a frontier at to grows in, and
// whether it stands at the end of one.
func (g *Ring) step(bits int, to uint64) (start, end uint64, ended bool) {
	for _, end = range g.ends(bits) {
		if end > to {
			return start, end, ended
		}
		start, ended = end, end == to
	}
	return start, End, ended
}

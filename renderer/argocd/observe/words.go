package observe

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// words reads the slices of a ring: what they ask for, and what people said on
// them with the actions approve, pause and resume. An approval is a line of the
// versions that one of them hands down, so that one press approves every lane of
// the ring whose head is in it. A pause of one is a pause of the ring; so is silence.
func (t *turn) words(ctx context.Context, index int, lanes []rollout.Key) error {
	ring := lanes[0].Ring
	name := manifest.AppRing(t.place.Environment, manifest.Batch{Ring: ring})
	own := t.stragglers(index, lanes)
	err := t.each(ctx, t.selector("ring", manifest.LabelRing, ring.String()), func(a *application) {
		if a.Metadata.Name != name && !strings.HasPrefix(a.Metadata.Name, name+"-") {
			return // not ours
		}
		if a.paused() {
			t.obs.Paused[ring] = true
		}
		t.hears(a, own[a.Metadata.Name])
		approved := strings.Split(a.Metadata.Annotations[annotationApproved], ",")
		for _, key := range lanes {
			head := t.rollouts.Lanes[key].At[0].Version
			if slices.Contains(approved, key.Product.String()+"="+head.String()) {
				t.obs.Approved[key] = head
			}
		}
	})
	if err != nil {
		t.obs.Paused[ring] = true
		return fmt.Errorf("reading what people said of ring %q: %w", ring, err)
	}
	return nil
}

// straggler is one of a lane.
type straggler struct {
	key    rollout.Key
	tenant ident.Tenant
}

// stragglers returns those of a ring by the name of their slice's Application.
func (t *turn) stragglers(ring int, lanes []rollout.Key) map[string][]straggler {
	all, bits := map[string][]straggler{}, t.in.Bits(t.rollouts, ring)
	for _, key := range lanes {
		t.obs.Asked[key] = map[ident.Tenant]ident.Version{}
		for id := range t.rollouts.Lanes[key].Stragglers {
			slice := manifest.AppRing(t.place.Environment, manifest.BatchOf(key.Ring, bits, rollout.PlaceOf(id)))
			all[slice] = append(all[slice], straggler{key, id})
		}
	}
	return all
}

// hears notes what a slice asks of its stragglers.
func (t *turn) hears(a *application, all []straggler) {
	if len(all) == 0 {
		return
	}
	asked := map[string]ident.Version{}
	for text := range strings.SplitSeq(a.versions(), ",") {
		product, version, _ := strings.Cut(text, "=")
		if v, err := ident.Parse[ident.VersionKind](version); err == nil {
			asked[product] = v
		}
	}
	for _, s := range all {
		t.obs.Asked[s.key][s.tenant] = asked[s.key.Product.String()]
	}
}

package observe

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// words reads what people said on the Applications of a ring, with the actions
// approve, pause and resume. An approval is a line of the versions that one of
// them hands down, so that one press approves every lane of the ring whose head
// is in it. A pause of one is a pause of the ring; so is silence.
func (t *turn) words(ctx context.Context, lanes []rollout.Key) error {
	ring := lanes[0].Ring
	name := manifest.AppRing(t.place.Environment, manifest.Batch{Ring: ring})
	err := t.each(ctx, t.selector("ring", manifest.LabelRing, ring.String()), func(a *application) {
		if a.Metadata.Name != name && !strings.HasPrefix(a.Metadata.Name, name+"-") {
			return // not ours
		}
		if a.paused() {
			t.obs.Paused[ring] = true
		}
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

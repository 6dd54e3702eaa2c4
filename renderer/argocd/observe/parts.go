package observe

import (
	"context"
	"fmt"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// parts looks at the environment-shared parts while one waits for its proof.
func (t *turn) parts(ctx context.Context) error {
	waits := false
	for _, part := range t.rollouts.Shared {
		waits = waits || part.Good != part.At
	}
	if !waits {
		return nil
	}
	seen := map[ident.Component]sight{}
	selector := t.selector("shared")
	err := t.each(ctx, selector, func(a *application) {
		c, err := ident.Parse[ident.ComponentKind](a.Metadata.Labels[manifest.LabelComponent])
		part, ok := t.rollouts.Shared[c]
		if err != nil || !ok || a.Metadata.Name != manifest.AppShared(t.place.Environment, c) {
			return
		}
		seen[c] = t.sight(a, grant{t.place.SharedProject(), manifest.SharedPath(c, part.At), c.String(), part.At})
	})
	if err != nil {
		t.notes[selector] = t.Observer.notes[selector]
		return fmt.Errorf("looking at shared parts: %w", err)
	}
	t.notes[selector] = make(map[string]note, len(seen))
	for c, s := range seen {
		part := t.rollouts.Shared[c]
		v := t.believe(selector, manifest.AppShared(t.place.Environment, c), part.At, s, part.Good == part.At)
		if s.granted {
			t.obs.Shared[c] = rollout.Part{Version: part.At, Verdict: v}
		}
	}
	return nil
}

package notify

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/gatorcloud/sluice/renderer/backoff"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

const (
	// patience is how long Argo CD has to look at a push before it is asked.
	patience = 5 * time.Second
	// asks is how often it is asked: each request can be lost like the first.
	asks = 3
	// most is how many Applications of a push are looked at.
	most = 50
)

// Looker shows Applications, and asks Argo CD to look at them.
type Looker interface {
	Refresher
	// Seen returns what an Application shows; there is false when it is not there.
	Seen(ctx context.Context, name string) (s Seen, there bool, err error)
}

// Seen is what an Application shows of looks at it.
type Seen struct {
	// Commit is the one that it was compared with last.
	Commit string
	// Asked says that a look was asked for and is not done.
	Asked bool
}

// Confirm looks whether the Applications whose files a push changed show it,
// parents first and as many as one look reads, and asks for a refresh of those
// that show an older commit some seconds later, until they show another one. A
// commit that it does not know is a newer one, whose own notice follows; but the
// fleet's Application, without which nothing arrives, is asked then too.
type Confirm struct {
	Applications Looker
	// Patience is how long Argo CD has, each time; 5 s when zero.
	Patience time.Duration
}

var _ Sender = Confirm{}

// Send returns when the push is seen or was asked for often enough. It takes its
// patience, during which pushes are merged into the next notice.
func (c Confirm) Send(ctx context.Context, p Push) error {
	names := p.applications()
	names = names[:min(len(names), most)]
	older := p.older()
	var stale []string
	for _, name := range names {
		s, there, err := c.Applications.Seen(ctx, name)
		if err != nil {
			return fmt.Errorf("looking for a push: %w", err)
		}
		if there && s.Commit != p.After {
			stale, older[s.Commit] = append(stale, name), true
		}
	}
	for range asks {
		if len(stale) == 0 {
			return nil
		}
		if err := backoff.Sleep(ctx, cmp.Or(c.Patience, patience)); err != nil {
			return err
		}
		var left []string
		for _, name := range stale {
			s, there, err := c.Applications.Seen(ctx, name)
			if err == nil && (!there || s.Commit == p.After || !older[s.Commit] && name != manifest.AppFleet(p.Environment)) {
				continue
			}
			if left = append(left, name); err == nil && !s.Asked {
				err = c.Applications.Refresh(ctx, name)
			}
			if err != nil {
				return fmt.Errorf("asking for a push that was not seen: %w", err)
			}
		}
		stale = left
	}
	return nil
}

package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/gatorcloud/sluice/renderer/backoff"
)

const (
	// patience is how long Argo CD has to look at a push before it is asked.
	patience = 5 * time.Second
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
// once that show what they showed before, some seconds later.
type Confirm struct {
	Applications Looker
	// Patience is how long Argo CD has; 5 s when zero.
	Patience time.Duration
}

var _ Sender = Confirm{}

// Send returns when the push is seen or was asked for. It takes its patience,
// during which pushes are merged into the next notice.
func (c Confirm) Send(ctx context.Context, p Push) error {
	names := p.applications()
	names = names[:min(len(names), most)]
	before := map[string]string{} // what those show that do not show the push
	for _, name := range names {
		s, there, err := c.Applications.Seen(ctx, name)
		if err != nil {
			return fmt.Errorf("looking for a push: %w", err)
		}
		if there && s.Commit != p.After {
			before[name] = s.Commit
		}
	}
	if len(before) == 0 {
		return nil
	}
	wait := c.Patience
	if wait == 0 {
		wait = patience
	}
	if err := backoff.Sleep(ctx, wait); err != nil {
		return err
	}
	for _, name := range names {
		was, stale := before[name]
		if !stale {
			continue
		}
		s, there, err := c.Applications.Seen(ctx, name)
		if err == nil && there && !s.Asked && s.Commit == was {
			err = c.Applications.Refresh(ctx, name)
		}
		if err != nil {
			return fmt.Errorf("asking for a push that was not seen: %w", err)
		}
	}
	return nil
}

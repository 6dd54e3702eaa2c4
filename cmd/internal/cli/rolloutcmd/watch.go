package rolloutcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gatorcloud/sluice/cmd/internal/cli/exit"
	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
)

// interval is how long a watch waits before it asks Git again.
const interval = 10 * time.Second

// watch prints the lanes that changed, as often as they do, until all is done,
// a version failed, or the time is up. Who ends it knows what he saw last.
func (d Deps) watch(ctx context.Context, stdout io.Writer, o output.Options, timeout time.Duration, look func() ([]statusRow, error)) error {
	end := d.Now().Add(timeout)
	shown := map[string]string{}
	for {
		rows, err := look()
		if err != nil {
			return err
		}
		var changed []statusRow
		for _, r := range rows {
			if text := fmt.Sprint(r.shares(), r.Wanted, r.Stragglers, r.State, r.Why, stamp(r.Until)); shown[r.Lane] != text {
				shown[r.Lane] = text
				changed = append(changed, r)
			}
		}
		if len(changed) > 0 {
			if err := output.Print(stdout, o, changed, statusColumns()); err != nil {
				return err
			}
			o.NoHeaders = true
		}
		result := outcome(rows)
		if !errors.Is(result, exit.ErrWaiting) || !d.Now().Before(end) || d.Wait(ctx, interval) != nil {
			return result
		}
	}
}

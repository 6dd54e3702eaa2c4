package rolloutcmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/gatorcloud/sluice/cmd/internal/cli/exit"
	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
	"github.com/gatorcloud/sluice/cmd/internal/cli/terminal"
)

// interval is how long a watch waits before it asks Git again.
const interval = 10 * time.Second

// watch shows the lanes until all is done, a version failed, or the time is up:
// as a live table to people, and elsewhere each lane again when it changed. Who
// ends it knows what he saw last.
func (d Deps) watch(ctx context.Context, stdout io.Writer, o output.Options, timeout time.Duration, look func() ([]statusRow, error)) error {
	end := d.Now().Add(timeout)
	show := changes(stdout, o)
	if file, ok := stdout.(*os.File); ok && terminal.Is(file) && (o.Format == output.Table || o.Format == output.Wide) {
		show = d.live(terminal.NewScreen(file), o)
	}
	for {
		rows, err := look()
		if err != nil {
			return err
		}
		if err := show(rows); err != nil {
			return err
		}
		result := outcome(rows)
		if !errors.Is(result, exit.ErrWaiting) || !d.Now().Before(end) || d.Wait(ctx, interval) != nil {
			return result
		}
	}
}

// live shows all lanes in the same place.
func (d Deps) live(screen *terminal.Screen, o output.Options) func([]statusRow) error {
	return func(rows []statusRow) error {
		var text bytes.Buffer
		if err := output.Print(&text, o, rows, statusColumns()); err != nil {
			return err
		}
		fmt.Fprintf(&text, "\nas of %s; Ctrl-C ends the watch and nothing else\n", d.Now().Format(time.TimeOnly))
		return screen.Show(text.String())
	}
}

// changes prints the lanes that are not as they were.
func changes(stdout io.Writer, o output.Options) func([]statusRow) error {
	shown := map[string]string{}
	return func(rows []statusRow) error {
		var changed []statusRow
		for _, r := range rows {
			if text := fmt.Sprint(r.shares(), r.Wanted, r.Stragglers, r.State, r.Why, stamp(r.Until)); shown[r.Lane] != text {
				shown[r.Lane] = text
				changed = append(changed, r)
			}
		}
		if len(changed) == 0 {
			return nil
		}
		err := output.Print(stdout, o, changed, statusColumns())
		o.NoHeaders = true
		return err
	}
}

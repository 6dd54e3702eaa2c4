package git

import (
	"context"
	"io"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// patience is how long a server may neither say nor take anything unless
// Options say otherwise. It covers what a server does in silence, such as hooks
// and counting objects; without it one that hangs would keep a leader, and its
// lease, for ever.
const patience = 5 * time.Minute

// impatience is how long a server may be silent before it is told.
const impatience = 2 * time.Second

// watchdog ends a context when nothing is heard for too long, and says before
// that what is waited for.
type watchdog struct {
	limit        time.Duration
	timer, early *time.Timer
}

// watch returns a context that ends when the watchdog hears nothing, and what
// must be called at the end. Told is called once, after the first silence of
// some length.
func watch(ctx context.Context, limit time.Duration, told func()) (context.Context, watchdog, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(limit, func() {
		cancel(fault.New(fault.Retry, "look at the server and at what stands between here and it",
			"the server has said nothing for %v", limit))
	})
	early := time.AfterFunc(impatience, told)
	return ctx, watchdog{limit, timer, early}, func() { timer.Stop(); early.Stop(); cancel(nil) }
}

// heard says that the server is alive.
func (w watchdog) heard() {
	if w.timer.Stop() { // once it has rung it is over
		w.timer.Reset(w.limit)
	}
	if w.early.Stop() {
		w.early.Reset(impatience)
	}
}

// reader tells the watchdog of every read.
func (w watchdog) reader(r io.Reader) io.Reader { return heardReader{r, w} }

type heardReader struct {
	io.Reader
	dog watchdog
}

// Read reads.
func (h heardReader) Read(b []byte) (int, error) {
	n, err := h.Reader.Read(b)
	h.dog.heard()
	return n, err
}

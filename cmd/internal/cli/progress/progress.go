// Package progress shows on a terminal how far long work is. On anything but
// a terminal, and for work under a second, it prints nothing.
package progress

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/gatorcloud/sluice/cmd/internal/cli/terminal"
)

// Bar is one line that is written over. It is safe for concurrent use.
type Bar struct {
	mu    sync.Mutex
	out   io.Writer // nil when silent
	label string
	begun time.Time
	last  time.Time
	shown bool
}

// New returns a bar on w, which is silent unless w is a terminal.
func New(w io.Writer, label string) *Bar {
	b := &Bar{label: label, begun: time.Now()}
	if terminal.Is(w) {
		b.out = w
	}
	return b
}

// Set shows that done of all are finished.
func (b *Bar) Set(done, all int) {
	if b.out == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if now.Sub(b.begun) < time.Second || now.Sub(b.last) < 100*time.Millisecond {
		return
	}
	b.last, b.shown = now, true
	fmt.Fprintf(b.out, "\r\033[K%s: %d of %d", b.label, done, all)
}

// Clear takes the line away.
func (b *Bar) Clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shown {
		fmt.Fprint(b.out, "\r\033[K")
		b.shown = false
	}
}

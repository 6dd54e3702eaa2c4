package replica

import (
	"context"
	"sync/atomic"
	"testing"
	"time"
)

// One of several replicas keeps the notes of merge requests, and another one
// goes on when it ends; a poke reaches whoever keeps them.
func TestNotes(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.sell("/tenant/info", 1000001, 2)
	var keeping, most atomic.Int32
	began, poked := make(chan string, 10), make(chan string, 10)
	start := func(id string, poke chan struct{}) func() {
		return s.replica(id, func(c *Config) {
			c.Poke = poke
			c.Notes = func(ctx context.Context, poke <-chan struct{}) {
				most.Store(max(most.Load(), keeping.Add(1)))
				defer keeping.Add(-1)
				began <- id
				for {
					select {
					case <-ctx.Done():
						return
					case <-poke:
						poked <- id
					}
				}
			}
		})
	}
	await := func(heard chan string, reason string) string {
		t.Helper()
		select {
		case id := <-heard:
			return id
		case <-time.After(30 * time.Second):
			t.Fatal(reason)
			return ""
		}
	}
	pokes := map[string]chan struct{}{"a": make(chan struct{}, 1), "b": make(chan struct{}, 1)}
	stops := map[string]func(){"a": start("a", pokes["a"]), "b": start("b", pokes["b"])}
	first := await(began, "nobody keeps the notes")
	pokes[first] <- struct{}{}
	if got := await(poked, "the poke is not heard"); got != first {
		t.Errorf("%s hears the poke of %s", got, first)
	}
	stops[first]()
	if second := await(began, "nobody goes on"); second == first {
		t.Errorf("%s keeps the notes although it ended", second)
	}
	if most.Load() != 1 {
		t.Errorf("%d kept the notes at once, want 1", most.Load())
	}
}

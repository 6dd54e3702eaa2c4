package render_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render"
)

// failing is a sink whose n-th write fails, counted from one.
type failing struct {
	*memory
	n    int64
	done atomic.Int64
}

var errFull = errors.New("disk is full")

func (f *failing) Put(path string, d *tree.Dir) error {
	if f.done.Add(1) == f.n {
		return errFull
	}
	return f.memory.Put(path, d)
}

func (f *failing) PutFile(path string, data []byte) error {
	if f.done.Add(1) == f.n {
		return errFull
	}
	return f.memory.PutFile(path, data)
}

// Progress is told once for each tenant, up to all of them.
func TestProgress(t *testing.T) {
	var heard []int
	r := render.New(render.Config{Site: site(t, 2), Fleet: fleetOf(t, site(t, 2)), Catalog: sold(t), Bases: &bases{}, Engine: engine(), Workers: 1, Progress: func(done, all int) {
		if all != len(small()) {
			t.Errorf("progress of %d, want %d", all, len(small()))
		}
		heard = append(heard, done)
	}})
	full(t, r, sorted(small()), nil)
	if want := []int{1, 2, 3, 4, 5}; !slices.Equal(heard, want) {
		t.Errorf("progress is %v, want %v", heard, want)
	}
}

// A write that fails is never passed over, whichever it is: a commit without
// it would take away what was not written.
func TestEveryWriteCounts(t *testing.T) {
	r := newRenderer(t, 2, 1)
	all := small()
	before := small()
	delete(before, "1000003")
	delete(before, "1000005") // main is split anew when they come
	for name, write := range map[string]func(tree.Sink) error{
		"Full": func(s tree.Sink) error {
			_, _, err := r.Full(context.Background(), sorted(all), stored(nil), nil, s)
			return err
		},
		"Split": func(s tree.Sink) error {
			fleet, files := full(t, r, sorted(before), nil)
			for _, id := range []string{"1000003", "1000005"} {
				if _, err := r.Change(context.Background(), fleet, all[id], stored(files), s); err != nil {
					return err
				}
			}
			return fleet.Flush(context.Background(), s)
		},
		"Members": func(s tree.Sink) error {
			fleet, files := full(t, r, sorted(all), nil)
			if err := r.Remove(fleet, all["1000002"].ID, s); err != nil {
				return err
			}
			if _, err := r.Change(context.Background(), fleet, all["1000001"], stored(files), s); err != nil {
				return err
			}
			return fleet.Flush(context.Background(), s)
		},
	} {
		t.Run(name, func(t *testing.T) {
			counter := &failing{memory: newMemory(nil)}
			if err := write(counter); err != nil {
				t.Fatal(err)
			}
			writes := counter.done.Load()
			if writes < 4 {
				t.Fatalf("%d writes, want more", writes)
			}
			for n := range writes {
				if err := write(&failing{memory: newMemory(nil), n: n + 1}); !errors.Is(err, errFull) {
					t.Errorf("write %d of %d fails and the render says %v", n+1, writes, err)
				}
			}
		})
	}
}

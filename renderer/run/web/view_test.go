package web_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/report"
	"github.com/gatorcloud/sluice/renderer/run/web"
)

// A view looks while somebody is there, tells when something else is seen, and
// shows the last that it saw when a look fails.
func TestView(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		looks, mark, broken := atomic.Int64{}, atomic.Value{}, atomic.Bool{}
		mark.Store("a")
		v := web.NewView(func(context.Context) (web.Sight, error) {
			looks.Add(1)
			if broken.Load() {
				return web.Sight{}, errors.New("Git does not answer")
			}
			join := report.New(ident.Must[ident.EnvironmentKind]("pop"), nil)
			join.Put(report.Member{Facts: authz.Facts{Tenant: authz.Tenant{ID: ident.Must[ident.TenantKind]("4710"), Name: "somebody"}}})
			past := []web.Move{{At: time.Now().Add(-80 * time.Hour), Product: "old"}, {At: time.Now().Add(-time.Hour), Product: "swg"}}
			return web.Sight{Join: join, Mark: mark.Load().(string), Moves: web.Moves{Past: past}}, nil
		}, time.Now, 10*time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go v.Run(ctx)
		time.Sleep(time.Hour)
		if n := looks.Load(); n > 7 { // a view that was just made may be asked at once
			t.Errorf("it looked %d times in an hour in which nobody asked", n)
		}
		if r, err := v.Report(ctx); err != nil || r.Environment != "pop" {
			t.Fatalf("Report() = %v, %v, want the first look", r, err)
		}
		number, next := v.Beat()
		time.Sleep(30 * time.Second)
		if again, _ := v.Beat(); again != number {
			t.Errorf("Beat() = %d after %d, want the same: nothing changed", again, number)
		}
		mark.Store("b")
		<-next
		broken.Store(true)
		time.Sleep(30 * time.Second)
		if r, err := v.Report(ctx); err != nil || r.Environment != "pop" {
			t.Errorf("Report() = %v, %v, want what was seen last", r, err)
		}
		if m, err := v.Moves(ctx, time.Now().Add(-72*time.Hour)); err != nil || len(m.Past) != 1 || m.Past[0].Product != "swg" {
			t.Errorf("Moves() = %v, %v, want those of 72 hours", m, err)
		}
		if _, _, err := v.Tenant(ctx, ident.Must[ident.TenantKind]("4711")); !errors.Is(err, web.ErrNobody) {
			t.Errorf("Tenant() of nobody = %v, want ErrNobody", err)
		}
		if got, _, err := v.Tenant(ctx, ident.Must[ident.TenantKind]("4710")); err != nil || got.Name != "somebody" {
			t.Errorf("Tenant() = %+v, %v, want somebody", got, err)
		}
		before := looks.Load()
		time.Sleep(time.Hour)
		if n := looks.Load() - before; n > 7 {
			t.Errorf("it looked %d times in the hour after the last request", n)
		}
	})
}

// Looks that take long are made less often, and nobody waits for longer than
// one takes: who finds what was seen too old has another begun at once.
func TestSlowLook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const takes = 30 * time.Second
		busy := atomic.Int64{}
		v := web.NewView(func(ctx context.Context) (web.Sight, error) {
			select {
			case <-time.After(takes):
			case <-ctx.Done():
				return web.Sight{}, ctx.Err()
			}
			busy.Add(int64(takes))
			return web.Sight{Join: report.New(ident.Must[ident.EnvironmentKind]("pop"), nil)}, nil
		}, time.Now, 5*time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go v.Run(ctx)
		for range 20 {
			began := time.Now()
			if _, err := v.Report(ctx); err != nil || time.Since(began) > takes {
				t.Fatalf("Report() = %v after %s, want it after %s at most", err, time.Since(began), takes)
			}
			time.Sleep(70 * time.Second) // what is seen is older than a minute by then
		}
		began, before := time.Now(), busy.Load()
		for time.Since(began) < time.Hour {
			v.Beat() // somebody looks on
			time.Sleep(10 * time.Second)
		}
		if part := float64(busy.Load()-before) / float64(time.Hour); part < 0.2 || part > 0.3 {
			t.Errorf("%.0f %% of an hour is spent looking, want a quarter", 100*part)
		}
	})
}

// What changes between looks is told at once, and read as it is then: held, and
// of the time of the reading.
func TestViewChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		held, released := []time.Time(nil), 0
		hold := func(now time.Time) func() { held = append(held, now); return func() { released++ } }
		v := web.NewView(func(context.Context) (web.Sight, error) {
			return web.Sight{Join: report.New(ident.Must[ident.EnvironmentKind]("pop"), nil), Hold: hold}, nil
		}, time.Now, time.Hour)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go v.Run(ctx)
		for range 3 {
			time.Sleep(time.Second)
			if r, err := v.Report(ctx); err != nil || !r.At.Equal(held[len(held)-1]) || !r.At.Equal(time.Now()) {
				t.Fatalf("Report() = %v, %v, held %v, want it as it is held now", r.At, err, held)
			}
		}
		if len(held) != 3 || released != 3 {
			t.Errorf("it was held %d times and released %d times, want each report to do both", len(held), released)
		}
		number, next := v.Beat()
		v.Changed()
		<-next
		if again, _ := v.Beat(); again != number+1 {
			t.Errorf("Beat() = %d after a change, want %d", again, number+1)
		}
	})
}

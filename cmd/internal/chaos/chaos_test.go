package chaos

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

var (
	length = flag.Duration("chaos", 0, "how long things are broken; 20s when zero, 3m where CI is set")
	seed   = flag.Uint64("seed", 0, "what is broken when; drawn when zero")
	keep   = flag.Bool("keep", false, "keep the logs")
)

var local = ident.Must[ident.EnvironmentKind]("local")

// duration returns how long things are broken: what the flag says, and else
// what fits who runs the test. It takes a minute or two more in all.
func duration(flag time.Duration, ci string) time.Duration {
	switch {
	case flag > 0:
		return flag
	case ci != "":
		return 3 * time.Minute
	}
	return 20 * time.Second
}

func TestDuration(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		flag   time.Duration
		ci     string
		want   time.Duration
	}{
		"Developer": {"nobody waits for minutes", 0, "", 20 * time.Second},
		"CI":        {"long enough that every kind of break meets every other", 0, "true", 3 * time.Minute},
		"FlagInCI":  {"the flag wins", 30 * time.Minute, "true", 30 * time.Minute},
		"Flag":      {"the flag wins", time.Minute, "", time.Minute},
	} {
		if got := duration(tc.flag, tc.ci); got != tc.want {
			t.Errorf("%s: duration(%v, %q) = %v, want %v: %s", name, tc.flag, tc.ci, got, tc.want, tc.reason)
		}
	}
}

// Whatever dies, every change arrives once, in order, and nothing is lost.
func TestChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	s := *seed
	if s == 0 {
		s = rand.Uint64N(1 << 32)
	}
	storm(t, s, duration(*length, os.Getenv("CI")))
}

// command returns what repeats a storm.
func command(seed uint64, long time.Duration) string {
	return fmt.Sprintf("go test ./cmd/internal/chaos -run '^TestChaos$' -count=1 -v -timeout %v -chaos %v -seed %d", long+10*time.Minute, long, seed)
}

// storm breaks things for some time, mends them and checks what became of it.
func storm(t *testing.T, seed uint64, long time.Duration) {
	t.Helper()
	if end, ok := t.Deadline(); ok && time.Until(end) < long+2*time.Minute {
		t.Fatalf("go test ends in %v, which is too soon; run: %s", time.Until(end).Round(time.Second), command(seed, long))
	}
	// Printed at once, not logged: it must also be there after a panic or a time limit.
	fmt.Printf("chaos: seed %d for %v; repeat with: %s\n", seed, long, command(seed, long))
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d failed; repeat with: %s", seed, command(seed, long))
		}
	})
	w := newWorld(t, seed)
	w.connect()
	ctx, cancel := context.WithTimeout(context.Background(), long)
	defer cancel()
	var all sync.WaitGroup
	for i := range 2 {
		random := rand.New(rand.NewPCG(seed, uint64(100+i)))
		all.Go(func() { w.write(ctx, random) })
	}
	all.Go(func() { w.breakThings(ctx) })
	all.Go(func() { w.upstream.sell(ctx, rand.New(rand.NewPCG(seed, 200))) })
	all.Go(func() { w.breakUpstream(ctx, rand.New(rand.NewPCG(seed, 201))) })
	all.Go(func() { w.peopleCommit(ctx, rand.New(rand.NewPCG(seed, 7))) })
	all.Wait()
	w.heal()
	w.arrive()
	w.converge()
	w.countGoroutines()
	w.endUpstream()
	for _, r := range w.replicas {
		if code := r.end(syscall.SIGTERM); code != 0 {
			t.Errorf("%s ended with exit code %d on SIGTERM, want 0; its log: %s", r.name, code, r.tail())
		}
	}
	w.check(long)
}

package loop

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/short"
	"github.com/gatorcloud/sluice/renderer/rollout"
	"github.com/gatorcloud/sluice/renderer/run/publish"
)

// oracle is an Argo CD in which what is granted is proven at once.
type oracle struct {
	err error
	ill ident.Version // that is Degraded
	now func() time.Time
}

func (o *oracle) Observe(_ context.Context, in *rollout.Input, r rollout.Rollouts) (rollout.Observation, error) {
	seen := rollout.Observation{Seen: true, Slices: map[rollout.Key][]rollout.Slice{}, Shared: map[ident.Component]rollout.Part{}}
	for c, part := range r.Shared {
		seen.Shared[c] = rollout.Part{Version: part.At, Verdict: rollout.Proven}
	}
	for i, g := range in.Fleet.Rings {
		for _, k := range in.Moving(r) {
			if k.Ring == g.Name {
				runs := in.Granted(r, i, k.Product)
				seen.Slices[k] = in.Tally(r, i, k.Product, func(id ident.Tenant) rollout.Status {
					if runs[id] == o.ill {
						return rollout.Status{Version: o.ill, Verdict: rollout.Degraded, Sick: true, Reconciled: o.now()}
					}
					return rollout.Status{Version: runs[id], Verdict: rollout.Proven, Reconciled: o.now()}
				})
			}
		}
	}
	return seen, o.err
}

// bump is fleet.yaml with a version of swg for both rings.
func (s *stand) bump(version string) {
	s.t.Helper()
	text := strings.ReplaceAll(`apiVersion: sluice.gatorcloud.io/v1
kind: Fleet
rings:
- {name: canary, onFailure: rollback, tenants: ["1000009"], versions: {swg: "WANTED", dsa: "31", ucwi: "112"}}
- {name: main, versions: {swg: "WANTED", dsa: "31", ucwi: "112"}}
`, "WANTED", version)
	s.commit("bump", func(tx *git.Tx) error { return tx.PutFile("environments/local/fleet.yaml", []byte(text)) })
}

// rolling is a stand whose rings run swg 200 and shall run 202, which stands
// ready.
func rolling(t *testing.T) (*stand, *replica, *oracle) {
	t.Helper()
	s := newStand(t)
	o := &oracle{now: func() time.Time { return s.now }}
	s.bump("200")
	for _, i := range []int{1, 2, 9} {
		s.sell(i, right{product: "swg", start: s.now.AddDate(-1, 0, 0)})
	}
	r := s.replica(0, true)
	r.config.Observer = o
	s.roll(r)
	s.bump("202")
	r.Refetch()
	if step := advance(t, s, r); !step.Full || len(step.Moves) > 0 {
		t.Fatalf("Step() after a bump = %+v, want a full render that moves nobody", step)
	}
	return s, r, o
}

// roll steps and advances until nothing is left to do.
func (s *stand) roll(r *replica) {
	s.t.Helper()
	for range 20 {
		if err := s.settle(r); err != nil {
			s.t.Fatal(err)
		}
		if o, err := r.Advance(context.Background(), s.now); err != nil {
			s.t.Fatal(err)
		} else if !o.Changed {
			return
		}
	}
	s.t.Fatal("there is no end to it")
}

// done returns the moves that the commits tell of a version of swg, oldest first.
func (s *stand) done(version string) []string {
	s.t.Helper()
	var all []string
	_, err := s.people.Nearest(context.Background(), s.head(), func(h git.Head) bool {
		var moves []string
		for line := range strings.Lines(h.Message) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			switch {
			case key == publish.TrailerRollout:
				moves = append(moves, value)
			case len(moves) > 0 && (key == publish.TrailerDid || key == publish.TrailerRing):
				moves[len(moves)-1] += " " + value
			}
		}
		slices.Reverse(moves)
		all = append(all, moves...)
		return false
	})
	if err != nil {
		s.t.Fatal(err)
	}
	slices.Reverse(all)
	return slices.DeleteFunc(all, func(m string) bool { return !strings.HasPrefix(m, "swg="+version+" ") })
}

// granted returns what a ring is granted of swg.
func (s *stand) granted(r *replica, ring string) string {
	s.t.Helper()
	_, now := r.roster.Rollouts()
	lane := now.Lanes[rollout.Key{Ring: ident.Must[ident.RingKind](ring), Product: ident.Must[ident.ProductKind]("swg")}]
	return lane.Granted(rollout.End).String()
}

// whole are the moves of a version from the first ring to the last.
var whole = []string{"swg=202 granted canary", "swg=202 proven canary", "swg=202 passed canary", "swg=202 granted main", "swg=202 proven main", "swg=202 passed main"}

// A grant is a small commit that says what was decided, in words and trailers.
func TestGrantIsACommit(t *testing.T) {
	t.Parallel()
	s, r, _ := rolling(t)
	before := s.head()
	o, err := r.Advance(context.Background(), s.now)
	if err != nil || o.Full || !o.Changed || len(o.Moves) != 1 || o.Moves[0].What != rollout.Granted || len(o.Facts) > 0 {
		t.Fatalf("Advance() = %+v, %v, want one grant and no tenant", o, err)
	}
	message := s.head().Message
	for _, text := range []string{"render local: swg=202 is granted to ring canary\n", "\nRollout: swg=202\nDid: granted\nRing: canary\nTo: 100%\n", "\nSluice-Environment: local\n"} {
		if !strings.Contains(message, text) {
			t.Errorf("the commit says %q, want it to hold %q", message, text)
		}
	}
	for path, want := range map[string]bool{"rollouts.yaml": false, "fleet/rings/canary.yaml": false, "fleet/rings/main.yaml": true, "tenants": true} {
		if same, err := s.people.Same(before, s.head(), "environments/local/"+path); err != nil || same != want {
			t.Errorf("%s is the same = %t, %v, want %t", path, same, err, want)
		}
	}
	for range 10 {
		o, err := r.Advance(context.Background(), s.now)
		if err != nil {
			t.Fatal(err)
		}
		if d := s.differences(s.now); len(d) > 0 {
			t.Errorf("after %v a render from nothing changes %q", o.Moves, d)
		}
		if !o.Changed {
			break
		}
	}
	if got := s.done("202"); !slices.Equal(got, whole) {
		t.Errorf("moves are %q, want %q", got, whole)
	}
	s.checkMarks(t.Fatalf)
}

// Whatever goes wrong when a decision is published, at any of them: it is in
// exactly one commit, and what follows is too.
func TestDecisionsArePublishedOnce(t *testing.T) {
	short.Skip(t, "renders the example again and again")
	t.Parallel()
	people := map[string]func(*stand){
		"race": func(s *stand) {
			s.commit("x", func(tx *git.Tx) error { return tx.PutFile("notes", []byte("x")) })
		},
		"edited": func(s *stand) { s.edit("fleet.yaml", "kind: Fleet\n", "kind: Fleet\n# seen by Ann\n") },
	}
	for _, how := range []string{"before", "after", "race", "edited"} {
		for at := range 3 {
			t.Run(fmt.Sprint(how, at), func(t *testing.T) {
				s, r, _ := rolling(t)
				for range at {
					if _, err := r.Advance(context.Background(), s.now); err != nil {
						t.Fatal(err)
					}
				}
				r.git.next, r.git.race = how, func() { people[how](s) }
				if how == "edited" {
					r.git.next = "race"
				}
				if _, err := r.Advance(context.Background(), s.now); err == nil {
					t.Fatal("Advance() = nil, want the failure of the push")
				}
				s.sell(4, right{product: "swg", start: s.now.AddDate(-1, 0, 0)})
				s.roll(r)
				if got := s.done("202"); !slices.Equal(got, whole) {
					t.Errorf("moves are %q, want each once", got)
				}
				if d := s.differences(s.now); len(d) > 0 {
					t.Errorf("a render from nothing changes %q", d)
				}
				s.checkMarks(t.Fatalf)
			})
		}
	}
}

// A decision that waits for its push is not lost when a change of tenants takes
// a full render: what its commit tells is in it.
func TestDecisionSurvivesAFullRender(t *testing.T) {
	short.Skip(t, "renders the example again and again")
	t.Parallel()
	s, r, _ := rolling(t)
	r.git.next = "before"
	if _, err := r.Advance(context.Background(), s.now); !errors.Is(err, errBroken) {
		t.Fatalf("Advance() = %v, want a broken connection", err)
	}
	r.Refetch()
	if err := r.look(context.Background()); err != nil {
		t.Fatal(err)
	}
	o, err := r.whole(context.Background(), s.now)
	if err != nil || !o.Full || len(o.Moves) != 1 || s.granted(r, "canary") != "202" {
		t.Errorf("whole() = %+v, %v, and canary is granted %s, want a full render, and both to say 202", o, err, s.granted(r, "canary"))
	}
	s.roll(r)
	if got := s.done("202"); !slices.Equal(got, whole) {
		t.Errorf("moves are %q, want each once", got)
	}
}

// Rings that a version did not reach want it no longer when it is taken back:
// that is a full render, which may fail like any other. Who ran it keeps its
// overlay: it is his until he hears of the way back.
func TestTakenBackIsAFullRender(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"", "before", "after"} {
		s, r, o := rolling(t)
		o.ill = ident.Must[ident.VersionKind]("202")
		var last Outcome
		for i := range 4 { // it is granted, found ill, ill for long, and at rest
			if i == 2 {
				r.git.next = how
			}
			out, err := r.Advance(context.Background(), s.now)
			if (err != nil) != (i == 2 && how != "") {
				t.Fatalf("%q: Advance() %d = %v", how, i, err)
			}
			if err != nil {
				r.Refetch()
				out = advance(t, s, r)
			}
			if i == 2 {
				last = out
			}
			s.now = s.now.Add(2 * time.Minute)
		}
		if got := s.granted(r, "canary"); !last.Full || got != "200" {
			t.Errorf("%q: the step is %+v and canary is granted %s, want a full render and 200", how, last, got)
		}
		if got, want := s.done("202"), []string{"swg=202 granted canary", "swg=202 back canary"}; !slices.Equal(got, want) {
			t.Errorf("%q: moves are %q, want %q", how, got, want)
		}
		for i, want := range map[int]bool{9: true, 1: false, 2: false} {
			if got := s.has(i, "202"); got != want {
				t.Errorf("%q: tenant %d has an overlay of 202: %t, want %t", how, i, got, want)
			}
		}
		if d := s.differences(s.now); len(d) > 0 {
			t.Errorf("%q: a render from nothing changes %q", how, d)
		}
	}
}

// Who people take back keeps the overlay that he runs until they want another one.
func TestRevertLeavesOverlays(t *testing.T) {
	t.Parallel()
	s, r, _ := rolling(t)
	s.roll(r)
	for version, want := range map[string]bool{"200": true, "202": true} {
		if got := s.has(9, version); got != want {
			t.Fatalf("tenant 9 has an overlay of %s: %t", version, got)
		}
	}
	s.bump("200")
	r.Refetch()
	advance(t, s, r)
	if got := s.granted(r, "main"); got != "200" || !s.has(1, "202") || !s.has(9, "202") {
		t.Errorf("main is granted %s after the revert, overlays of 202 are there: %t and %t", got, s.has(1, "202"), s.has(9, "202"))
	}
	if d := s.differences(s.now); len(d) > 0 {
		t.Errorf("a render from nothing changes %q", d)
	}
}

// has reports whether a tenant has an overlay of swg in Git.
func (s *stand) has(i int, version string) bool {
	s.t.Helper()
	id := ident.Must[ident.TenantKind](fmt.Sprint(1000000 + i))
	overlay := manifest.OverlayPath(id, ident.Must[ident.ProductKind]("swg"), ident.Must[ident.VersionKind](version))
	_, err := fs.Stat(s.people.FS(s.head()), "environments/local/"+overlay+"/"+manifest.DescriptorFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.t.Fatal(err)
	}
	return err == nil
}

// Without a sight of Argo CD nothing moves, and everything else goes on.
func TestUnseen(t *testing.T) {
	t.Parallel()
	s, r, o := rolling(t)
	o.err = errors.New("no route")
	before := s.head()
	_, err := r.Advance(context.Background(), s.now)
	var unseen *UnseenError
	if !errors.As(err, &unseen) || !errors.Is(err, o.err) || s.head().Commit != before.Commit {
		t.Errorf("Advance() = %v, want that nothing was seen, and nothing pushed", err)
	}
	s.sell(1, right{product: "swg", replicas: 7, start: s.now.AddDate(-1, 0, 0)})
	if err := s.settle(r); err != nil || s.head().Commit == before.Commit {
		t.Errorf("settling = %v, want the tenant pushed", err)
	}
	o.err = nil
	s.roll(r)
	if got := s.done("202"); !slices.Equal(got, whole) {
		t.Errorf("moves are %q, want them all when Argo CD answers", got)
	}
}

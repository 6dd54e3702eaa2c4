package observe_test

import (
	"context"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/argocd/observe"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// counting is an API server that refuses every refresh.
type counting struct {
	observe.Cluster
	tries *int
}

func (c counting) Refresh(context.Context, string) error { *c.tries++; return errBroken }

func TestWords(t *testing.T) {
	const approved, paused = "gatorcloud.io/approved", "gatorcloud.io/paused"
	for name, tc := range map[string]struct {
		reason, slice string
		notes         fields
		approved      string
		paused        bool
	}{
		"Nothing":       {"nobody said anything", "pop-main", nil, "", false},
		"Approved":      {"one press approves what waits", "pop-main", fields{approved: "dsa=31,swg=203"}, "203", false},
		"LastSlice":     {"the press may be on any of the ring's", "pop-main-0f", fields{approved: "swg=203"}, "203", false},
		"OtherVersion":  {"an approval is for what it names", "pop-main", fields{approved: "dsa=203,swg=202"}, "", false},
		"Longer":        {"203 is no 2030", "pop-main", fields{approved: "swg=2030"}, "", false},
		"Paused":        {"the action pause", "pop-main", fields{paused: "true"}, "", true},
		"PausedOddly":   {"the health check holds at any word", "pop-main-00", fields{paused: ""}, "", true},
		"Resumed":       {"the action resume", "pop-main", fields{paused: "false"}, "", false},
		"Both":          {"they are apart", "pop-main", fields{paused: "true", approved: "swg=203"}, "203", true},
		"NotOurs":       {"another Application with our labels", "mine", fields{paused: "true", approved: "swg=203"}, "", false},
		"OddAnnotation": {"no text", "pop-main", fields{approved: 5}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, 1)
			s.slice(main, "pop-main-10")
			for note, v := range tc.notes {
				set(s.slice(main, tc.slice), v, "metadata", "annotations", note)
			}
			o, err := s.Observe(t.Context(), s.in, s.r)
			if err != nil || o.Approved[key].String() != tc.approved || o.Paused[main] != tc.paused {
				t.Errorf("approved %q, paused %v, %v, want %q and %v: %s", o.Approved[key], o.Paused[main], err, tc.approved, tc.paused, tc.reason)
			}
		})
	}
}

// A ring whose people cannot be heard is held, for they may have said stop.
func TestUnheardIsPaused(t *testing.T) {
	s := newScene(t, 1)
	s.proven(ten)
	s.broken["level=ring"] = true
	o, err := s.Observe(t.Context(), s.in, s.r)
	if err == nil || !o.Paused[main] || sum(o.Slices[key]).Proven != 1 {
		t.Errorf("Observe() = %+v, %v, want main paused and its tenants seen", o, err)
	}
	res := rollout.Advance(s.in, s.r, o, ten)
	if len(res.Moves) > 0 || res.Reasons[0].Code != rollout.Paused {
		t.Errorf("Advance() moved %+v for %+v, want it to be paused", res.Moves, res.Reasons)
	}
}

func TestParts(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		change func(app fields)
		want   rollout.Verdict
	}{
		"Healthy":  {"proven by its own Application", func(fields) {}, rollout.Proven},
		"Degraded": {"its workloads are", func(a fields) { set(a, "Degraded", "status", "health", "status") }, rollout.Degraded},
		"Older":    {"the raise has not come there", func(a fields) { set(a, "environments/pop/shared/license/1", "spec", "source", "path") }, rollout.Unknown},
		"NotOurs":  {"another Application with its label", func(a fields) { set(a, "other", "metadata", "name") }, rollout.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, 1)
			s.r.Shared = map[ident.Component]rollout.Shared{license: {At: version("2"), Good: version("1")}}
			tc.change(s.part(license, "2"))
			s.observe()
			s.tick(time.Second)
			o, err := s.Observe(t.Context(), s.in, s.r)
			if got := o.Shared[license]; err != nil || got.Verdict != tc.want || tc.want != rollout.Unknown && got.Version != version("2") {
				t.Errorf("license is %+v, %v, want %d: %s", got, err, tc.want, tc.reason)
			}
			res := rollout.Advance(s.in, s.r, o, ten)
			if got := res.Rollouts.Shared[license].Good == version("2"); got != (tc.want == rollout.Proven) {
				t.Errorf("license served: %v for %d: %s", got, tc.want, tc.reason)
			}
		})
	}
}

// A part that waits for no proof is not listed, and one that does waits for a look.
func TestPartsThatWait(t *testing.T) {
	s := newScene(t, 1)
	s.r.Shared = map[ident.Component]rollout.Shared{license: {At: version("2"), Good: version("2")}}
	s.part(license, "2")
	o, err := s.Observe(t.Context(), s.in, s.r)
	if len(o.Shared) > 0 || err != nil || len(s.lists) != 2 {
		t.Errorf("observed %v, %v by %q, want no look at parts", o.Shared, err, s.lists)
	}
	s.r.Shared[license] = rollout.Shared{At: version("2")}
	if o, err = s.Observe(t.Context(), s.in, s.r); o.Shared[license].Verdict != rollout.Pending || err != nil {
		t.Errorf("observed %v, %v, want it to wait for a look", o.Shared, err)
	}
	s.tick(time.Second)
	s.broken["level=shared"] = true
	if o, err = s.Observe(t.Context(), s.in, s.r); len(o.Shared) > 0 || err == nil {
		t.Errorf("observed %v, %v, want silence", o.Shared, err)
	}
	clear(s.broken)
	if o, err = s.Observe(t.Context(), s.in, s.r); o.Shared[license].Verdict != rollout.Proven || err != nil {
		t.Errorf("observed %v, %v, want it proven: what was asked for is remembered", o.Shared, err)
	}
}

// A straggler whose place is granted what he runs joins his ring when his own
// slice is seen to ask for that, and by nothing else.
func TestAsked(t *testing.T) {
	for name, tc := range map[string]struct {
		reason, mine, other, broken string
		joins                       bool
	}{
		"Asks":      {"the fleet's operation wrote what the lane was granted", "203", "202", "", true},
		"AsksOld":   {"he would run 202 until the fleet is synced", "202", "203", "", false},
		"AsksNone":  {"it is new, or not ours to read", "", "203", "", false},
		"Unheard":   {"silence opens nothing", "203", "203", "level=ring", false},
		"Unlooked":  {"what he runs is not asked", "203", "203", "level=product", true},
		"OtherOnly": {"the other product's version is none of this one", "dsa", "203", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, 3)
			s.proven(ten)
			s.in.Fleet.Batch = 1
			s.lane(func(l *rollout.Lane) {
				l.Good = append(l.Good, version("203"))
				l.Stragglers = map[ident.Tenant]ident.Version{tenant(0): version("203")}
			})
			bits := s.in.Bits(s.r, 0)
			for i := range 1 << bits {
				b, asks := manifest.Batch{Ring: main, Bits: bits, Index: i}, fields{"swg": tc.other}
				if b == manifest.BatchOf(main, bits, rollout.PlaceOf(tenant(0))) {
					asks = fields{"swg": tc.mine}
				}
				if asks["swg"] == "dsa" {
					asks = fields{"dsa": "203"}
				}
				set(s.slice(main, manifest.AppRing(place.Environment, b)), []any{fields{"name": manifest.ParameterVersions, "map": asks}},
					"spec", "source", "plugin", "parameters")
			}
			if tc.broken != "" {
				s.broken[tc.broken] = true
			}
			o, _ := s.Observe(t.Context(), s.in, s.r)
			delete(o.Paused, main)
			res := rollout.Advance(s.in, s.r, o, ten)
			if joined := len(res.Moves) == 1 && res.Moves[0].What == rollout.Joined; bits == 0 || joined != tc.joins {
				t.Errorf("Advance() with %v asked moved %+v for %+v, want him to join: %v: %s", o.Asked, res.Moves, res.Reasons, tc.joins, tc.reason)
			}
		})
	}
}

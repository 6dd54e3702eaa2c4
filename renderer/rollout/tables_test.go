package rollout_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/short"
	. "github.com/gatorcloud/sluice/renderer/rollout"
	"pgregory.net/rapid"
)

// The tenants of a share of the first hash stand everywhere in the second.
func TestPlaceIsApartFromPoint(t *testing.T) {
	sixteenths := map[uint32]int{}
	n := 0
	for i := range 20000 {
		if environments.Point(id(i)) < 1<<32/100*5 {
			sixteenths[PlaceOf(id(i))>>28]++
			n++
		}
	}
	for s := range uint32(16) {
		if got := sixteenths[s]; got < n/16/2 || got > n/16*2 {
			t.Errorf("%d of %d tenants of one share stand in sixteenth %d, want about %d", got, n, s, n/16)
		}
	}
	if got := PlaceOf(id(6)); got != 0xdf7a52ad {
		t.Errorf("PlaceOf(1000006) = %#x; places are in files and may not change", got)
	}
}

func TestBits(t *testing.T) {
	key := Key{ring("main"), swg}
	for name, tc := range map[string]struct {
		reason  string
		tenants int
		steps   []int
		at      []Segment
		cut     int
		want    int
	}{
		"Small":       {"a ring without steps is one slice", 50, nil, nil, 0, 0},
		"Grown":       {"slices hold about a batch", 401, nil, nil, 0, 3},
		"Steps":       {"steps need slices to stop at", 5, []int{10}, nil, 0, 4},
		"Frontier":    {"a frontier lies at a slice's end", 5, nil, []Segment{{1 << 26, v("203")}, {End, v("202")}}, 0, 6},
		"InMotion":    {"a ring in motion keeps its cut", 401, []int{10}, []Segment{{1 << 28, v("203")}, {End, v("202")}}, 5, 5},
		"AtRest":      {"a ring at rest is cut by its size", 401, []int{10}, []Segment{{End, v("202")}}, 9, 4},
		"InMotionNew": {"without a cut at head the size counts", 3300, nil, []Segment{{1 << 31, v("203")}, {End, v("202")}}, 0, 6},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "main")
			w.publish(swg)
			w.ring("main").Steps = tc.steps
			w.onboard("main", 0, tc.tenants, swg)
			in := w.input()
			in.Cut = map[ident.Ring]int{ring("main"): tc.cut}
			r := Rollouts{Lanes: map[Key]Lane{}}
			if tc.at != nil {
				r.Lanes[key] = Lane{At: tc.at}
			}
			if got := in.Bits(r, 0); got != tc.want {
				t.Errorf("Bits() = %d, want %d: %s", got, tc.want, tc.reason)
			}
		})
	}
}

func TestWindows(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) time.Time {
		x, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for name, tc := range map[string]struct {
		reason, opens, now string
		open               bool
		next               string
	}{
		"Inside":       {"hours are the zone's", "Mon-Thu 09:00-16:00", "2026-11-30T08:00:00Z", true, ""},
		"Before":       {"08:59 in Berlin", "Mon-Thu 09:00-16:00", "2026-11-30T07:59:00Z", false, "2026-11-30T08:00:00Z"},
		"EndIsOut":     {"16:00 is closed", "Mon-Thu 09:00-16:00", "2026-11-30T15:00:00Z", false, "2026-12-01T08:00:00Z"},
		"OverWeekend":  {"Thursday evening waits for Monday", "Mon-Thu 09:00-16:00", "2026-12-03T20:00:00Z", false, "2026-12-07T08:00:00Z"},
		"Summer":       {"the same hour of the wall is an hour earlier in UTC", "Mon-Thu 09:00-16:00", "2026-06-01T07:00:00Z", true, ""},
		"SpringGap":    {"02:30 does not exist on this Sunday", "Sun 02:00-03:00", "2026-03-29T00:59:00Z", false, "2026-04-05T00:00:00Z"},
		"SpringAcross": {"an hour that is left out shortens the window", "Sun 01:00-04:00", "2026-03-29T01:30:00Z", true, ""},
		"AutumnTwice":  {"02:30 is there twice, and open both times", "Sun 02:00-03:00", "2026-10-25T01:30:00Z", true, ""},
		"AutumnFirst":  {"the first of the two", "Sun 02:00-03:00", "2026-10-25T00:30:00Z", true, ""},
		"Midnight":     {"a window may end on the next day", "Sat 22:00-02:00", "2026-12-06T00:30:00Z", true, ""},
		"MidnightOver": {"but only of the day it began", "Sat 22:00-02:00", "2026-12-05T00:30:00Z", false, "2026-12-05T21:00:00Z"},
		"WrappedDays":  {"days may pass the week's end", "Fri-Mon 09:00-16:00", "2026-11-29T09:00:00Z", true, ""},
		"WholeDay":     {"24:00 is the end of a day", "Mon 00:00-24:00", "2026-11-30T22:59:00Z", true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			win, err := ParseWindow(tc.opens)
			if err != nil {
				t.Fatal(err)
			}
			w := stage(t)
			w.fleet.Zone = berlin
			w.ring("canary").Opens = []Window{win}
			w.now = at(tc.now)
			w.want(swg, "203")
			w.tick()
			if open := w.lane("canary", swg) == "203"; open != tc.open {
				t.Fatalf("granted at %s: %v, want %v: %s", tc.now, open, tc.open, tc.reason)
			}
			if !tc.open {
				if r := w.reasons[0]; r.Code != Hours || !r.Until.Equal(at(tc.next)) {
					t.Errorf("reason %s until %s, want hours until %s: %s", r.Code, r.Until.UTC().Format(time.RFC3339), tc.next, tc.reason)
				}
			}
		})
	}
}

func TestParseWindowRefuses(t *testing.T) {
	for _, in := range []string{"", "Mon", "Mon 9:00-16:00", "Mon 09:00", "mon 09:00-16:00", "Mon-Xyz 09:00-16:00", "Mon 09:00-09:00", "Mon 09:60-10:00",
		"Mon 25:00-26:00", "Mon 24:00-01:00", "Mon 09:00-24:01", "Mon 09:00-16:00-18:00", "Mon -9:00-16:00", "Mon-Tue-Wed 09:00-16:00", "Mon 09:00-16:00 ", strings.Repeat("x", 9999)} {
		_, err := ParseWindow(in)
		if err == nil || fault.HintOf(err) == "" || strings.Contains(err.Error(), "\n") || len(err.Error()) > 200 {
			t.Errorf("ParseWindow(%.30q) = %v, want a short line with a hint", in, err)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	w := stage(t)
	w.ring("main").Steps = []int{50}
	w.want(swg, "203")
	w.tenants[id(40)].holds[swg].active = false
	w.until("main", swg, "203<37% 202")
	key := Key{ring("main"), swg}
	lane := w.rollouts.Lanes[key]
	lane.Since, lane.Sick, lane.Approved, lane.Left = start, 2, v("203"), vs("204")
	w.rollouts.Lanes[key] = lane
	body, _, _ := strings.Cut(string(w.rollouts.Encode()), "seal:")
	for name, tc := range map[string]struct{ reason, old, new string }{
		"Unsorted":     {"one form only", `"canary"`, `"zebra"`},
		"Unquoted":     {"one form only", `at: "202"`, "at: '202'"},
		"Comment":      {"one form only", "rings:", "rings: # mine"},
		"UnknownField": {"nothing is passed over", `at: "202"`, "at: \"202\"\n      more: \"1\""},
		"Kind":         {"no other file", "kind: Rollouts", "kind: Fleet"},
		"Version":      {"no other format", "/v1\n", "/v2\n"},
		"Descending":   {"a frontier is ahead", `version: "203"`, `version: "201"`},
		"SameAhead":    {"a frontier has a version of its own", `version: "203"`, `version: "202"`},
		"NoFrontier":   {"a frontier is a place", `{to: "6"`, `{to: ""`},
		"OddFrontier":  {"a frontier is at a slice's end", `{to: "6"`, `{to: "60000001"`},
		"LongFrontier": {"a frontier is below the end", `{to: "6"`, `{to: "600000000"`},
		"HexFrontier":  {"digits are hexadecimal", `{to: "6"`, `{to: "6g"`},
		"TwoFrontiers": {"frontiers rise", `{to: "6", version: "203"}`, `{to: "6", version: "204"}, {to: "6", version: "203"}`},
		"GoodOrder":    {"good versions rise", `good: ["202", "203"]`, `good: ["203", "202"]`},
		"GoodAhead":    {"nothing is good that was not run", `good: ["202", "203"]`, `good: ["202", "204"]`},
		"LeftOrder":    {"left versions rise", `left: ["204"]`, `left: ["205", "204"]`},
		"LeftGranted":  {"what is granted was not left", `left: ["204"]`, `left: ["203"]`},
		"Name":         {"names pass the gate", `"main"`, `"../x"`},
		"BadVersion":   {"versions pass the gate", `at: "202"`, `at: "../x"`},
		"Time":         {"stamps are stamps", `since: "`, `since: "x`},
		"Sick":         {"nobody is less than nobody", "sick: 2", "sick: -2"},
		"TimeZone":     {"stamps are UTC", `:00Z"`, `:00+01:00"`},
		"Straggler":    {"one tenant, one version", `"202": ["1000040"]`, `"202": ["1000040", "1000040"]`},
		"Alias":        {"no alias bombs", `at: "202"`, `at: &a "202"`},
		"Duplicate":    {"one lane, one line", `    "dsa": {at: "30", good: ["30"]}`, "    \"dsa\": {at: \"30\", good: [\"30\"]}\n    \"dsa\": {at: \"30\", good: [\"30\"]}"},
		"Empty":        {"a sealed nothing is none", body, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(body, tc.old) {
				t.Fatalf("%q is not in\n%s", tc.old, body)
			}
			_, err := Decode(manifest.Seal([]byte(strings.Replace(body, tc.old, tc.new, 1))))
			if err == nil {
				t.Fatalf("Decode(%q for %q) = nil error: %s", tc.new, tc.old, tc.reason)
			}
			if strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), File) || !strings.Contains(fault.HintOf(err), "adopt") {
				t.Errorf("Decode() = %v, hint %q, want one line that names the file and adopt", err, fault.HintOf(err))
			}
		})
	}
	if _, err := Decode([]byte(strings.Replace(string(w.rollouts.Encode()), `"203"`, `"202"`, 1))); err == nil {
		t.Error("Decode() of an edited file = nil error, want its seal to be broken")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("rings:\n- name: \"main\"\n"))
	f.Add(Rollouts{}.Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, in := range [][]byte{data, manifest.Seal(slices.Clone(data))} {
			r, err := Decode(in)
			if err == nil && string(r.Encode()) != string(in) {
				t.Errorf("Decode(%q) encodes to %q", in, r.Encode())
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("Decode(%q) = %v, want one line", in, err)
			}
		}
	})
}

// A lane at rest is a line, and what a grant changes fits on a screen.
func TestFileIsSmall(t *testing.T) {
	r := Rollouts{Lanes: map[Key]Lane{}}
	for i := range 64 {
		for j := range 10 {
			r.Lanes[Key{ring(fmt.Sprintf("ring%02d", i)), product(fmt.Sprintf("p%d", j))}] = Lane{At: []Segment{{End, v("202")}}, Good: vs("200", "202")}
		}
	}
	quiet := r.Encode()
	key := Key{ring("ring05"), product("p5")}
	r.Lanes[key] = Lane{At: []Segment{{1 << 28, v("203")}, {End, v("202")}}, Good: vs("200", "202")}
	moved := r.Encode()
	if len(quiet) > 40<<10 {
		t.Errorf("64 rings of 10 products take %d bytes, want at most 40 KiB", len(quiet))
	}
	before, changed := map[string]bool{}, 0
	for l := range strings.SplitSeq(string(quiet), "\n") {
		before[l] = true
	}
	for l := range strings.SplitSeq(string(moved), "\n") {
		if !before[l] {
			changed++
		}
	}
	if changed > 5 {
		t.Errorf("the first grant of a rollout writes %d new lines, want at most 5", changed)
	}
}

// Products do not influence each other: what one does, it does the same alone.
func TestProductsAreIndependent(t *testing.T) {
	short.Skip(t, "plays hundreds of histories")
	rapid.Check(t, func(t *rapid.T) {
		both, alone := newWorld(t, "canary", "main"), newWorld(t, "canary", "main")
		soak := rapid.SampledFrom([]time.Duration{0, time.Minute}).Draw(t, "soak")
		for i, w := range []*world{both, alone} {
			w.publish(swg, versions...)
			w.want(swg, "200")
			w.ring("canary").Soak, w.ring("main").Steps, w.ring("main").Rollback = soak, []int{50}, true
			if w.publish(dsa); i == 0 {
				w.publish(dsa, versions...)
				w.want(dsa, "200")
				w.onboard("canary", 0, 3, swg, dsa)
				w.onboard("main", 3, 23, swg, dsa)
			} else {
				w.onboard("canary", 0, 3, swg)
				w.onboard("main", 3, 23, swg)
			}
		}
		for range 25 {
			to := rapid.SampledFrom(append(versions, "", "", "", "")).Draw(t, "swg")
			bad := rapid.Bool().Draw(t, "bad")
			for _, w := range []*world{both, alone} {
				if w.bad[ref{swg, v("203")}] = bad; to != "" {
					w.want(swg, to)
				}
			}
			if other := rapid.SampledFrom(append(versions, "", "")).Draw(t, "dsa"); other != "" {
				both.want(dsa, other)
				both.bad[ref{dsa, v(other)}] = rapid.Bool().Draw(t, "dsaBad")
			}
			both.tick()
			alone.tick()
			for _, r := range []string{"canary", "main"} {
				if a, b := fmt.Sprint(both.rollouts.Lanes[Key{ring(r), swg}]), fmt.Sprint(alone.rollouts.Lanes[Key{ring(r), swg}]); a != b {
					t.Fatalf("swg in %s is %s beside dsa, and %s alone", r, a, b)
				}
			}
		}
	})
}

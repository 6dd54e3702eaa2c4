package rollout_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/short"
	. "github.com/gatorcloud/sluice/renderer/rollout"
)

// A forecast is advance run ahead: the moves that a healthy fleet makes, no
// earlier than it makes them.
func TestForecast(t *testing.T) {
	short.Skip(t, "plays whole rollouts")
	w := stage(t)
	hours, err := ParseWindow("Tue-Wed 09:00-16:00")
	if err != nil {
		t.Fatal(err)
	}
	w.ring("canary").Soak = time.Hour
	w.ring("early").Opens = []Window{hours}
	w.ring("early").Approval = true
	*w.ring("main") = Ring{Name: ring("main"), Versions: w.ring("main").Versions, Steps: []int{10, 50}, StepSoak: 30 * time.Minute, Parallel: 4}
	w.fleet.Freezes = []Freeze{{From: start.AddDate(0, 0, 1), To: start.AddDate(0, 0, 1).Add(3 * time.Hour)}}
	w.want(swg, "203")
	outlook := Forecast(w.input(), w.rollouts, w.now)
	moves, left := outlook.Moves, outlook.Stands
	if len(left) > 0 {
		t.Errorf("the forecast leaves %+v", left)
	}
	first := map[string]time.Time{}
	for _, m := range moves {
		if key := fmt.Sprint(m.Ring, " ", m.What); first[key].IsZero() {
			first[key] = m.At
		}
	}
	for key, want := range map[string]time.Time{
		"canary granted": w.now, "canary passed": w.now.Add(time.Hour), "early granted": start.Add(27 * time.Hour), "main passed": start.Add(28 * time.Hour),
	} {
		if got := first[key]; !got.Equal(want) {
			t.Errorf("%s at %v, want %v", key, got, want)
		}
	}

	var waits []string
	for _, r := range outlook.Waits {
		waits = append(waits, fmt.Sprint(r.Ring, " ", r.Code))
	}
	slices.Sort(waits)
	if got, want := slices.Compact(waits), []string{"canary soak", "early freeze", "early hours", "main soak"}; !slices.Equal(got, want) {
		t.Errorf("the forecast waits for %q, want %q", got, want)
	}
	for _, name := range []string{"canary", "early", "main"} {
		if got := outlook.Rollouts.Lanes[Key{ring(name), swg}].Granted(End); got != v("203") {
			t.Errorf("ring %s ends at %q, want 203", name, got)
		}
	}

	w.pace = 5 * time.Minute
	for range 400 { // the fleet does the same, a little later
		if w.lane("early", swg) == "203" {
			w.approve("early", swg, "203")
		}
		w.tick()
	}
	grants := func(at func(i int) Move, n int) (all []string) {
		for i := range n {
			if m := at(i); m.What == Granted {
				all = append(all, fmt.Sprint(m.Ring, m.Version, m.To))
			}
		}
		return all
	}
	a := grants(func(i int) Move { return moves[i].Move }, len(moves))
	b := grants(func(i int) Move { return w.moves[i] }, len(w.moves))
	if !slices.Equal(a, b) {
		t.Errorf("forecast grants\n%v\nthe fleet's\n%v", a, b)
	}
}

// A forecast ends where people must act, and says so.
func TestForecastNamesWhatStands(t *testing.T) {
	w := stage(t)
	w.fleet.Holds = []Hold{{Ring: ring("early"), Product: swg, Version: v("202"), Reason: "audit"}}
	w.want(swg, "203")
	left := Forecast(w.input(), w.rollouts, w.now).Stands
	var codes []Code
	for _, r := range left {
		codes = append(codes, r.Code)
	}
	if want := []Code{Held, RingBefore}; !slices.Equal(codes, want) {
		t.Errorf("the forecast leaves %v, want %v", codes, want)
	}
}

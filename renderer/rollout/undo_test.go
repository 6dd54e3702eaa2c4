package rollout_test

import (
	"fmt"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	. "github.com/gatorcloud/sluice/renderer/rollout"
)

// In the middle of a rollout of 203: canary has it, early has a half of it,
// main has not begun, and nobody in late runs the product.
func TestUndo(t *testing.T) {
	lane := func(good []ident.Version, at ...Segment) Lane { return Lane{At: at, Good: good} }
	for name, tc := range map[string]struct {
		reason, only, to string
		main             Lane
		blocked          string
		want             string
	}{
		"All":       {reason: "each ring to its last good one", want: "map[canary:202 early:202 late:202 main:202] []"},
		"One":       {reason: "one ring alone", only: "early", want: "map[early:202] []"},
		"To":        {reason: "further, along edges", to: "200", only: "main", want: "map[main:200] []"},
		"Straggles": {reason: "a ring that never passed 202 goes to 200", main: lane(vs("200"), Segment{End / 2, v("202")}, Segment{End, v("200")}), want: "map[canary:202 early:202 late:200 main:200] []"},
		"ToFar":     {reason: "203 leads back to 202 alone", to: "200", only: "canary", want: "map[] [no-way-back]"},
		"Unknown":   {reason: "what was never good is no way back", to: "201", only: "main", want: "map[] [no-way-back]"},
		"NoGood":    {reason: "there is nothing before it", main: lane(nil, Segment{End, v("203")}), only: "main", want: "map[] [no-way-back]"},
		"Blocked":   {reason: "nobody goes back to what people refuse", blocked: "202", only: "main", want: "map[main:200] []"},
		"Already":   {reason: "nothing to do", only: "late", to: "203", want: "map[] []"},
		"Nothing":   {reason: "what is not published is no way back", only: "late", to: "199", want: "map[] [no-way-back]"},
		"NoRing":    {reason: "no ring has it", only: "none", want: "map[] []"},
	} {
		t.Run(name, func(t *testing.T) {
			f := &Fleet{}
			for _, name := range []string{"canary", "early", "main", "late"} {
				f.Rings = append(f.Rings, Ring{Name: ring(name), Versions: map[ident.Product]ident.Version{swg: v("203"), dsa: v("31")}})
			}
			if tc.blocked != "" {
				f.Blocked = []Blocked{{swg, v(tc.blocked), "x"}}
			}
			r := Rollouts{Lanes: map[Key]Lane{
				{ring("canary"), swg}: lane(vs("200", "202", "203"), Segment{End, v("203")}),
				{ring("early"), swg}:  lane(vs("200", "202"), Segment{End / 2, v("203")}, Segment{End, v("202")}),
				{ring("main"), swg}:   lane(vs("200", "202"), Segment{End, v("202")}),
			}}
			if tc.main.At != nil {
				r.Lanes[Key{ring("main"), swg}] = tc.main
			}
			var tenants []Tenant
			for i := range 6 {
				key, place := Key{f.Rings[i/2].Name, swg}, Place(i%2)<<31
				tenants = append(tenants, Tenant{ID: id(i), Ring: i / 2, Was: key.Ring, Place: place,
					Products: map[ident.Product]Holding{swg: {Active: true, Ran: r.Version(key, id(i), place, v(""))}}})
			}
			in := &Input{Fleet: f, Census: NewCensus(tenants), Catalog: Catalog{swg: {v("200"): {}, v("201"): {}, v("202"): {}, v("203"): {DowngradesTo: vs("202")}}}}
			only := ident.Ring{}
			if tc.only != "" {
				only = ring(tc.only)
			}
			wants, reasons := in.Undo(r, swg, only, v(tc.to))
			codes := []Code{}
			for _, why := range reasons {
				codes = append(codes, why.Code)
			}
			if got := fmt.Sprint(wants, codes); got != tc.want {
				t.Errorf("Undo() = %s, want %s: %s", got, tc.want, tc.reason)
			}
			if len(reasons) > 0 {
				return
			}
			for i := range f.Rings {
				if w, ok := wants[f.Rings[i].Name]; ok {
					f.Rings[i].Versions[swg] = w
				}
			}
			for k, l := range Settle(in, r).Lanes {
				if w, ok := wants[k.Ring]; ok && (len(l.At) != 1 || compareText(l.At[0].Version, w) > 0) {
					t.Errorf("Settle() after Undo() leaves %v at %v, want %s: %s", k, l.At, w, tc.reason)
				}
			}
		})
	}
}

func compareText(a, b ident.Version) int { return ident.CompareVersions(a.String(), b.String()) }

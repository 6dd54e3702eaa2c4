package rollout_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	. "github.com/gatorcloud/sluice/renderer/rollout"
)

// told writes trips as 200>202>203.
func told(trips []Trip) string {
	var all []string
	for _, t := range trips {
		way := t.From.String()
		for _, s := range t.Stops {
			way += ">" + s.String()
		}
		all = append(all, way)
	}
	return strings.Join(all, " ")
}

func TestTrips(t *testing.T) {
	sold := Catalog{swg: {
		v("200"): {}, v("201"): {}, v("202"): {UpgradesFrom: vs("200", "201"), DowngradesTo: vs("200")},
		v("203"): {UpgradesFrom: vs("202"), DowngradesTo: vs("202")}, v("204"): {UpgradesFrom: vs("199")},
	}}
	half := Lane{At: []Segment{{End / 2, v("203")}, {End, v("202")}}, Good: vs("200", "202")}
	for name, tc := range map[string]struct {
		reason string
		lane   Lane
		wants  string // of the ring until now
		want   string
		trips  string
		code   Code
	}{
		"Straight":    {"an edge", Lane{At: []Segment{{End, v("200")}}}, "200", "202", "200>202", ""},
		"Hops":        {"through a required stop", Lane{At: []Segment{{End, v("200")}}}, "200", "203", "200>202>203", ""},
		"HalfWay":     {"each from where it is", half, "203", "203", "203 202>203", ""},
		"NoEdge":      {"nothing leads there", half, "203", "204", "203 202", NoEdge},
		"Back":        {"whoever is there stays", half, "203", "202", "203>202 202", ""},
		"BackFar":     {"203 does not go to 200", half, "203", "200", "203 202", NoWayBack},
		"BackForth":   {"back to what is good, and on from there", Lane{At: []Segment{{End, v("202")}}, Good: vs("200")}, "202", "201", "202>200>201", ""},
		"Blocked":     {"people refuse it", half, "203", "200.1", "", Blocking},
		"Unpublished": {"the catalog has none", half, "203", "299", "", Unpublished},
		"NoLane":      {"nothing is rendered yet: what fleet.yaml names runs", Lane{}, "200", "203", "200>202>203", ""},
		"NoLaneBack":  {"the same downwards", Lane{}, "203", "202", "203>202", ""},
		"NoLaneStuck": {"203 does not go to 200", Lane{}, "203", "200", "203", NoWayBack},
		"First":       {"the product is new there", Lane{}, "", "203", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			k := Key{ring("main"), swg}
			sold[swg][v("200.1")] = Edges{}
			fleet := &Fleet{Rings: []Ring{{Name: k.Ring, Versions: map[ident.Product]ident.Version{swg: v(tc.wants)}}}, Blocked: []Blocked{{swg, v("200.1"), "INC-1"}}}
			r := Rollouts{Lanes: map[Key]Lane{}}
			if len(tc.lane.At) > 0 {
				r.Lanes[k] = tc.lane
			}
			trips, code := (&Input{Fleet: fleet, Catalog: sold, Census: NewCensus(nil)}).Trips(r, k, v(tc.want))
			if got := told(trips); got != tc.trips || code != tc.code {
				t.Errorf("Trips(%s) = %q, %q, want %q, %q: %s", tc.want, got, code, tc.trips, tc.code, tc.reason)
			}
		})
	}
}

func TestOvertakes(t *testing.T) {
	for name, tc := range map[string]struct{ reason, wants, ring string }{
		"Level":     {"all at one version", "203 203 203", ""},
		"Falling":   {"as a rollout leaves them", "203 202 200", ""},
		"Overtakes": {"main comes after early", "203 202 203", "2"},
		"First":     {"the nearest of several", "200 202 203", "1"},
		"Unoffered": {"who does not offer it proves nothing", "203 - 202", ""},
		"Past":      {"nor hides who does", "202 - 203", "2"},
	} {
		f := &Fleet{}
		for i, version := range strings.Fields(tc.wants) {
			g := Ring{Name: ring(fmt.Sprintf("r%d", i)), Versions: map[ident.Product]ident.Version{}}
			if version != "-" {
				g.Versions[swg] = v(version)
			}
			f.Rings = append(f.Rings, g)
		}
		got, before := f.Overtakes(swg)
		if (got == nil) != (tc.ring == "") || got != nil && (got.Name != ring("r"+tc.ring) || before == nil) {
			t.Errorf("%s: Overtakes(%s) = %v, %v, want ring %q: %s", name, tc.wants, got, before, tc.ring, tc.reason)
		}
	}
}

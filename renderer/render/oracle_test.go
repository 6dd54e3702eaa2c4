package render_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// The oracle says in plain words what the fleet of some facts has to look
// like, by tables of its own. It shares no code with the renderer but the
// place of a tenant among all; found says the same of rendered files.

// shares is what the versions of sold require, with all that is below.
var shares = map[string]struct{ tenant, environment []string }{
	"swg 200": {tenant: []string{"identity 3 after 1"}},
	"swg 202": {tenant: []string{"identity 4 after 1", "keys 1 after 0"}, environment: []string{"geoip 1"}},
	"dsa 31":  {tenant: []string{"identity 3 after 1"}},
	"ucwi 5":  {environment: []string{"dns 1", "geoip 2"}},
}

// waves are those of the environment-shared components of sold.
var waves = map[string]int{"dns": 0, "geoip": 1}

// words are facts about a fleet, one a line.
type words []string

func (w *words) say(format string, args ...any) { *w = append(*w, fmt.Sprintf(format, args...)) }

// expected says what a fleet in batches of a size has to look like.
func expected(all map[string]authz.Facts, size int) []string {
	var w words
	rings := map[string][]authz.Facts{"canary": nil, "main": nil}
	needs, keeps := map[string]string{}, map[string]bool{}
	for _, f := range sorted(all) {
		ring := "main"
		if point(f.Tenant.ID) < .30 {
			ring = "canary"
		}
		rings[ring] = append(rings[ring], f)
		w.tenant(f, ring)
		require(f, ring, needs, keeps)
	}
	for ring, members := range rings {
		w.ring(ring, members, size)
	}
	for name, version := range needs {
		w.say("fleet: has %s at %s in wave %d, pruned last", name, version, waves[name])
	}
	for part := range keeps {
		w.say("shared: has %s", part)
	}
	return slices.Sorted(slices.Values(w))
}

// point is a tenant's place in [0, 1).
func point(id ident.Tenant) float64 { return float64(environments.Point(id)) / (1 << 32) }

// inPlay are the versions that a ring renders for an authorisation, the effective one first.
func inPlay(ring string, a authz.Authorisation) []string {
	all := map[string][]string{"canary swg": {"202", "200"}, "main swg": {"200"}}[ring+" "+a.Product.String()]
	switch {
	case a.Product.String() == "dsa":
		return []string{"31"}
	case a.Product.String() == "ucwi":
		return []string{"5"}
	case a.Version.IsZero() || a.Version.String() == all[0]:
		return all
	}
	return append([]string{a.Version.String()}, slices.DeleteFunc(all, func(v string) bool { return v == a.Version.String() })...)
}

// tenant says what stands in a tenant's folder.
func (w *words) tenant(f authz.Facts, ring string) {
	data, parts := false, map[string]bool{}
	for i, a := range f.Tenant.Authorisations {
		replicas, storage := max(a.Replicas, 1), a.Storage
		if storage == "" {
			storage = "10Gi"
		}
		if f.States[i] != authz.Active {
			replicas = 0
		}
		data = data || a.Product.String() == "swg"
		w.say("%s: %s in wave %d is %s at %v, pinned to %q", f.ID, a.Product, 100+i, f.States[i], inPlay(ring, a), a.Version)
		for _, v := range inPlay(ring, a) {
			required := shares[a.Product.String()+" "+v].tenant
			w.say("%s: %s %s is %s with %d replicas and %s and requires %q", f.ID, a.Product, v, f.States[i], replicas, storage, required)
			for _, part := range required {
				if f.States[i] == authz.Active {
					name, _, _ := strings.Cut(part, " after")
					parts[name] = true
				}
			}
		}
	}
	w.say("%s: the namespace stays: %t", f.ID, data || len(f.Kept) > 0)
	for part := range parts {
		w.say("%s: has %s", f.ID, part)
	}
}

// require notes what a tenant asks of the environment: needs are the highest
// versions that effective versions ask for, keeps all that are in play.
func require(f authz.Facts, ring string, needs map[string]string, keeps map[string]bool) {
	for i, a := range f.Tenant.Authorisations {
		for n, v := range inPlay(ring, a) {
			for _, part := range shares[a.Product.String()+" "+v].environment {
				if f.States[i] != authz.Active {
					continue
				}
				keeps[part] = true
				if name, version, _ := strings.Cut(part, " "); n == 0 {
					needs[name] = max(needs[name], version)
				}
			}
		}
	}
}

// ring says who is in which batch of a ring: there are as many as it takes for
// none to hold more than size if all are alike, and always a power of two.
func (w *words) ring(ring string, members []authz.Facts, size int) {
	batches := 1
	for len(members) > size*batches {
		batches *= 2
	}
	count := map[string]int{}
	for i := range batches {
		count[batch(ring, i, batches)] = 0
	}
	for _, f := range members {
		b := batch(ring, int(point(f.ID)*float64(batches)), batches)
		count[b]++
		released, pins := true, []string{}
		for i, a := range f.Tenant.Authorisations {
			released = released && f.States[i] == authz.Retained
			pins = append(pins, a.Product.String()+"@"+a.Version.String())
		}
		w.say("%s: holds %s with %v, released: %t", b, f.ID, pins, released || !f.ReleasedAt.IsZero())
	}
	for _, b := range slices.Sorted(maps.Keys(count)) {
		w.say("%s: counts %d", b, count[b])
		w.say("fleet: has ring %s", b)
	}
}

// batch is the name of a ring's i-th batch of n.
func batch(ring string, i, n int) string {
	if n == 1 {
		return ring
	}
	return fmt.Sprintf("%s-%02x", ring, i)
}

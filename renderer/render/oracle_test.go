package render_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/rollout"
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

// history is which version of swg each tenant runs; nobody has another one of
// the other products.
type history map[string]string

// next returns what tenants run after a change: what they are pinned to; what
// they ran, until the engine moves them; what their ring is granted, if they
// ran nothing.
func (h history) next(all map[string]authz.Facts) history {
	now := history{}
	for id, f := range all {
		for _, a := range f.Tenant.Authorisations {
			if a.Product.String() != "swg" {
				continue
			}
			switch {
			case !a.Version.IsZero():
				now[id] = a.Version.String()
			case h[id] != "":
				now[id] = h[id]
			default:
				now[id] = granted[ringOf(f.Tenant.ID)]
			}
		}
	}
	return now
}

// granted is what the rings of site grant of swg.
var granted = map[string]string{"canary": "202", "main": "200"}

func ringOf(id ident.Tenant) string {
	if point(id) < .30 {
		return "canary"
	}
	return "main"
}

// expected says what a fleet in slices of a size has to look like that was
// rendered once.
func expected(all map[string]authz.Facts, size int) []string {
	return history{}.next(all).expected(all, size)
}

func (h history) expected(all map[string]authz.Facts, size int) []string {
	var w words
	rings := map[string][]authz.Facts{"canary": nil, "main": nil}
	keeps := map[string]bool{}
	for _, f := range sorted(all) {
		ring := ringOf(f.Tenant.ID)
		rings[ring] = append(rings[ring], f)
		w.tenant(f, h.inPlay(f, ring))
		require(f, h.inPlay(f, ring), keeps)
	}
	for ring, members := range rings {
		w.ring(ring, members, size, h)
	}
	// The engine grants the parts that the versions of the rings need.
	for _, part := range []string{"geoip 2", "dns 1"} {
		keeps[part] = true
		name, version, _ := strings.Cut(part, " ")
		w.say("fleet: has %s at %s in wave %d, pruned last", name, version, waves[name])
	}
	for part := range keeps {
		w.say("shared: has %s", part)
	}
	return slices.Sorted(slices.Values(w))
}

// point is a tenant's place in [0, 1).
func point(id ident.Tenant) float64 { return float64(environments.Point(id)) / (1 << 32) }

// inPlay returns what says which versions of a product a tenant has ready: what
// his ring is granted and what he runs.
func (h history) inPlay(f authz.Facts, ring string) func(product string) []string {
	return func(product string) []string {
		switch product {
		case "dsa":
			return []string{"31"}
		case "ucwi":
			return []string{"5"}
		}
		all := []string{granted[ring], h[f.ID.String()]}
		slices.Sort(all)
		return slices.Compact(all)
	}
}

// tenant says what stands in a tenant's folder.
func (w *words) tenant(f authz.Facts, inPlay func(product string) []string) {
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
		versions := inPlay(a.Product.String())
		w.say("%s: %s is %s at %v", f.ID, a.Product, f.States[i], versions)
		for _, v := range versions {
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

// require notes what a tenant asks of the environment.
func require(f authz.Facts, inPlay func(product string) []string, keeps map[string]bool) {
	for i, a := range f.Tenant.Authorisations {
		for _, v := range inPlay(a.Product.String()) {
			for _, part := range shares[a.Product.String()+" "+v].environment {
				keeps[part] = keeps[part] || f.States[i] == authz.Active
			}
		}
	}
	maps.DeleteFunc(keeps, func(_ string, used bool) bool { return !used })
}

// ring says who is in which batch of a ring: there are as many as it takes for
// none to hold more than size if all are alike, and always a power of two.
func (w *words) ring(ring string, members []authz.Facts, size int, h history) {
	batches := 1
	for len(members) > size*batches {
		batches *= 2
	}
	count := map[string]int{}
	for i := range batches {
		count[batch(ring, i, batches)] = 0
	}
	for _, f := range members {
		b := batch(ring, int(float64(rollout.PlaceOf(f.ID))/(1<<32)*float64(batches)), batches)
		count[b]++
		released, pins := true, []string{}
		for i, a := range f.Tenant.Authorisations {
			released = released && f.States[i] == authz.Retained
			pins = append(pins, a.Product.String()+"@"+h.own(f, a, ring))
		}
		w.say("%s: holds %s with %v, released: %t", b, f.ID, pins, released || !f.ReleasedAt.IsZero())
	}
	for _, b := range slices.Sorted(maps.Keys(count)) {
		w.say("%s: counts %d", b, count[b])
		w.say("fleet: has ring %s", b)
	}
}

// own is the version that a tenant runs if his ring's file has to name it.
func (h history) own(f authz.Facts, a authz.Authorisation, ring string) string {
	if runs := h[f.ID.String()]; a.Product.String() == "swg" && (runs != granted[ring] || !a.Version.IsZero()) {
		return runs
	}
	return a.Version.String()
}

// batch is the name of a ring's i-th batch of n.
func batch(ring string, i, n int) string {
	if n == 1 {
		return ring
	}
	return fmt.Sprintf("%s-%02x", ring, i)
}

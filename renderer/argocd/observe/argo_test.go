package observe_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/renderer/argocd/observe"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

var (
	swg, dsa     = ident.Must[ident.ProductKind]("swg"), ident.Must[ident.ProductKind]("dsa")
	license      = ident.Must[ident.ComponentKind]("license")
	main, canary = ident.Must[ident.RingKind]("main"), ident.Must[ident.RingKind]("canary")
	ten          = time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)
	place        = manifest.Place{Environment: ident.Must[ident.EnvironmentKind]("pop"), RepoURL: "https://git.example/f.git", TargetRevision: "main",
		Project: "pop", ArgoCDNamespace: "argocd", Plugin: "sluice", DestinationName: "site"}
)

func version(s string) ident.Version { return ident.Must[ident.VersionKind](s) }
func tenant(n int) ident.Tenant      { return ident.Must[ident.TenantKind](fmt.Sprint(1000000 + n)) }

// argo behaves like an Argo CD: it looks at an Application when it is asked
// to, or at all of them when it is told to, and stamps what it saw by its own
// clock.
type argo struct {
	t      testing.TB
	now    time.Time
	apps   map[string]fields
	lists  []string        // selectors that were asked for
	asked  []string        // Applications that a refresh was asked for
	broken map[string]bool // selectors or names, or parts of them, that fail
	after  int             // how many Applications a broken list hands over before it fails
}

var _ observe.Cluster = (*argo)(nil)

var errBroken = errors.New("connection reset")

// fields are those of an object.
type fields = map[string]any

func newArgo(t testing.TB) *argo {
	return &argo{t: t, now: ten, apps: map[string]fields{}, broken: map[string]bool{}}
}

// breaks reports whether something fails.
func (a *argo) breaks(what string) bool {
	for part := range a.broken {
		if strings.Contains(what, part) {
			return true
		}
	}
	return false
}

func (a *argo) Each(ctx context.Context, selector string, see func([]byte)) error {
	a.lists = append(a.lists, selector)
	n := 0
	for _, name := range slices.Sorted(maps.Keys(a.apps)) {
		if labels, _ := get(a.apps[name], "metadata", "labels").(fields); !selects(selector, labels) {
			continue
		}
		if n++; a.breaks(selector) && n > a.after {
			break
		}
		data, err := json.Marshal(a.apps[name])
		if err != nil {
			a.t.Fatal(err)
		}
		see(data)
		clear(data) // whoever keeps it sees nothing
	}
	if a.breaks(selector) {
		return errBroken
	}
	return ctx.Err()
}

func selects(selector string, labels fields) bool {
	for term := range strings.SplitSeq(selector, ",") {
		if key, value, _ := strings.Cut(term, "="); labels[key] != value {
			return false
		}
	}
	return true
}

func (a *argo) Refresh(_ context.Context, name string) error {
	if a.breaks(name) {
		return errBroken
	}
	a.asked = append(a.asked, name)
	set(a.apps[name], "normal", "metadata", "annotations", "argocd.argoproj.io/refresh")
	return nil
}

// tick lets time pass, after which Argo CD looks at whatever it was asked to.
func (a *argo) tick(d time.Duration) {
	a.now = a.now.Add(d)
	for _, app := range a.apps {
		if get(app, "metadata", "annotations", "argocd.argoproj.io/refresh") != nil {
			a.look(app)
		}
	}
}

// resync looks at all.
func (a *argo) resync() {
	for _, app := range a.apps {
		a.look(app)
	}
}

func (a *argo) look(app fields) {
	set(app, nil, "metadata", "annotations", "argocd.argoproj.io/refresh")
	set(app, stamp(a.now), "status", "reconciledAt")
}

// sync makes an Application be what its parent hands it down, and syncs it.
// The health stays as it is.
func (a *argo) sync(app manifest.Application) fields {
	rendered := func() fields { // anew each time, so that no two places share one map
		var object fields
		if err := yaml.Unmarshal(app.Encode(), &object); err != nil {
			a.t.Fatal(err)
		}
		return object
	}
	source := func() any { return get(rendered(), "spec", "source") }
	wanted := rendered()
	is := a.apps[app.Name]
	if is == nil {
		is = wanted
		a.apps[app.Name] = is
		set(is, stamp(a.now), "metadata", "creationTimestamp")
		set(is, fields{"status": "Healthy", "lastTransitionTime": stamp(a.now)}, "status", "health")
	}
	set(is, wanted["spec"], "spec")
	set(is, fields{"status": "Synced", "comparedTo": fields{"source": source(), "destination": get(rendered(), "spec", "destination")}}, "status", "sync")
	set(is, fields{"phase": "Succeeded", "startedAt": stamp(a.now), "finishedAt": stamp(a.now), "syncResult": fields{"source": source()}}, "status", "operationState")
	history, _ := get(is, "status", "history").([]any)
	set(is, append(history, fields{"source": source(), "deployedAt": stamp(a.now)}), "status", "history")
	set(is, stamp(a.now), "status", "reconciledAt")
	return is
}

// product syncs a tenant's product at a version.
func (a *argo) product(n int, p ident.Product, ring ident.Ring, v string) fields {
	id := tenant(n)
	return a.sync(manifest.Application{Name: manifest.AppProduct(place.Environment, id, p), Place: place, Project: place.TenantsProject(), Level: "product",
		Path: manifest.EnvironmentPath(place.Environment) + "/" + manifest.OverlayPath(id, p, version(v)), Namespace: "t-" + id.String(),
		Versions: map[string]string{p.String(): v},
		Labels:   map[string]string{manifest.LabelTenant: id.String(), manifest.LabelProduct: p.String(), manifest.LabelVersion: v, manifest.LabelRing: ring.String()}})
}

// slice syncs the Application of a ring.
func (a *argo) slice(ring ident.Ring, name string) fields {
	return a.sync(manifest.Application{Name: name, Place: place, Level: "ring", Path: "rings/" + name, Local: true,
		Labels: map[string]string{manifest.LabelRing: ring.String()}})
}

func (a *argo) part(c ident.Component, v string) fields {
	return a.sync(manifest.Application{Name: manifest.AppShared(place.Environment, c), Place: place, Project: place.SharedProject(), Level: "shared",
		Path: manifest.EnvironmentPath(place.Environment) + "/" + manifest.SharedPath(c, version(v)), Namespace: "pop-shared",
		Versions: map[string]string{c.String(): v}, Labels: map[string]string{manifest.LabelComponent: c.String(), manifest.LabelVersion: v}})
}

func stamp(t time.Time) string { return t.Format(time.RFC3339) }

// set replaces the field at path; nil removes it.
func set(object fields, value any, path ...string) {
	for _, key := range path[:len(path)-1] {
		next, ok := object[key].(fields)
		if !ok {
			next = fields{}
			object[key] = next
		}
		object = next
	}
	if key := path[len(path)-1]; value == nil {
		delete(object, key)
	} else {
		object[key] = value
	}
}

func get(object fields, path ...string) any {
	var v any = object
	for _, key := range path {
		m, _ := v.(fields)
		v = m[key]
	}
	return v
}

// scene is tenants of one ring in the middle of a rollout of swg, 203 after 202.
type scene struct {
	*argo
	*observe.Observer
	in *rollout.Input
	r  rollout.Rollouts
}

var key = rollout.Key{Ring: main, Product: swg}

// newScene has tenants 0..n-1 at 203, the granted version, all seen at once.
func newScene(t testing.TB, n int) *scene {
	s := &scene{argo: newArgo(t), in: &rollout.Input{
		Fleet:   &rollout.Fleet{Rings: []rollout.Ring{{Name: main, Versions: map[ident.Product]ident.Version{swg: version("203")}}}},
		Catalog: rollout.Catalog{swg: {version("202"): {}, version("203"): {}}},
	}}
	var all []rollout.Tenant
	for i := range n {
		all = append(all, rollout.Tenant{ID: tenant(i), Was: main, Place: rollout.PlaceOf(tenant(i)),
			Products: map[ident.Product]rollout.Holding{swg: {Active: true, Ran: version("203")}}})
		s.product(i, swg, main, "203")
	}
	s.in.Census = rollout.NewCensus(all)
	s.r = rollout.Rollouts{Lanes: map[rollout.Key]rollout.Lane{key: {At: []rollout.Segment{{To: rollout.End, Version: version("203")}}, Good: []ident.Version{version("202")}}}}
	s.Observer = observe.New(s.argo, place)
	return s
}

// lane changes the lane.
func (s *scene) lane(change func(*rollout.Lane)) {
	l := s.r.Lanes[key]
	change(&l)
	s.r.Lanes[key] = l
}

// proven notes that the lane was proven at a time, after which nothing is just granted.
func (s *scene) proven(at time.Time) { s.lane(func(l *rollout.Lane) { l.Since = at }) }

// observe looks once, without an error, and returns the sum of the lane.
func (s *scene) observe() rollout.Slice {
	s.t.Helper()
	o, err := s.Observe(s.t.Context(), s.in, s.r)
	if err != nil || !o.Seen {
		s.t.Fatalf("Observe() = seen %v, %v, want an observation", o.Seen, err)
	}
	return sum(o.Slices[key])
}

// sum adds slices up; the versions have to be one.
func sum(all []rollout.Slice) rollout.Slice {
	var x rollout.Slice
	for _, s := range all {
		x.Version = s.Version
		x.Looked, x.Proven, x.Degraded, x.Excused, x.Sick = x.Looked+s.Looked, x.Proven+s.Proven, x.Degraded+s.Degraded, x.Excused+s.Excused, x.Sick+s.Sick
	}
	return x
}

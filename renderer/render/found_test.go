package render_test

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// checkFleet compares files with what the oracle says of their facts.
func checkFleet(t rapid.TB, files map[string][]byte, want []string) {
	t.Helper()
	r := reader{TB: t, files: files}
	for name := range files {
		r.file(name)
	}
	if d := cmp.Diff(want, slices.Sorted(slices.Values(r.words))); d != "" {
		t.Errorf("the fleet is not what its facts say (-want +got):\n%s", d)
	}
}

// reader says what rendered files hold, in the words of the oracle.
type reader struct {
	rapid.TB
	files map[string][]byte
	words
}

func (r *reader) file(name string) {
	inside, _ := strings.CutPrefix(name, "environments/local/")
	kind, rest, _ := strings.Cut(inside, "/")
	descriptor := path.Base(name) == manifest.DescriptorFile
	switch {
	case kind == "tenants" && strings.HasSuffix(name, "/base/sluice.yaml"):
		r.base(name)
	case kind == "tenants" && descriptor, kind == "shared" && descriptor:
		r.overlay(name)
	case kind == "rings" && descriptor:
		var d manifest.RingDescriptor
		r.decode(name, manifest.KindRing, &d)
		r.say("%s: counts %d", path.Dir(rest), d.Tenants)
	case kind == "rings":
		r.member(name, path.Dir(rest))
	case strings.HasPrefix(inside, "fleet/rings/"):
		r.say("fleet: has ring %s", strings.TrimSuffix(path.Base(name), ".yaml"))
	case strings.HasPrefix(inside, "fleet/shared/"):
		r.application(name)
	}
}

func (r *reader) decode(name, kind string, out any) {
	if err := manifest.Decode(r.files[name], kind, out); err != nil {
		r.Fatalf("%s: %v", name, err)
	}
}

func (r *reader) base(name string) {
	var d manifest.TenantBase
	r.decode(name, manifest.KindTenantBase, &d)
	for _, p := range d.Products {
		var versions []string
		for _, v := range p.Versions {
			versions = append(versions, v.Version.String())
			var required []string
			for _, q := range v.Requires {
				required = append(required, fmt.Sprintf("%s %s after %d", q.Component, q.Version, q.Bucket))
			}
			overlay := path.Join(path.Dir(path.Dir(name)), p.Name.String(), v.Version.String())
			var o manifest.Overlay
			r.decode(overlay+"/sluice.yaml", manifest.KindOverlay, &o)
			if got := r.parameter(overlay, "replicas"); got != fmt.Sprint(o.Replicas) {
				r.Errorf("%s: replicas %s, want %d as in its descriptor", overlay, got, o.Replicas)
			}
			r.say("%s: %s %s is %s with %d replicas and %s and requires %q", d.Tenant, o.Product, o.Version, o.State, o.Replicas, r.parameter(overlay, "storage"), required)
		}
		r.say("%s: %s is %s at %v", d.Tenant, p.Name, p.State, versions)
	}
	namespace := string(r.files[path.Dir(name)+"/namespace.yaml"])
	r.say("%s: the namespace stays: %t", d.Tenant, strings.Contains(namespace, "sync-options: Delete=false,Prune=false\n"))
}

// parameter returns a value of an overlay's parameters.
func (r *reader) parameter(overlay, name string) string {
	m := regexp.MustCompile(`\n  ` + name + `: "(.*)"\n`).FindSubmatch(r.files[overlay+"/parameters.yaml"])
	if m == nil {
		return "nothing"
	}
	return string(m[1])
}

// overlay says which shared parts there are; products are read with their tenant.
func (r *reader) overlay(name string) {
	var o manifest.Overlay
	r.decode(name, manifest.KindOverlay, &o)
	switch {
	case !o.Product.IsZero(): // it has to be where the tenant's base looks for it
		if want := "/" + manifest.OverlayPath(o.Tenant, o.Product, o.Version) + "/sluice.yaml"; !strings.HasSuffix(name, want) {
			r.Errorf("%s holds %s %s of tenant %s", name, o.Product, o.Version, o.Tenant)
		}
	case o.Tenant.IsZero():
		r.say("shared: has %s %s", o.Component, o.Version)
	default:
		r.say("%s: has %s %s", o.Tenant, o.Component, o.Version)
	}
}

func (r *reader) member(name, batch string) {
	var m manifest.Member
	r.decode(name, manifest.KindMember, &m)
	pins := []string{}
	for _, p := range m.Products {
		pins = append(pins, p.Name.String()+"@"+p.Pin.String())
	}
	r.say("%s: holds %s with %v, released: %t", batch, m.Tenant, pins, m.Released)
}

func (r *reader) application(name string) {
	var app struct {
		Metadata struct{ Labels, Annotations map[string]string }
	}
	if err := yaml.Unmarshal(r.files[name], &app); err != nil {
		r.Fatal(err)
	}
	last := map[string]string{"PruneLast=true": "last"}[app.Metadata.Annotations[manifest.AnnotationSyncOptions]]
	r.say("fleet: has %s at %s in wave %s, pruned %s", app.Metadata.Labels[manifest.LabelComponent],
		app.Metadata.Labels[manifest.LabelVersion], app.Metadata.Annotations[manifest.AnnotationWave], last)
}

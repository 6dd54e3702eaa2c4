package notify

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

var (
	env    = ident.Must[ident.EnvironmentKind]("pop")
	id     = ident.Must[ident.TenantKind]("1000006")
	swg    = ident.Must[ident.ProductKind]("swg")
	v202   = ident.Must[ident.VersionKind]("202")
	canary = ident.Must[ident.RingKind]("canary")
)

// The names are those that the renderer gives the Applications of the folders.
func TestApplications(t *testing.T) {
	batch := manifest.Batch{Ring: canary, Bits: 4, Index: 15}
	deep := manifest.Batch{Ring: canary, Bits: 12, Index: 0xabc}
	license := ident.Must[ident.ComponentKind]("license")
	for name, tc := range map[string]struct {
		path string
		want []string
	}{
		"Fleet":      {"fleet/rings/canary.yaml", []string{manifest.AppFleet(env)}},
		"SharedPart": {"fleet/shared/license.yaml", []string{manifest.AppFleet(env)}},
		"Ring":       {"rings/canary/sluice.yaml", []string{manifest.AppRing(env, manifest.Batch{Ring: canary})}},
		"Batch":      {manifest.RingsDir + "/" + batch.Dir() + "/1000006.yaml", []string{manifest.AppRing(env, batch)}},
		"Deep":       {manifest.RingsDir + "/" + deep.Dir() + "/1000006.yaml", []string{manifest.AppRing(env, deep)}},
		"Shared":     {manifest.SharedPath(license, v202) + "/kustomization.yaml", []string{manifest.AppShared(env, license)}},
		"Base":       {manifest.TenantPath(id) + "/base/quota.yaml", []string{manifest.AppTenant(env, id), manifest.AppTenant(env, id) + "-base"}},
		"Shares":     {manifest.TenantPath(id) + "/base/shared/identity/4/parameters.yaml", []string{manifest.AppTenant(env, id), manifest.AppTenant(env, id) + "-base"}},
		"Product":    {manifest.OverlayPath(id, swg, v202) + "/base/graph.yaml", []string{manifest.AppProduct(env, id, swg)}},
		"Facts":      {manifest.TenantPath(id) + "/tenant.yaml", nil},
		"People":     {"environment.yaml", nil},
	} {
		if got := (Push{Environment: env, Paths: []string{manifest.EnvironmentPath(env) + "/" + tc.path}}).applications(); !slices.Equal(got, tc.want) {
			t.Errorf("%s: applications(%q) = %q, want %q", name, tc.path, got, tc.want)
		}
	}
	if got := (Push{Environment: env, Paths: []string{"environments/pop-2/fleet/shared/license.yaml", "catalog/catalog.lock", ""}}).applications(); len(got) != 0 {
		t.Errorf("files elsewhere are of %q, want of none", got)
	}
}

// refresher fails for some Applications.
type refresher struct {
	asked []string
	fails map[string]bool
	all   bool
}

func (r *refresher) Refresh(_ context.Context, name string) error {
	r.asked = append(r.asked, name)
	if r.fails[name] || r.all {
		return errors.New("refused")
	}
	return nil
}

func TestRefresh(t *testing.T) {
	root := manifest.EnvironmentPath(env) + "/"
	p := Push{Environment: env, Paths: []string{
		root + manifest.OverlayPath(id, swg, v202) + "/parameters.yaml", root + manifest.OverlayPath(id, swg, v202) + "/sluice.yaml",
		root + manifest.TenantPath(id) + "/base/sluice.yaml", root + "rings/canary/1000006.yaml", root + "fleet/rings/canary.yaml",
	}}
	want := []string{"pop", "pop-canary", "pop-1000006", "pop-1000006-base", "pop-1000006-swg"}
	r := &refresher{fails: map[string]bool{"pop": true}}
	if err := (Refresh{r}).Send(t.Context(), p); err == nil || !slices.Equal(r.asked, want) {
		t.Errorf("Send() asked for %q (%v), want %q, parents first and once, and the failure told", r.asked, err, want)
	}
	r = &refresher{}
	p.Paths = nil
	if err := (Refresh{r}).Send(t.Context(), p); err != nil || !slices.Equal(r.asked, want[:1]) {
		t.Errorf("Send() of everything asked for %q (%v), want the fleet alone", r.asked, err)
	}
	r = &refresher{all: true}
	p.Paths = nil
	for range 50 {
		p.Paths = append(p.Paths, root+manifest.OverlayPath(ident.Must[ident.TenantKind]("t"+string(rune('a'+len(p.Paths)%26))), swg, v202)+"/sluice.yaml")
	}
	if err := (Refresh{r}).Send(t.Context(), p); err == nil || len(r.asked) > 5 {
		t.Errorf("Send() asked %d times although nothing works (%v), want a few", len(r.asked), err)
	}
}

// Overlays that were written before they are granted concern no Application;
// everything else does, and what is not known to be unused.
func TestUnused(t *testing.T) {
	v203, other := ident.Must[ident.VersionKind]("203"), ident.Must[ident.TenantKind]("1000007")
	unused := Unused(env, func(of ident.Tenant, p ident.Product) ident.Version {
		if of == id && p == swg {
			return v202
		}
		return ident.Version{}
	})
	for path, want := range map[string]bool{
		manifest.OverlayPath(id, swg, v203): true, manifest.OverlayPath(id, swg, v202): false, manifest.OverlayPath(other, swg, v203): false,
		manifest.TenantPath(id): false, manifest.TenantPath(id) + "/swg": false, manifest.TenantPath(id) + "/base/shared": false,
		"rings/canary/01/2/3/4": false, "": false,
	} {
		if got := unused(manifest.EnvironmentPath(env) + "/" + path); got != want {
			t.Errorf("Unused(%q) = %t, want %t", path, got, want)
		}
	}
	if unused("environments/pop-2/" + manifest.OverlayPath(id, swg, v203)) {
		t.Error("an overlay of another environment is called unused")
	}
}

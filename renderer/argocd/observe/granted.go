package observe

import (
	"context"
	"fmt"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// Grants are what live Applications are asked to run.
type Grants struct {
	Products map[ident.Tenant]map[ident.Product]ident.Version
	Shared   map[ident.Component]ident.Version
}

// Granted returns what the product Applications and shared parts of an
// environment are asked to run, whoever wrote them. It fails if one of them
// cannot be read: who is left out would count as one who runs nothing.
func Granted(ctx context.Context, c Cluster, env ident.Environment) (Grants, error) {
	t := &turn{Observer: &Observer{cluster: c, place: manifest.Place{Environment: env}}}
	g := Grants{Products: map[ident.Tenant]map[ident.Product]ident.Version{}, Shared: map[ident.Component]ident.Version{}}
	var odd []string
	see := func(take func(a *application, name, version string) bool) func(*application) {
		return func(a *application) {
			for text := range strings.SplitSeq(a.versions(), ",") {
				if name, version, _ := strings.Cut(text, "="); take(a, name, version) {
					return
				}
			}
			odd = append(odd, a.Metadata.Name)
		}
	}
	err := t.each(ctx, t.selector("product"), see(func(a *application, name, version string) bool {
		id, err1 := ident.Parse[ident.TenantKind](a.Metadata.Labels[manifest.LabelTenant])
		p, err2 := ident.Parse[ident.ProductKind](name)
		v, err3 := ident.Parse[ident.VersionKind](version)
		if err1 != nil || err2 != nil || err3 != nil || a.Metadata.Name != manifest.AppProduct(env, id, p) {
			return false
		}
		if g.Products[id] == nil {
			g.Products[id] = map[ident.Product]ident.Version{}
		}
		g.Products[id][p] = v
		return true
	}))
	if err == nil {
		err = t.each(ctx, t.selector("shared"), see(func(a *application, name, version string) bool {
			c, err1 := ident.Parse[ident.ComponentKind](name)
			v, err2 := ident.Parse[ident.VersionKind](version)
			if err1 != nil || err2 != nil || a.Metadata.Name != manifest.AppShared(env, c) {
				return false
			}
			g.Shared[c] = v
			return true
		}))
	}
	if err == nil && len(odd) > 0 {
		err = fault.Hintf("delete them, or take the label "+manifest.LabelLevel+" off them, if they are not sluice's", "no version can be read of Application %s", fault.List(odd))
	}
	if err != nil {
		return Grants{}, fmt.Errorf("reading what environment %q runs: %w", env, err)
	}
	return g, nil
}

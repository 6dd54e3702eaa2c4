package bumpcmd

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/cmd/internal/cli/edited"
	"github.com/gatorcloud/sluice/cmd/internal/cli/wanted"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// refusef is a refusal of one wish.
func (b *bump) refusef(w wanted.Version, hint, format string, args ...any) error {
	return fault.Hintf(hint, "bumping %s in environment %q: %w", w, b.env, fmt.Errorf(format, args...))
}

// published refuses what the catalog does not have, or has without a lock.
func (b *bump) published(w wanted.Version) error {
	ref := catalog.Ref{Name: w.Product.String(), Version: w.Version.String()}
	_, err := b.sold.Version(w.Product, w.Version)
	if err == nil {
		return nil
	}
	_, there := b.sold.Digests()[ref]
	if _, locked := b.sold.Lock().Digest(ref); there && !locked {
		return b.refusef(w, "publish it: sluice catalog lock", "version %q is in the catalog and not in %s", w.Version, catalog.LockFile)
	}
	return b.refusef(w, fault.HintOf(err)+"; see `sluice catalog list`", "%w", err)
}

// refuse says why a ring cannot come to a version, or a tenant.
func (b *bump) refuse(w wanted.Version, k rollout.Key, trips []rollout.Trip, code rollout.Code) error {
	switch code {
	case rollout.Blocking:
		i := slices.IndexFunc(b.in.Fleet.Blocked, func(x rollout.Blocked) bool { return x.Product == w.Product && x.Version == w.Version })
		return b.refusef(w, code.Lift(), "it is blocked: %s", b.in.Fleet.Blocked[i].Reason)
	case rollout.TakenBack:
		i := slices.IndexFunc(b.head.Rollouts.Failed, func(x rollout.Failed) bool { return x.Product == w.Product && x.Version == w.Version })
		return b.refusef(w, "fix forward, or run `sluice rollout lift "+w.String()+"`", "it failed in ring %q and was taken back: %s",
			b.head.Rollouts.Failed[i].Ring, b.head.Rollouts.Failed[i].Reason)
	}
	var from []string
	for _, t := range trips {
		if len(t.Stops) == 0 && t.From != w.Version {
			from = append(from, t.From.String())
		}
	}
	what := "no edges lead from %s to it in ring %q"
	if code == rollout.NoWayBack {
		what = "no way leads back from %s to it in ring %q"
	}
	return b.refusef(w, code.Lift()+"; see `sluice catalog show "+w.Product.String()+"/"+w.Version.String()+"`", what, fault.List(from), k.Ring)
}

// ordered refuses a ring that wants more than the one before it: it would wait
// for a proof that nobody makes.
func (b *bump) ordered(w wanted.Version) error {
	ring, before := b.in.Fleet.Overtakes(w.Product)
	if ring == nil {
		return nil
	}
	hint := fmt.Sprintf("sluice bump %s --env %s --through %s", w, b.env, ring.Name)
	if ring.Versions[w.Product] == w.Version {
		return b.refusef(w, hint, "ring %q would wait for ring %q before it, which wants %q", ring.Name, before.Name, before.Versions[w.Product])
	}
	return b.refusef(w, hint, "ring %q would fall behind ring %q, which wants %q", before.Name, ring.Name, ring.Versions[w.Product])
}

func (b *bump) noRing(name ident.Ring) error {
	names := make([]string, 0, len(b.in.Fleet.Rings))
	for _, g := range b.in.Fleet.Rings {
		names = append(names, g.Name.String())
	}
	return fault.Hintf(fault.DidYouMean(name.String(), names, "its rings are "+fault.List(names)), "environment %q has no ring %q", b.env, name)
}

func (b *bump) noTenant(id ident.Tenant) error {
	return fault.Hintf("see `sluice authz list`; a tenant is known here when it is rendered", "environment %q has no tenant %q", b.env, id)
}

func (b *bump) notHeld(id ident.Tenant, p ident.Product) error {
	return fault.Hintf("see `sluice authz list --tenant "+id.String()+"`", "tenant %q has no authorisation for %q", id, p)
}

// check finds what the edit makes wrong that was right.
func (b *bump) check(after fs.FS) error {
	root, err := fs.Sub(after, manifest.Root)
	if err != nil {
		return err
	}
	site, err := environments.Load(root, b.env)
	if err != nil {
		return err
	}
	return edited.Faults(rollout.Check(b.site, b.sold, b.head.Rollouts), rollout.Check(site, b.sold, b.head.Rollouts))
}

func joined(all []string) string { return strings.Join(all, ", ") }

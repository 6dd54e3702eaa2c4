package guard

import (
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// The kinds of harm, worst first.
const (
	removed   = "removed"
	suspended = "suspended"
	setBack   = "pinned to an older version"
	recent    = "released before"
)

func kinds() []string { return []string{removed, suspended, setBack, recent} }

// harm returns the worst that happens to a tenant whose facts were before and
// are after; empty for nothing bad. What follows from a harm that was counted
// when it happened is none: a tombstone that goes, a suspended product that is
// retained, a retained one that goes.
func harm(before, after authz.Facts) string {
	if before.Released() {
		return ""
	}
	if !after.ReleasedAt.IsZero() {
		return removed
	}
	worst := ""
	for i, a := range before.Tenant.Authorisations {
		now, state := find(after, a.Product)
		switch was := before.States[i]; {
		case state == "" && (was == authz.Active || was == authz.Suspended):
			return removed
		case was == authz.Active && state != authz.Active:
			worst = suspended
		case worst == "" && isOlder(now.Version, a.Version):
			worst = setBack
		}
	}
	return worst
}

// find returns the authorisation of a product with its state; no state if there is none.
func find(f authz.Facts, p ident.Product) (authz.Authorisation, authz.State) {
	for i, a := range f.Tenant.Authorisations {
		if a.Product == p {
			return a, f.States[i]
		}
	}
	return authz.Authorisation{}, ""
}

// isOlder reports whether a pin is below another one. A first pin is a
// person's choice among what is published and is not compared with the ring.
func isOlder(now, was ident.Version) bool {
	return !now.IsZero() && !was.IsZero() && ident.CompareVersions(now.String(), was.String()) < 0
}

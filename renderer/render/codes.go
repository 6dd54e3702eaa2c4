package render

import (
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// A tenant's code is in its host names, so one tenant has a code. Whom Git has
// with it keeps it, else the tenant with the lowest id; another one is not
// rendered with it, and keeps what it had. All that is looked up in Git is of
// tenants that share a code, which are none on most days.

// clash is the refusal of a code that another tenant has.
func clash(code string, holder ident.Tenant) error {
	return fault.Hintf("give one of them another code, or remove its record",
		"tenantCode %q is that of tenant %q, and both would have the same host names", code, holder)
}

// clashes returns why tenants are not rendered with the codes that they have.
func (r run) clashes(all []authz.Facts) (map[ident.Tenant]error, error) {
	claims := map[string][]ident.Tenant{}
	for _, f := range all {
		claims[f.Tenant.Code] = append(claims[f.Tenant.Code], f.Tenant.ID)
	}
	var open []string
	for code, ids := range claims {
		if code != "" && len(ids) > 1 {
			open = append(open, code)
		}
	}
	slices.Sort(open)
	lost := map[ident.Tenant]error{}
	for len(open) > 0 {
		code := open[0]
		open = open[1:]
		had, err := r.codesInGit(claims[code])
		if err != nil {
			return nil, err
		}
		ids := slices.SortedFunc(slices.Values(claims[code]), func(a, b ident.Tenant) int {
			if mine, others := had[a] == code, had[b] == code; mine != others {
				if mine {
					return -1
				}
				return 1
			}
			return a.Compare(b)
		})
		for _, id := range ids[1:] {
			before := had[id]
			if _, again := lost[id]; !again && before != "" && before != code { // what it keeps is taken as well
				claims[before] = append(claims[before], id)
				if len(claims[before]) > 1 {
					open = append(open, before)
				}
			}
			lost[id] = clash(code, ids[0])
		}
	}
	return lost, nil
}

// codesInGit returns the codes that Git has of tenants.
func (r run) codesInGit(ids []ident.Tenant) (map[ident.Tenant]string, error) {
	codes := map[ident.Tenant]string{}
	for _, id := range ids {
		folder, err := r.memory.Folder(r.path(manifest.TenantPath(id)))
		if err != nil {
			return nil, err
		}
		if folder == nil {
			continue
		}
		before, err := r.memory.Facts(id)
		if err != nil {
			return nil, err
		}
		codes[id] = before.Tenant.Code
	}
	return codes, nil
}

// clash returns why a tenant that changed is not rendered with its code; nil if it is.
func (f *Roster) clash(t authz.Tenant) error {
	holder, taken := f.codes[t.Code]
	if !taken || holder == t.ID {
		delete(f.waits, t.ID)
		return nil
	}
	f.waits[t.ID] = t.Code
	return clash(t.Code, holder)
}

// Awaited reports whether another tenant waits for the code that a tenant has.
// Only a full render says who gets it when the tenant changes.
func (f *Roster) Awaited(id ident.Tenant) bool {
	for _, code := range f.waits {
		if f.codes[code] == id {
			return true
		}
	}
	return false
}

package ingest

import (
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// place is the prefix of this package's keys.
type place string

func (p place) dirty(id ident.Tenant) string { return string(p) + "/dirty/" + id.String() }
func (p place) claim(id ident.Tenant) string { return string(p) + "/claims/" + id.String() }
func (p place) book(id ident.Tenant) string  { return string(p) + "/tenants/" + id.String() }
func (p place) held(id ident.Tenant) string  { return string(p) + "/held/" + id.String() }
func (p place) seen(id string) string        { return string(p) + "/seen/" + id }
func (p place) full() string                 { return string(p) + "/full" }
func (p place) ended() string                { return string(p) + "/ended" }
func (p place) below(kind string) string     { return string(p) + "/" + kind }
func (p place) all(kind string) string       { return p.below(kind) + "/" }

// tenant returns whom a key of a kind names, and false for a key that no
// tenant of ours has.
func (p place) tenant(kind, key string) (ident.Tenant, bool) {
	name, ok := strings.CutPrefix(key, p.all(kind))
	if !ok {
		return ident.Tenant{}, false
	}
	id, err := ident.Parse[ident.TenantKind](name)
	return id, err == nil
}

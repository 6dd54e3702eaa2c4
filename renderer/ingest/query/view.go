package query

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// point is a moment of an etcd cluster, as clients hand it back to us.
type point struct {
	cluster  uint64
	revision int64
}

// String returns the point in the form that parsePoint reads.
func (p point) String() string { return fmt.Sprintf("%x.%d", p.cluster, p.revision) }

func parsePoint(s string) (point, error) {
	cluster, revision, _ := strings.Cut(s, ".")
	c, err := strconv.ParseUint(cluster, 16, 64)
	r, e := strconv.ParseInt(revision, 10, 64)
	if err != nil || e != nil || r < 0 {
		return point{}, fmt.Errorf("%.48q is no point that an answer named", s)
	}
	return point{c, r}, nil
}

// view is the fleet at one point. Nothing in it changes.
type view struct {
	point
	name       string   // of the point
	entries    []*entry // sorted by id
	told       bool     // status records were read
	tenants    int
	unreadable int // records
}

// get returns what is known of a tenant, or nil.
func (v *view) get(id ident.Tenant) *entry {
	if i, ok := v.search(id); ok && v.entries[i].known() {
		return v.entries[i]
	}
	return nil
}

func (v *view) search(id ident.Tenant) (int, bool) {
	return slices.BinarySearchFunc(v.entries, id, func(e *entry, id ident.Tenant) int { return e.id.Compare(id) })
}

// page returns the tenants after an id that a caller may see, at most limit,
// and whether more follow.
func (v *view) page(s scope, after ident.Tenant, limit int) ([]*entry, bool) {
	i, found := v.search(after)
	if found {
		i++
	}
	var all []*entry
	for ; i < len(v.entries); i++ {
		e := v.entries[i]
		if !e.known() || !s.Tenant(e.id) {
			continue
		}
		if e = s.see(e); e == nil {
			continue
		}
		if len(all) == limit {
			return all, true
		}
		all = append(all, e)
	}
	return all, false
}

// with returns the view at another point, where some entries have changed.
func (v *view) with(at point, changed map[ident.Tenant]*entry) *view {
	next := &view{point: at, name: at.String(), entries: v.entries, tenants: v.tenants, unreadable: v.unreadable}
	if len(changed) == 0 {
		return next
	}
	next.entries = make([]*entry, 0, len(v.entries)+len(changed))
	rest := v.entries
	for _, id := range slices.SortedFunc(maps.Keys(changed), ident.Tenant.Compare) {
		i, found := slices.BinarySearchFunc(rest, id, func(e *entry, id ident.Tenant) int { return e.id.Compare(id) })
		next.entries = append(next.entries, rest[:i]...)
		if found {
			next.count(rest[i], -1)
			i++
		}
		rest = rest[i:]
		if e := changed[id]; !e.empty() {
			next.entries = append(next.entries, e)
			next.count(e, 1)
		}
	}
	next.entries = append(next.entries, rest...)
	return next
}

// count takes an entry into the sums, or out of them.
func (v *view) count(e *entry, n int) {
	if e.known() {
		v.tenants += n
	}
	if e.unreadable {
		v.unreadable += n
	}
	for i := range e.rights {
		if e.rights[i].terms.Value().unreadable {
			v.unreadable += n
		}
	}
}

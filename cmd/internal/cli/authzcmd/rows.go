package authzcmd

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// row is an authorisation with its tenant; a tenant without authorisations has
// one row too, with the zero authorisation, and a record that cannot be read
// has one with nothing but its key and the reason.
type row struct {
	authz.Tenant
	a   authz.Authorisation
	bad *authz.Quarantine
}

// rows returns the rows in the order of their keys; keys that name nothing
// come last.
func rows(tenants []authz.Tenant, bad []authz.Quarantine) []row {
	known := map[ident.Tenant]authz.Tenant{}
	for _, t := range tenants {
		known[t.ID] = t
	}
	var all []row
	named := map[ident.Tenant]bool{}
	for i := range bad {
		q := &bad[i]
		r := row{Tenant: known[q.Tenant], bad: q}
		r.ID, r.a.Product = q.Tenant, q.Product
		named[q.Tenant] = true
		all = append(all, r)
	}
	for _, t := range tenants {
		for _, a := range t.Authorisations {
			all = append(all, row{Tenant: t, a: a})
		}
		if len(t.Authorisations) == 0 && !named[t.ID] {
			all = append(all, row{Tenant: t})
		}
	}
	slices.SortStableFunc(all, row.compare)
	return all
}

func (r row) compare(o row) int {
	nameless := func(r row) int {
		if r.ID.IsZero() {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(nameless(r), nameless(o)), r.ID.Compare(o.ID), r.a.Product.Compare(o.a.Product))
}

func (r row) key() authz.Key { return authz.Key{Tenant: r.ID, Product: r.a.Product} }

// name is what the old system called an authorisation, or a key that names none.
func (r row) name() string {
	switch {
	case r.ID.IsZero():
		return fault.Clip(r.bad.Key)
	case r.a.Product.IsZero():
		return r.ID.String()
	}
	return r.a.Product.String() + "-" + r.ID.String()
}

// words are the record's own, or why there are none.
func (r row) words() string {
	if r.bad == nil {
		return r.a.Description
	}
	return unreadable + ": " + cut(r.bad.Err.Error(), shownError)
}

// unreadable is the state of what cannot be read.
const unreadable = "unreadable"

// replicas returns how many are asked for: 13, or 13-20 for what scales itself.
func (r row) replicas() string {
	if r.a.MaxReplicas == 0 {
		return number(r.a.Replicas)
	}
	return number(r.a.Replicas) + "-" + number(r.a.MaxReplicas)
}

// columns are those of the old system, in its order, and the state.
func (s *show) columns(now time.Time) []output.Column[row] {
	return []output.Column[row]{
		{Header: "NAME", Value: row.name},
		{Header: "TENANTNAME", Value: func(r row) string { return r.Name }},
		{Header: "TENANTID", Value: func(r row) string { return r.ID.String() }},
		{Header: "TENANTCODE", Value: func(r row) string { return r.Code }},
		{Header: "STORAGE", Value: func(r row) string { return r.a.Storage }},
		{Header: "REPLICAS", Value: row.replicas},
		{Header: "VERSION", Value: func(r row) string { return r.a.Version.String() }},
		{Header: "STARTTIME", Value: func(r row) string { return moment(r.a.StartTime) }},
		{Header: "ENDTIME", Value: func(r row) string { return moment(r.a.EndTime) }},
		{Header: "AGE", Value: func(r row) string { return age(r.a.StartTime, now) }},
		{Header: "DESCRIPTION", Value: row.words},
		{Header: "STATE", Wide: true, Value: func(r row) string {
			switch {
			case r.bad != nil:
				return unreadable
			case r.a.Product.IsZero():
				return ""
			}
			return string(r.a.State(now, s.deps.Life))
		}},
	}
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// moment shows midnight in UTC as a date.
func moment(t time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case t.Equal(t.Truncate(24 * time.Hour)):
		return t.Format(time.DateOnly)
	default:
		return t.Format(time.RFC3339)
	}
}

// age shows the time since start in at most two units, like kubectl.
func age(start, now time.Time) string {
	const day = 24 * time.Hour
	d := now.Sub(start)
	switch {
	case start.IsZero() || d < 0:
		return ""
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 2*day:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d < 2*365*day:
		return fmt.Sprintf("%dd", d/day)
	default:
		return fmt.Sprintf("%dy%dd", d/(365*day), d%(365*day)/day)
	}
}

package authzcmd

import (
	"context"

	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
	"github.com/gatorcloud/sluice/renderer/etcd/status"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// statuses are what the renderer told of authorisations.
type statuses map[authz.Key]status.Record

// statuses reads them for the formats that show them.
func (s *show) statuses(ctx context.Context, store Store, ids []ident.Tenant) (statuses, error) {
	switch s.format.Format {
	case output.Wide, output.JSON, output.YAML:
		return store.Statuses(ctx, ids...)
	}
	return nil, nil
}

// shownCommit and shownError bound the cells of a table; documents have all.
const shownCommit, shownError = 12, 120

// columns are those of the renderer's side.
func (told statuses) columns() []output.Column[row] {
	of := func(header string, value func(status.Record) string) output.Column[row] {
		return output.Column[row]{Header: header, Wide: true, Value: func(r row) string { return value(told[r.key()]) }}
	}
	return []output.Column[row]{
		of("RENDERED", func(r status.Record) string { return r.State }),
		of("RING", func(r status.Record) string { return r.Ring }),
		of("ACCEPTED", func(r status.Record) string { return r.AcceptedVersion }),
		of("COMMIT", func(r status.Record) string { return r.Commit[:min(len(r.Commit), shownCommit)] }),
		of("ERROR", func(r status.Record) string { return cut(r.Error, shownError) }),
	}
}

// cut bounds a text to a number of characters.
func cut(s string, most int) string {
	n := 0
	for i := range s {
		if n == most {
			return s[:i] + "..."
		}
		n++
	}
	return s
}

// document is the authz.File of tenants with the status of what they have.
type document struct {
	Tenants    []documentTenant     `json:"tenants"`
	Unreadable []documentUnreadable `json:"unreadable,omitempty"`
}

// documentUnreadable is a record that cannot be read.
type documentUnreadable struct {
	Key     string        `json:"key"`
	Tenant  ident.Tenant  `json:"tenantId,omitzero"`
	Product ident.Product `json:"product,omitzero"`
	Reason  string        `json:"reason"`
}

type documentTenant struct {
	authz.Tenant
	Authorisations []documentAuthorisation `json:"authorisations,omitempty"`
}

type documentAuthorisation struct {
	authz.Authorisation
	Status *status.Record `json:"status,omitempty"`
}

func documentOf(tenants []authz.Tenant, bad []authz.Quarantine, told statuses) document {
	d := document{Tenants: make([]documentTenant, len(tenants))}
	for _, q := range bad {
		d.Unreadable = append(d.Unreadable, documentUnreadable{q.Key, q.Tenant, q.Product, q.Err.Error()})
	}
	for i, t := range tenants {
		d.Tenants[i].Tenant = t
		for _, a := range t.Authorisations {
			one := documentAuthorisation{Authorisation: a}
			if record, ok := told[authz.Key{Tenant: t.ID, Product: a.Product}]; ok {
				one.Status = &record
			}
			d.Tenants[i].Authorisations = append(d.Tenants[i].Authorisations, one)
		}
	}
	return d
}

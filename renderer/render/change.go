package render

import (
	"context"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// Change renders one tenant's folder anew and notes in the fleet what else the
// change touches. Flush writes that once for any number of changes.
func (r *Renderer) Change(ctx context.Context, f *Roster, facts authz.Facts, memory Memory, sink tree.Sink) (Report, error) {
	work := run{Renderer: r, memory: memory, sink: sink}
	if err := f.clash(facts.Tenant); err != nil {
		work.lost = map[ident.Tenant]error{facts.Tenant.ID: err}
	}
	o, err := work.tenant(ctx, facts)
	if err != nil {
		return Report{}, err
	}
	var report Report
	report.add(facts.Tenant.ID, o)
	if !o.present {
		return report, r.remove(f, facts.Tenant.ID, sink)
	}
	f.note(facts.Tenant.ID)
	f.set(facts.Tenant.ID, o.member)
	return report, nil
}

// Remove takes a tenant out of the environment. Like Change it may be
// repeated, on another sink after a lost race.
func (r *Renderer) Remove(f *Roster, id ident.Tenant, sink tree.Sink) error {
	delete(f.waits, id)
	return r.remove(f, id, sink)
}

func (r *Renderer) remove(f *Roster, id ident.Tenant, sink tree.Sink) error {
	if _, ok := f.members[id]; !ok && !f.noted(id) {
		return nil
	}
	f.note(id)
	f.drop(id)
	return sink.Put(r.path(manifest.TenantPath(id)), nil)
}

package chaos

import (
	"fmt"
	"io/fs"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// compare checks that a commit holds every readable record as it was at the
// commit's revision, and no tenant beside but tombstones and unreadable ones.
// It knows nothing of how a render comes about.
func (w *world) compare(h git.Head, snap authz.Snapshot) {
	w.t.Helper()
	files := w.people.FS(h)
	bad := map[ident.Tenant]bool{}
	for _, q := range snap.Quarantined {
		bad[q.Tenant] = true
	}
	in := map[ident.Tenant]bool{}
	for _, t := range snap.Tenants {
		in[t.ID] = true
		if len(t.Authorisations) == 0 {
			continue
		}
		data, err := fs.ReadFile(files, factsPath(t.ID))
		if err != nil {
			w.t.Errorf("commit %s at revision %d lacks tenant %s", h.Commit, snap.Revision, t.ID)
			continue
		}
		f, err := authz.DecodeFacts(data)
		if err != nil {
			w.t.Error(err)
			continue
		}
		w.compareTenant(h, snap.Revision, t, f, bad[t.ID])
	}
	w.compareOthers(h, in, bad)
}

func factsPath(id ident.Tenant) string {
	return manifest.EnvironmentPath(local) + "/" + manifest.TenantPath(id) + "/" + manifest.FactsFile
}

// compareTenant compares the replicas of each right.
func (w *world) compareTenant(h git.Head, revision int64, t authz.Tenant, f authz.Facts, bad bool) {
	w.t.Helper()
	got := map[string]int{}
	for _, a := range f.Tenant.Authorisations {
		got[a.Product.String()] = a.Replicas
	}
	for _, a := range t.Authorisations {
		if got[a.Product.String()] != a.Replicas {
			w.t.Errorf("commit %s: tenant %s has %d replicas of %s, etcd had %d at revision %d", h.Commit, t.ID, got[a.Product.String()], a.Product, a.Replicas, revision)
		}
		delete(got, a.Product.String())
	}
	if len(got) > 0 && !bad {
		w.t.Errorf("commit %s: tenant %s also has %v, etcd had not at revision %d", h.Commit, t.ID, got, revision)
	}
}

// compareOthers checks the tenants that etcd did not have.
func (w *world) compareOthers(h git.Head, in, bad map[ident.Tenant]bool) {
	w.t.Helper()
	for i := range tenants {
		id := ident.Must[ident.TenantKind](fmt.Sprint(1000000 + i))
		if in[id] || bad[id] {
			continue
		}
		data, err := fs.ReadFile(w.people.FS(h), factsPath(id))
		if err != nil {
			continue
		}
		if f, err := authz.DecodeFacts(data); err != nil || !f.Released() {
			w.t.Errorf("commit %s has tenant %s, which etcd had not, and it is no tombstone: %v", h.Commit, id, err)
		}
	}
}

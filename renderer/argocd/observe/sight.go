package observe

import (
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// sight is what is kept of an Application.
type sight struct {
	granted    bool            // its spec is the grant
	verdict    rollout.Verdict // at the grant; Unknown when it is not
	sick       bool
	refreshing bool // a refresh was asked for and is not done
	moved      bool // it deployed something else before
	created    time.Time
	began      time.Time // when one that moved is first known to run the grant
	reconciled time.Time
}

// grant is what an Application should be of: a version of a product of a
// tenant, or of a shared part.
type grant struct {
	project string
	path    string // of the overlay, in the environment
	of      string // whose version it is, as the plugin's parameter names it
	version ident.Version
}

// annotationRefresh asks the controller for a comparison; it removes it when that is done.
const annotationRefresh = "argocd.argoproj.io/refresh"

// sight returns what the Application shows of a grant.
func (o *Observer) sight(a *application, g grant) sight {
	s := sight{created: a.Metadata.Created.Time, reconciled: a.Status.ReconciledAt.Time}
	_, s.refreshing = a.Metadata.Annotations[annotationRefresh]
	s.sick = a.sick()
	if s.granted = o.grants(a, g); !s.granted {
		return s
	}
	s.moved, s.began = a.moved()
	s.verdict = a.verdict(s.reconciled)
	if !a.synced() && s.verdict != rollout.Unknown {
		s.verdict = rollout.Pending
	}
	return s
}

// sick reports whether workloads are not Healthy. Unknown is no statement about
// them, and nobody counts as sick by silence.
func (a *application) sick() bool {
	switch a.Status.Health.Status {
	case "Degraded", "Progressing", "Missing", "Suspended":
		return true
	}
	return false
}

// grants reports whether the spec of an Application is a grant and nothing else.
func (o *Observer) grants(a *application, g grant) bool {
	p, to := o.place, a.Spec.Destination
	source := map[string]any{
		"repoURL": p.RepoURL, "targetRevision": p.TargetRevision,
		"path": manifest.EnvironmentPath(p.Environment) + "/" + g.path,
		"plugin": map[string]any{"name": p.Plugin, "parameters": []any{
			map[string]any{"name": manifest.ParameterVersions, "map": map[string]any{g.of: g.version.String()}},
		}},
	}
	return a.Spec.Project == g.project && to.Name == p.DestinationName && to.Server == p.DestinationServer &&
		filled(a.Spec.Sources) == nil && sameFields(a.Spec.Source, source)
}

// synced reports whether the last sync that is known of was with the present
// source, or the last that changed something was. The health check lets an
// Application pass in which nothing was to be synced; no grant is like that,
// since each version labels what it writes.
func (a *application) synced() bool {
	r := a.Status.OperationState.SyncResult
	return r != nil && a.present(r.record) || a.deployed()
}

// moved reports whether something else was deployed before the present source,
// and since when the present one is known of.
func (a *application) moved() (moved bool, began time.Time) {
	for i := range a.Status.History {
		h := &a.Status.History[i]
		switch present := a.present(h.record); {
		case !present:
			moved, began = true, time.Time{}
		case moved && began.IsZero():
			began = h.DeployedAt.Time
		}
	}
	if op := &a.Status.OperationState; moved && began.IsZero() && op.SyncResult != nil && a.present(op.SyncResult.record) {
		began = op.StartedAt.Time
	}
	return moved, began
}

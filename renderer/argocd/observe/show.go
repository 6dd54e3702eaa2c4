package observe

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/report"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// shown is how many objects of an Application are kept.
const shown = 8

// Seen is which Applications of an environment are looked at.
type Seen struct {
	Environment ident.Environment
	// Labels are more of the selector, in the form of Kubernetes; empty for all.
	Labels string
}

// OfTenant chooses the Applications of one tenant.
func OfTenant(id ident.Tenant) string { return manifest.LabelTenant + "=" + id.String() }

// OfProduct chooses the Applications of one product of all tenants.
func OfProduct(p ident.Product) string {
	return manifest.LabelLevel + "=product," + manifest.LabelProduct + "=" + p.String()
}

// OfParents chooses what is above tenants.
func OfParents() string { return manifest.LabelLevel + " in (fleet,ring,shared)" }

// Show hands what each of the chosen Applications shows to see, in as many
// requests as the list has pages. An error means that not all were handed over.
func Show(ctx context.Context, c Cluster, s Seen, see func(*report.Application)) error {
	selector := manifest.LabelEnvironment + "=" + s.Environment.String()
	if s.Labels != "" {
		selector += "," + s.Labels
	}
	err := c.Each(ctx, selector, func(data []byte) {
		if a, ok := Shown(data, s.Environment); ok {
			see(a)
		}
	})
	if err != nil {
		return fmt.Errorf("looking at environment %q: %w", s.Environment, err)
	}
	return nil
}

// Shown returns what the JSON of an Application shows; false for one that is
// not of the environment by its name.
func Shown(data []byte, env ident.Environment) (*report.Application, bool) {
	a, err := read(data)
	if err != nil {
		return nil, false
	}
	s := &report.Application{Name: strings.Clone(a.Metadata.Name), Level: a.Metadata.Labels[manifest.LabelLevel], Reconciled: a.Status.ReconciledAt.Time}
	if !a.of(s, env) {
		return nil, false
	}
	s.Verdict = a.verdict(s.Reconciled)
	if s.Verdict == rollout.Proven && !a.synced() {
		s.Verdict = rollout.Pending
	}
	s.Since = a.Status.Health.Since.Time
	s.Sick = a.sick()
	s.Paused = a.paused()
	if text := a.Metadata.Annotations[annotationApproved]; text != "" {
		s.Approved = strings.Split(report.Line(text), ",")
	}
	if s.Verdict != rollout.Proven {
		a.obstacle(s)
		a.objects(s)
	}
	return s, true
}

// of fills in what the Application is of, and reports whether its name says the
// same: a label may stand on any.
func (a *application) of(s *report.Application, env ident.Environment) bool {
	labels := a.Metadata.Labels
	s.Tenant, _ = ident.Parse[ident.TenantKind](labels[manifest.LabelTenant])
	s.Product, _ = ident.Parse[ident.ProductKind](labels[manifest.LabelProduct])
	s.Ring, _ = ident.Parse[ident.RingKind](labels[manifest.LabelRing])
	s.Component, _ = ident.Parse[ident.ComponentKind](labels[manifest.LabelComponent])
	name := ""
	switch s.Level {
	case "fleet":
		name = manifest.AppFleet(env)
	case "ring":
		if first := manifest.AppRing(env, manifest.Batch{Ring: s.Ring}); s.Name == first || strings.HasPrefix(s.Name, first+"-") {
			name = s.Name
		}
	case "tenant":
		name = manifest.AppTenant(env, s.Tenant)
	case manifest.BaseDir:
		name = manifest.AppTenant(env, s.Tenant) + "-" + manifest.BaseDir
	case "product":
		name = manifest.AppProduct(env, s.Tenant, s.Product)
		s.Asked, s.Running = a.runs(s.Product.String())
	case "shared":
		name = manifest.AppShared(env, s.Component)
		s.Asked, s.Running = a.runs(s.Component.String())
	}
	return name == s.Name
}

// runs returns the version that the Application asks for, and the one that was
// deployed last.
func (a *application) runs(of string) (asked, last ident.Version) {
	in := func(source any) ident.Version {
		text, _ := strings.CutPrefix(versionsIn(source), of+"=")
		v, _ := ident.Parse[ident.VersionKind](text)
		return v
	}
	if n := len(a.Status.History); n > 0 {
		last = in(a.Status.History[n-1].Source)
	}
	return in(a.Spec.Source), last
}

// obstacle says what keeps the Application from being proven, the first that
// has to go.
func (a *application) obstacle(s *report.Application) {
	status, op := &a.Status, &a.Status.OperationState
	running := op.Phase == "Running" || op.Phase == "Terminating"
	s.Working = running && a.Metadata.Deleted == nil && !op.StartedAt.IsZero() && !a.uncomparable()
	set := func(c report.Code, says string, since stamp) {
		s.Obstacle, s.Says = c, report.Line(says)
		if !since.IsZero() {
			s.Since = since.Time
		}
	}
	failed := (op.Phase == "Failed" || op.Phase == "Error") && (op.SyncResult == nil || a.present(op.SyncResult.record)) && !a.settled()
	switch {
	case a.Metadata.Deleted != nil:
		set(report.Syncing, "it is being deleted", stamp{})
	case running && a.outdated(s.Level):
		set(report.Hanging, op.Message, op.StartedAt)
	case a.uncomparable():
		a.refused(set)
	case running || a.Operation != nil:
		set(report.Syncing, op.Message, op.StartedAt)
	case !a.present(status.Sync.ComparedTo):
		set(report.Syncing, "Argo CD has not compared it with its present source yet", stamp{})
	case failed:
		set(report.SyncFailed, op.Message, op.FinishedAt)
	case status.Sync.Status == "Unknown":
		set(report.Comparison, "Argo CD does not know whether it is synced", stamp{})
	case status.Sync.Status != "Synced":
		set(report.Differs, "", stamp{})
	default:
		set(report.InObject, status.Health.Status, stamp{})
	}
}

// outdated reports whether the operation works on another source than the
// present one; of the fleet, whose source is a branch, on an earlier commit.
func (a *application) outdated(level string) bool {
	r := a.Status.OperationState.SyncResult
	return r != nil && (!a.present(r.record) || level == "fleet" && r.Revision != "" && r.Revision != a.Status.Sync.Revision)
}

// refused tells what the plugin refused from what Argo CD could not compare.
// The codes are those that the plugin gives to what is wrong with a directory.
func (a *application) refused(set func(report.Code, string, stamp)) {
	for _, c := range a.Status.Conditions {
		switch c.Type {
		case "ComparisonError", "InvalidSpecError", "UnknownError":
			code, says := report.Comparison, c.Message
			if strings.Contains(says, "code = FailedPrecondition") || strings.Contains(says, "code = InvalidArgument") {
				code = report.Refusal
			}
			if i := strings.LastIndex(says, "desc = "); i >= 0 {
				says = says[i+len("desc = "):]
			}
			set(code, says, c.Since)
			return
		}
	}
}

// objects keeps what is not healthy, and before it what the API server refused.
// What the tree of a parent shows of its children is theirs to say.
func (a *application) objects(s *report.Application) {
	if r := a.Status.OperationState.SyncResult; r != nil && s.Obstacle == report.SyncFailed {
		for _, o := range r.Resources {
			if o.Status == "SyncFailed" {
				s.Objects = append(s.Objects, report.Object{Group: report.Line(o.Group), Kind: report.Line(o.Kind), Namespace: report.Line(o.Namespace), Name: report.Line(o.Name), Bucket: -1, Says: report.Line(o.Message)})
			}
		}
	}
	for _, r := range a.Status.Resources {
		child := r.Kind == "Application" && r.Group == "argoproj.io"
		if h := r.Health.Status; child || h == nil || *h == "Healthy" || *h == "" {
			continue
		}
		s.Objects = append(s.Objects, report.Object{Group: report.Line(r.Group), Kind: report.Line(r.Kind), Namespace: report.Line(r.Namespace), Name: report.Line(r.Name),
			Bucket: r.Wave, Health: report.Line(*r.Health.Status), Says: report.Line(r.Health.Message)})
	}
	slices.SortStableFunc(s.Objects, func(x, y report.Object) int {
		return cmp.Or(cmp.Compare(x.Bucket, y.Bucket), cmp.Compare(x.Health, y.Health), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Name, y.Name))
	})
	s.Objects = slices.Clip(s.Objects[:min(len(s.Objects), shown)])
}

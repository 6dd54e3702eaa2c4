package reportcmd

import (
	"context"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/gitlab"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/prometheus"
	"github.com/gatorcloud/sluice/renderer/report"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// known is what was seen already, as what shows Argo CD's side.
type known rollout.Observation

// Observe implements prometheus.Sight.
func (k known) Observe(context.Context, *rollout.Input, rollout.Rollouts) (rollout.Observation, error) {
	return rollout.Observation(k), nil
}

// measure asks the gates that have something to judge for their values now,
// each query once. What a gate answers, or why it does not, is its own reason.
func (s *scene) measure(ctx context.Context, o rollout.Observation) rollout.Observation {
	if s.metrics != nil {
		o.Metrics = s.metrics
		return o
	}
	if s.prometheus == nil || len(s.world.Input.Asking(s.world.Rollouts)) == 0 {
		return o
	}
	measured, err := (&prometheus.Observer{Sight: known(o), Client: s.prometheus}).Observe(ctx, s.world.Input, s.world.Rollouts)
	if err != nil {
		s.Source(report.Metrics, time.Time{}, err.Error())
		return o
	}
	s.Source(report.Metrics, s.now, "")
	s.metrics = measured.Metrics
	return measured
}

// asked is what a project was asked, and its answer; without a project the zero value.
type asked struct {
	named bool
	bumps []gitlab.Bump
	err   error
}

// asked asks GitLab, if it is named, for the merge requests that wait.
func (a *asking) asked(ctx context.Context) asked {
	project, err := a.sources.Project()
	if err != nil || project == nil {
		return asked{named: err != nil, err: err}
	}
	bumps, err := project.Bumps(ctx)
	return asked{true, bumps, err}
}

// requested takes in what GitLab answered at a time. One that did not is a
// source that is missing, and what it said before is kept.
func (s *scene) requested(a asked, at time.Time) {
	if !a.named {
		return
	}
	why := ""
	if a.err != nil {
		why = a.err.Error()
	}
	if s.Source(report.GitLab, at, why); at.IsZero() {
		return
	}
	var all []report.Request
	for _, b := range a.bumps {
		for _, subject := range b.Subjects {
			env, rest, _ := strings.Cut(subject, "/")
			product, tenant, one := strings.Cut(rest, "/")
			r := report.Request{Number: b.Number, Title: b.Title, Waits: b.Waits, Since: b.Since}
			var err error
			if r.Product, err = ident.Parse[ident.ProductKind](product); err == nil && one {
				r.Tenant, err = ident.Parse[ident.TenantKind](tenant)
			}
			if err == nil && env == s.world.Site.Name.String() {
				all = append(all, r)
			}
		}
	}
	s.Requested(all)
}

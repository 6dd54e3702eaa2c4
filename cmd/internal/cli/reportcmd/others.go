package reportcmd

import (
	"context"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/cmd/internal/cli/rolloutcmd"
	"github.com/gatorcloud/sluice/renderer/gitlab"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/prometheus"
	"github.com/gatorcloud/sluice/renderer/report"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// unseen shows nothing of Argo CD's side, for who asks gates alone.
type unseen struct{}

// Observe implements prometheus.Sight.
func (unseen) Observe(context.Context, *rollout.Input, rollout.Rollouts) (rollout.Observation, error) {
	return rollout.Observation{}, nil
}

// measure asks the gates that have something to judge for their values now,
// each query once; nil where none has. What a gate answers, or why it does not,
// is its own reason.
func measure(ctx context.Context, there *prometheus.Client, w *rolloutcmd.World) (map[ident.Ring]map[string]rollout.Metric, error) {
	if there == nil || len(w.Input.Asking(w.Rollouts)) == 0 {
		return nil, nil
	}
	measured, err := (&prometheus.Observer{Sight: unseen{}, Client: there}).Observe(ctx, w.Input, w.Rollouts)
	return measured.Metrics, err
}

// gates takes in what gates answered at a time.
func (s *scene) gates(metrics map[ident.Ring]map[string]rollout.Metric, at time.Time, err error) {
	s.metrics = metrics
	switch {
	case err != nil:
		s.Source(report.Metrics, time.Time{}, err.Error())
	case metrics != nil:
		s.Source(report.Metrics, at, "")
	default:
		s.Leave(report.Metrics)
	}
}

// inquiry is what a project is asked: the merge requests that wait. Its last
// answer stays when it does not give another.
type inquiry struct {
	named bool // there is a project
	bumps []gitlab.Bump
	at    time.Time // of the answer; zero for none
	tried time.Time
	err   error // of the last try
}

// ask asks a project; nil is none.
func (q *inquiry) ask(ctx context.Context, project Requests, now time.Time) {
	if q.named = project != nil; !q.named {
		return
	}
	bumps, err := project.Bumps(ctx)
	if q.tried, q.err = now, err; err == nil {
		q.bumps, q.at = bumps, now
	}
}

// again asks a project that was not asked for a while.
func (q *inquiry) again(ctx context.Context, project Requests, now time.Time) {
	if q.tried.IsZero() || now.Sub(q.tried) >= patience {
		q.ask(ctx, project, now)
	}
}

// requested takes in what GitLab answered. One that did not is a source that is
// missing.
func (s *scene) requested(q inquiry) {
	if !q.named {
		return
	}
	why := ""
	if q.err != nil {
		why = q.err.Error()
	}
	if s.Source(report.GitLab, q.at, why); q.at.IsZero() {
		return
	}
	var all []report.Request
	for _, b := range q.bumps {
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

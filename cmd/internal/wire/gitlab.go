package wire

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/gitlabflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/mergereq"
	"github.com/gatorcloud/sluice/renderer/gitlab"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render/impact"
	"github.com/gatorcloud/sluice/renderer/render/impact/show"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/run/review"
)

// proposer opens merge requests in the GitLab of its own flags.
type proposer struct{ flags *gitlabflags.Flags }

var _ mergereq.Proposer = proposer{}

// desk opens the merge requests of one command, whose flags it has.
func desk(p *pipeline.Pipeline) mergereq.Desk {
	return mergereq.Desk{Plan: planned(p), Proposer: proposer{gitlabflags.New(os.Getenv)}}
}

// Flags is part of mergereq.Proposer.
func (p proposer) Flags(set *pflag.FlagSet) { p.flags.Add(set, "that has the merge request") }

// Ready is part of mergereq.Proposer.
func (p proposer) Ready(repository string) error {
	_, err := p.open(repository)
	return err
}

func (p proposer) open(repository string) (*gitlab.Project, error) {
	o, err := p.flags.Options(repository)
	if err != nil {
		return nil, err
	}
	return gitlab.Open(o)
}

// Propose is part of mergereq.Proposer.
func (p proposer) Propose(ctx context.Context, want mergereq.Proposal) (mergereq.Proposed, error) {
	project, err := p.open(want.Repository)
	if err != nil {
		return mergereq.Proposed{}, err
	}
	done, err := project.Propose(ctx, gitlab.Proposal{Branch: want.Branch, Target: want.Base, Title: want.Title, Description: described(want),
		Labels: want.Labels, Reviewers: want.Owners, Subjects: subjects(want), Again: want.Again})
	if err != nil {
		return mergereq.Proposed{}, err
	}
	told := mergereq.Proposed{URL: done.URL}
	for _, name := range done.Unknown {
		told.Told = append(told.Told, fmt.Sprintf("%s is no user of GitLab and reviews nothing", name))
	}
	for _, number := range done.Superseded {
		told.Told = append(told.Told, fmt.Sprintf("!%d is superseded and closed", number))
	}
	if !want.AutoMerge {
		return told, nil
	}
	merged, err := project.Merge(ctx, done.Number, want.Commit, gitlab.AutoMerge{})
	switch {
	case err != nil:
		return told, err
	case merged:
		told.Told = append(told.Told, fmt.Sprintf("!%d is merged", done.Number))
	default:
		told.Told = append(told.Told, fmt.Sprintf("!%d merges once its pipeline is green", done.Number))
	}
	return told, nil
}

// maxPlan is the most bytes of a plan in a note or a description.
const maxPlan = 60_000

// showing returns what plans a change and shows it as merge requests do.
func showing(p *pipeline.Pipeline) review.Show {
	return func(ctx context.Context, before, after fs.FS, envs []ident.Environment) (string, error) {
		var plans []*impact.Plan
		for _, env := range envs {
			plan, err := impact.Of(ctx, p, impact.Trees{Before: before, After: after, Environment: env}, impact.Options{Now: time.Now().UTC()})
			if err != nil {
				return "", err
			}
			plans = append(plans, plan)
		}
		return string(show.Markdown(plans, maxPlan)), nil
	}
}

// described is the description: why, and the plan.
func described(p mergereq.Proposal) string {
	if p.Message == "" {
		return p.Description
	}
	return p.Message + "\n\n" + p.Description
}

// subjects are what a proposal moves: a product of an environment, or of one tenant.
func subjects(p mergereq.Proposal) []string {
	var all []string
	for _, w := range p.Wanted {
		subject := p.Environment.String() + "/" + w.Product.String()
		if !p.Tenant.IsZero() {
			subject += "/" + p.Tenant.String()
		}
		if !slices.Contains(all, subject) {
			all = append(all, subject)
		}
	}
	return all
}

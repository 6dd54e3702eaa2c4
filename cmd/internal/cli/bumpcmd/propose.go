package bumpcmd

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"

	"github.com/gatorcloud/sluice/cmd/internal/cli/wanted"
	"github.com/gatorcloud/sluice/renderer/gitlab"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render/impact"
	"github.com/gatorcloud/sluice/renderer/run/publish"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Proposal is a bump that stands on a branch of its own, for a merge request.
type Proposal struct {
	// Repository is the URL of the repository, as it was given.
	Repository string
	// Branch holds one commit, Commit, that Base lacks.
	Branch, Base, Commit string
	// Title names every product and its version; it is the commit's subject.
	Title string
	// Message is the body of the commit: why, as people gave it; may be empty.
	Message string
	// Description is the plan, as Markdown; empty when there is none.
	Description string
	// Files are the people's files that changed.
	Files       []string
	Environment ident.Environment
	Wanted      []wanted.Version
	// Tenant is the one that is pinned; zero for rings.
	Tenant ident.Tenant
	// Owners are the users who own the files by CODEOWNERS.
	Owners []string
	Labels []string
	// Again opens a merge request again that people closed, and AutoMerge has it
	// merge once its pipeline is green.
	Again, AutoMerge bool
}

// Proposed is what became of a proposal.
type Proposed struct {
	URL string
	// Told is what else people should know, a line each.
	Told []string
}

// Proposer creates or updates the merge request of a proposal.
type Proposer interface {
	// Flags adds the flags by which it finds its server.
	Flags(set *pflag.FlagSet)
	// Ready fails if nothing of a repository could be proposed.
	Ready(repository string) error
	// Propose is called again for a bump that was proposed before.
	Propose(ctx context.Context, p Proposal) (Proposed, error)
}

// proposal is what a bump proposes that is pushed.
func (d Deps) proposal(o *options, r request, b *bump, done publish.Proposed) Proposal {
	return Proposal{
		Repository: d.Repo.Location(), Branch: r.branchOf(b.env), Base: done.Base, Commit: done.Commit,
		Title: r.title(b.env), Message: r.message, Files: []string{fleetPath(b.env)}, Environment: b.env, Wanted: r.wanted,
		Tenant: r.tenant, Labels: o.labels, Again: o.again, AutoMerge: o.merge,
	}
}

// propose hands a bump that is pushed to the proposer.
func (d Deps) propose(cmd *cobra.Command, p Proposal, t impact.Trees) error {
	if d.Plan != nil {
		var plan bytes.Buffer
		if err := d.Plan(cmd.Context(), t, &plan, true); err != nil {
			return err
		}
		p.Description = plan.String()
	}
	for _, name := range gitlab.OwnersFiles() {
		if text, err := fs.ReadFile(t.Before, name); err == nil {
			p.Owners = gitlab.Owners(string(text), p.Files)
			break
		}
	}
	done, err := d.Proposer.Propose(cmd.Context(), p)
	for _, line := range done.Told {
		fmt.Fprintln(cmd.ErrOrStderr(), line)
	}
	if done.URL != "" {
		fmt.Fprintln(cmd.ErrOrStderr(), done.URL)
	}
	return err
}

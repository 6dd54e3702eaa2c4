package bumpcmd

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"

	"github.com/gatorcloud/sluice/cmd/internal/cli/wanted"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/run/publish"
	"github.com/spf13/cobra"
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
}

// Proposer creates or updates the merge request of a proposal, and returns its
// URL. It is called again for a bump that was proposed before.
type Proposer interface {
	Propose(ctx context.Context, p Proposal) (url string, err error)
}

// propose hands a bump that is pushed to the proposer.
func (d Deps) propose(cmd *cobra.Command, r request, b *bump, files fs.FS, done publish.Proposed) error {
	var plan bytes.Buffer
	if d.Plan != nil {
		if err := d.Plan(cmd.Context(), b.change(files), &plan, true); err != nil {
			return err
		}
	}
	url, err := d.Proposer.Propose(cmd.Context(), Proposal{
		Repository: d.Repo.Location(), Branch: r.branchOf(b.env), Base: done.Base, Commit: done.Commit,
		Title: r.title(b.env), Message: r.message, Description: plan.String(),
		Files: []string{fleetPath(b.env)}, Environment: b.env, Wanted: r.wanted,
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(cmd.ErrOrStderr(), url)
	return err
}

func isPath(location string) bool { return git.IsPath(location) }

// Package mergereq is what commands share that let people review an edit of
// their files by merge request: its flags, its description and the port to GitLab.
//
// The edit stands on a branch of its own before a merge request is opened, and
// what could not be opened is refused before anything is written.
package mergereq

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"

	"github.com/gatorcloud/sluice/cmd/internal/cli/wanted"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/gitlab"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render/impact"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Proposal is an edit that stands on a branch of its own, for a merge request.
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
	// Propose is called again for an edit that was proposed before.
	Propose(ctx context.Context, p Proposal) (Proposed, error)
}

// Plan prints what a change does to the clusters: as text for a terminal, or as
// Markdown for a merge request.
type Plan func(ctx context.Context, t impact.Trees, w io.Writer, markdown bool) error

// Desk is where merge requests are opened.
type Desk struct {
	// Plan tells what an edit does. Without it nothing is told.
	Plan Plan
	// Proposer opens the merge request. Without it --mr is refused.
	Proposer Proposer
}

// Flags are those of a merge request.
type Flags struct {
	// MR says that one is opened.
	MR bool
	// Branch is the one to commit to, if it was named.
	Branch           string
	again, autoMerge bool
	labels           []string
}

// Add adds the flags; branch is the form of the usual branch.
func (f *Flags) Add(set *pflag.FlagSet, d Desk, branch string) {
	set.StringVar(&f.Branch, "source-branch", "", "branch to commit to; default "+branch)
	set.BoolVar(&f.MR, "mr", false, "create or update the merge request, and close older ones of the same product")
	set.BoolVar(&f.again, "again", false, "open the merge request again that people closed (with --mr)")
	set.BoolVar(&f.autoMerge, "auto-merge", false, "have GitLab merge it once its pipeline is green (with --mr)")
	set.StringSliceVar(&f.labels, "label", []string{"sluice"}, "`label` of the merge request, repeated for more (with --mr)")
	if d.Proposer != nil {
		d.Proposer.Flags(set)
	}
}

// Check refuses a merge request that could not be opened, and flags that say
// nothing without one: those of Flags, and more.
func (f *Flags) Check(cmd *cobra.Command, d Desk, repository string, more ...string) error {
	if !f.MR {
		for _, name := range append([]string{"again", "auto-merge", "label"}, more...) {
			if cmd.Flags().Changed(name) {
				return fault.Hintf("give --mr too", "reading --%s: no merge request is opened", name)
			}
		}
		return nil
	}
	switch {
	case d.Proposer == nil:
		return fault.Hintf("open it yourself, of a branch that you push", "opening a merge request: no GitLab is known here")
	case git.IsPath(repository):
		return fault.Hintf("give the URL with --repo: git remote get-url origin", "opening a merge request: repository %q is on no server", repository)
	}
	return d.Proposer.Ready(repository)
}

// Open creates or updates the merge request of a proposal that is pushed, with
// the plan of its change and the owners of its files, and tells what became of it.
func (d Desk) Open(cmd *cobra.Command, f *Flags, p Proposal, t impact.Trees) error {
	p.Labels, p.Again, p.AutoMerge = f.labels, f.again, f.autoMerge
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

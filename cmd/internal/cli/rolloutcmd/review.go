package rolloutcmd

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/gatorcloud/sluice/cmd/internal/cli/edited"
	"github.com/gatorcloud/sluice/cmd/internal/cli/mergereq"
	"github.com/gatorcloud/sluice/renderer/render/impact"
	"github.com/gatorcloud/sluice/renderer/run/publish"
	"github.com/spf13/cobra"
)

// propose lets people agree to a rollback before it counts: fleet.yaml alone
// moves, on a branch of its own. Settle goes back when that is merged.
func (b *back) propose(cmd *cobra.Command, place publish.Place, p retreat, files fs.FS) error {
	done, err := place.Propose(cmd.Context(), func(files fs.FS) (publish.Edit, error) {
		p, err := b.plan(files)
		return publish.Edit{Branch: b.branch(p), Subject: b.title(p), Body: b.options.reason, Bump: p.subject(", "),
			Files: map[string][]byte{fleetPath(b.env): p.fleet}}, err
	})
	if err != nil {
		return err
	}
	return b.deps.Desk.Open(cmd, &b.options.request, mergereq.Proposal{
		Repository: b.repository, Branch: b.branch(p), Base: done.Base, Commit: done.Commit,
		Title: b.title(p), Message: b.options.reason, Files: []string{fleetPath(b.env)}, Environment: b.env, Wanted: p.wants,
	}, impact.Trees{Before: files, After: edited.FS{FS: files, File: fleetPath(b.env), Data: p.fleet}, Environment: b.env})
}

// title is the subject of the commit, and the merge request's.
func (b *back) title(p retreat) string {
	var to []string
	for _, w := range p.wants {
		to = append(to, w.Version.String())
	}
	return fmt.Sprintf("Take %s back to %s in %s of %s", b.product, strings.Join(to, " and "), strings.Join(p.rings(), ", "), b.env)
}

// branch is the branch that the commit is on.
func (b *back) branch(p retreat) string {
	if b.options.request.Branch != "" {
		return b.options.request.Branch
	}
	return "sluice/rollback/" + b.env.String() + "/" + strings.ReplaceAll(p.subject("_"), "=", "-")
}

// subject joins what rings go back to, as swg=202.
func (r retreat) subject(separator string) string {
	all := make([]string, 0, len(r.wants))
	for _, w := range r.wants {
		all = append(all, w.String())
	}
	return strings.Join(all, separator)
}

// rings names the rings that go back.
func (r retreat) rings() []string {
	all := make([]string, 0, len(r.moves))
	for _, m := range r.moves {
		all = append(all, m.Ring.String())
	}
	return all
}

package rolloutcmd

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/cmd/internal/cli/envflag"
	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
	"github.com/gatorcloud/sluice/cmd/internal/cli/ranged"
	"github.com/gatorcloud/sluice/cmd/internal/cli/repoflags"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/rollout"
	"github.com/gatorcloud/sluice/renderer/run/publish"
	"github.com/spf13/cobra"
)

// historyRow is a move of a rollout.
type historyRow struct {
	Rollout string     `json:"rollout"`
	When    *time.Time `json:"when,omitempty"`
	Ring    string     `json:"ring,omitempty"`
	Did     string     `json:"did"`
	To      string     `json:"to,omitempty"`
	Took    string     `json:"took,omitempty"` // of a ring that was passed: since its first grant
	Tenants string     `json:"tenants,omitempty"`
	Reason  string     `json:"reason,omitempty"`
	By      string     `json:"by,omitempty"`
	Commit  string     `json:"commit"`
}

func historyColumns() []output.Column[historyRow] {
	return []output.Column[historyRow]{
		{Header: "ROLLOUT", Value: func(r historyRow) string { return r.Rollout }},
		{Header: "WHEN", Value: func(r historyRow) string { return stamp(r.When) }},
		{Header: "RING", Value: func(r historyRow) string { return r.Ring }},
		{Header: "DID", Value: func(r historyRow) string { return r.Did }},
		{Header: "TO", Value: func(r historyRow) string { return r.To }},
		{Header: "TOOK", Value: func(r historyRow) string { return r.Took }},
		{Header: "TENANTS", Wide: true, Value: func(r historyRow) string { return r.Tenants }},
		{Header: "BY", Wide: true, Value: func(r historyRow) string { return r.By }},
		{Header: "COMMIT", Wide: true, Value: func(r historyRow) string { return r.Commit[:min(12, len(r.Commit))] }},
		{Header: "REASON", Value: func(r historyRow) string { return r.Reason }},
	}
}

func (d Deps) history() *cobra.Command {
	repo := d.Repo()
	var env string
	var o output.Options
	var limit int
	cmd := &cobra.Command{
		Use:   "history [PRODUCT[=VERSION]]",
		Short: "Show what was granted, passed and taken back, newest first",
		Long: `History reads the moves of rollouts from the commits of the branch, newest first:
each move stands in the trailers of the commit that made it. TOOK is how long a
ring took from its first grant, if that is among the moves shown. A commit says
who made it; the engine's are sluice's.`,
		Example: "  # how did swg 203 get through the rings\n  sluice rollout history swg=203 --env local",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			rows, err := d.moves(cmd.Context(), repo, env, strings.Join(args, ""), limit)
			if err != nil {
				return err
			}
			return output.Print(cmd.OutOrStdout(), o, rows, historyColumns())
		},
	}
	repo.Flags(cmd.Flags())
	cmd.Flags().StringVar(&env, "env", "", envflag.Usage)
	o.AddFlags(cmd.Flags())
	ranged.Int(cmd.Flags(), "limit", ranged.Bounds[int]{Into: &limit, Default: 50, Least: 1, Most: 100000}, "most moves to show")
	return cmd
}

// moves reads the newest moves of an environment that are of a product, or of
// one version of it.
func (d Deps) moves(ctx context.Context, repo repoflags.Repository, name, of string, limit int) ([]historyRow, error) {
	r, head, err := repo.History(ctx)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	env, err := envflag.One(r.FS(head), name)
	if err != nil {
		return nil, err
	}
	var rows []historyRow
	_, err = r.Nearest(ctx, head, func(h git.Head) bool {
		for _, m := range slices.Backward(publish.MovesOf(h, env)) {
			if of == "" || m.Rollout == of || strings.HasPrefix(m.Rollout, of+"=") {
				rows = append(rows, newHistoryRow(h, m))
			}
		}
		return len(rows) >= limit
	})
	rows = rows[:min(limit, len(rows))]
	took(rows)
	return rows, err
}

func newHistoryRow(h git.Head, m publish.Moved) historyRow {
	return historyRow{Rollout: m.Rollout, When: moment(h.Committed), Ring: m.Ring, Did: m.Did, To: m.To, Tenants: m.Tenants,
		Reason: m.Reason, By: h.Committer, Commit: h.Commit.String()}
}

// took fills in how long rings took; rows are newest first.
func took(rows []historyRow) {
	type lane struct{ rollout, ring string }
	first := map[lane]time.Time{}
	for i := range slices.Backward(rows) {
		r := &rows[i]
		l := lane{r.Rollout, r.Ring}
		if r.When == nil {
			continue
		}
		switch began, ok := first[l]; {
		case r.Did == string(rollout.Granted) && !ok:
			first[l] = *r.When
		case r.Did == string(rollout.Passed) && ok:
			r.Took = r.When.Sub(began).String()
			delete(first, l)
		}
	}
}

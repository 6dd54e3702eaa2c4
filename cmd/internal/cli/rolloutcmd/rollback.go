package rolloutcmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/cmd/internal/cli/edited"
	"github.com/gatorcloud/sluice/cmd/internal/cli/mergereq"
	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
	"github.com/gatorcloud/sluice/cmd/internal/cli/wanted"
	"github.com/gatorcloud/sluice/environments/edit"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/rollout"
	"github.com/gatorcloud/sluice/renderer/run/publish"
	"github.com/spf13/cobra"
)

// backOptions are the flags of rollback.
type backOptions struct {
	env, ring, to, reason string
	dryRun, yes           bool
	request               mergereq.Flags
	output                output.Options
}

// backRow is a ring that goes back.
type backRow struct {
	Lane    string `json:"lane"`
	Wanted  string `json:"wanted"`
	Granted string `json:"granted,omitempty"`
	Back    string `json:"back"`
}

var backColumns = []output.Column[backRow]{
	{Header: "LANE", Value: func(r backRow) string { return r.Lane }},
	{Header: "WANTED", Value: func(r backRow) string { return r.Wanted }},
	{Header: "GRANTED", Value: func(r backRow) string { return r.Granted }},
	{Header: "BACK", Value: func(r backRow) string { return r.Back }},
}

func (d Deps) rollback() *cobra.Command {
	repo := d.Repo()
	o := &backOptions{}
	cmd := &cobra.Command{
		Use:   "rollback PRODUCT",
		Short: "Take a product back to the version before, in every ring, by one commit",
		Long: `Rollback writes into fleet.yaml the version that each ring had good before the
newest one, and renders it in the same commit. It needs Git alone: no leader, no
etcd, no gate, and no proof but that downgradesTo allows the way. Comments and
order of fleet.yaml stay as they are. Where no way leads back it says so, and
writes nothing.

A branch is written by commit and push. The directory of a checkout is written in
place and left for you to commit.

With --mr people agree first: the edit of fleet.yaml alone is one commit on a
branch of its own, with a merge request, and nothing goes back before that is
merged. The next render of the branch takes the rings back then, at once and by
the same rules; rollouts.yaml is the engine's, and stands in no merge request.`,
		Example: `  # what would go back, and where to
  sluice rollout rollback swg --env local --dry-run

  # at 3 a.m.
  sluice rollout rollback swg --env local --reason "INC-1423 loses audit"

  # one ring, further back
  sluice rollout rollback swg --env local --ring main --to 200

  # by daylight: a merge request
  sluice rollout rollback swg --env pop-sha1 --repo https://git.example/clouds/fleet.git --mr --reason "INC-1423 loses audit"`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := d.back(o, args[0])
			if err != nil {
				return err
			}
			b.repository = repo.Location()
			if err := o.request.Check(cmd, d.Desk, b.repository, "source-branch"); err != nil {
				return err
			}
			place, err := repo.Place(cmd.Context())
			if err != nil {
				return err
			}
			if err = only(cmd.Context(), place, &b.env); err == nil {
				err = b.run(cmd, place)
			}
			return errors.Join(err, place.Close())
		},
	}
	repo.Flags(cmd.Flags())
	addEnv(cmd, &o.env)
	cmd.Flags().StringVar(&o.ring, "ring", "", "ring to take back; all by default")
	cmd.Flags().StringVar(&o.to, "to", "", "version to go back to; the last good one by default")
	cmd.Flags().StringVar(&o.reason, "reason", "", "why, for whoever reads the history")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "write nothing; show what would go back")
	cmd.Flags().BoolVar(&o.yes, "yes", false, "do not ask before more than one ring goes back")
	o.request.Add(cmd.Flags(), d.Desk, "sluice/rollback/ENV/PRODUCT-VERSION")
	o.output.AddFlags(cmd.Flags())
	return cmd
}

// back is a rollback that was asked for.
type back struct {
	deps       Deps
	options    *backOptions
	repository string // as it was given
	env        ident.Environment
	product    ident.Product
	only       ident.Ring
	to         ident.Version
}

func (d Deps) back(o *backOptions, product string) (*back, error) {
	b := &back{deps: d, options: o}
	var err error
	if b.env, err = parseEnv(o.env); err != nil {
		return nil, err
	}
	if b.product, err = ident.Parse[ident.ProductKind](product); err != nil {
		return nil, err
	}
	if o.ring != "" {
		if b.only, err = ident.Parse[ident.RingKind](o.ring); err != nil {
			return nil, fmt.Errorf("reading --ring: %w", err)
		}
	}
	if o.to != "" {
		if b.to, err = ident.Parse[ident.VersionKind](o.to); err != nil {
			return nil, fmt.Errorf("reading --to: %w", err)
		}
	}
	return b, nil
}

func (b *back) run(cmd *cobra.Command, place publish.Place) error {
	files, err := place.Files(cmd.Context())
	if err != nil {
		return err
	}
	p, err := b.plan(files)
	if err != nil {
		return err
	}
	if err := b.do(cmd, place, p, files); err != nil {
		return err
	}
	return output.Print(cmd.OutOrStdout(), b.options.output, p.rows, backColumns)
}

// do goes back, or lets people look at it first.
func (b *back) do(cmd *cobra.Command, place publish.Place, p retreat, files fs.FS) error {
	switch o := b.options; {
	case o.dryRun:
		return nil
	case o.request.MR:
		return b.propose(cmd, place, p, files)
	case !o.yes && len(p.rows) > 1:
		if err := ask(cmd, p.rows, backColumns, fmt.Sprintf("Take %s back in %d rings?", b.product, len(p.rows))); err != nil {
			return err
		}
	}
	_, err := place.Write(cmd.Context(), b.fill)
	return err
}

// retreat is what a rollback does to a commit.
type retreat struct {
	rows  []backRow
	fleet []byte // of fleet.yaml
	moves []rollout.Move
	wants []wanted.Version // each once
}

// plan returns what is to be done on top of the files of a commit.
func (b *back) plan(files fs.FS) (retreat, error) {
	w, err := read(files, b.env)
	if err != nil {
		return retreat{}, err
	}
	if b.to.IsZero() { // without rollouts nobody knows what was good
		if err := w.need(); err != nil {
			return retreat{}, err
		}
	}
	wants, reasons := w.Input.Undo(w.Rollouts, b.product, b.only, b.to)
	if len(reasons) > 0 {
		return retreat{}, b.stuck(reasons)
	}
	if len(wants) == 0 {
		return retreat{}, fault.Hintf("see `sluice rollout status`", "no ring of environment %q has %q to take back", b.env, b.product)
	}
	var p retreat
	var edits []edit.Want
	for _, g := range w.Input.Fleet.Rings {
		if v, ok := wants[g.Name]; ok {
			key := rollout.Key{Ring: g.Name, Product: b.product}
			row := newStatusRow(key, &g, w.Rollouts.Lanes[key])
			p.rows = append(p.rows, backRow{Lane: row.Lane, Wanted: row.Wanted, Granted: row.shares(), Back: v.String()})
			edits = append(edits, edit.Want{Ring: g.Name, Product: b.product, Version: v})
			if w := (wanted.Version{Product: b.product, Version: v}); !slices.Contains(p.wants, w) {
				p.wants = append(p.wants, w)
			}
			p.moves = append(p.moves, rollout.Move{Key: key, What: rollout.Back, Version: g.Versions[b.product], Reason: b.reason(v)})
		}
	}
	before, err := fs.ReadFile(files, fleetPath(b.env))
	if err != nil {
		return retreat{}, err
	}
	p.fleet, err = edit.Versions(before, edits...)
	return p, err
}

func (b *back) reason(v ident.Version) string {
	if b.options.reason == "" {
		return "to " + v.String()
	}
	return "to " + v.String() + ": " + b.options.reason
}

// stuck says in which rings no way leads back.
func (b *back) stuck(reasons []rollout.Reason) error {
	names := make([]string, 0, len(reasons))
	for _, r := range reasons {
		names = append(names, r.Ring.String())
	}
	return fault.Hintf("give --to a version that downgradesTo of what runs there names, or --ring; else fix forward",
		"taking %q back: no way leads back in ring %s", b.product, fault.List(names))
}

// fill renders what the edited fleet.yaml asks for, from the facts in Git.
func (b *back) fill(ctx context.Context, files fs.FS, sink tree.Sink) (publish.Commit, error) {
	p, err := b.plan(files)
	if err != nil {
		return publish.Commit{}, err
	}
	summary, err := b.deps.Pipeline.Render(ctx, edited.FS{FS: files, File: fleetPath(b.env), Data: p.fleet}, b.env, sink, pipeline.Options{})
	if err != nil {
		return publish.Commit{}, err
	}
	c := publish.Of(summary, b.deps.Version)
	c.Moves = p.moves
	c.What = fmt.Sprintf("take %s back in %s", b.product, strings.Join(p.rings(), ", "))
	return c, sink.PutFile(fleetPath(b.env), p.fleet)
}

package rolloutcmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/gatorcloud/sluice/cmd/internal/cli/edited"
	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
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
place and left for you to commit.`,
		Example: `  # what would go back, and where to
  sluice rollout rollback swg --env local --dry-run

  # at 3 a.m.
  sluice rollout rollback swg --env local --reason "INC-1423 loses audit"

  # one ring, further back
  sluice rollout rollback swg --env local --ring main --to 200`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := d.back(o, args[0])
			if err != nil {
				return err
			}
			place, err := repo.Place(cmd.Context())
			if err != nil {
				return err
			}
			return errors.Join(b.run(cmd, place), place.Close())
		},
	}
	repo.Flags(cmd.Flags())
	addEnv(cmd, &o.env)
	cmd.Flags().StringVar(&o.ring, "ring", "", "ring to take back; all by default")
	cmd.Flags().StringVar(&o.to, "to", "", "version to go back to; the last good one by default")
	cmd.Flags().StringVar(&o.reason, "reason", "", "why, for whoever reads the history")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "write nothing; show what would go back")
	cmd.Flags().BoolVar(&o.yes, "yes", false, "do not ask before more than one ring goes back")
	o.output.AddFlags(cmd.Flags())
	return cmd
}

// back is a rollback that was asked for.
type back struct {
	deps    Deps
	options *backOptions
	env     ident.Environment
	product ident.Product
	only    ident.Ring
	to      ident.Version
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
	if !b.options.dryRun {
		if !b.options.yes && len(p.rows) > 1 {
			if err := ask(cmd, p.rows, backColumns, fmt.Sprintf("Take %s back in %d rings?", b.product, len(p.rows))); err != nil {
				return err
			}
		}
		if _, err := place.Write(cmd.Context(), b.fill); err != nil {
			return err
		}
	}
	return output.Print(cmd.OutOrStdout(), b.options.output, p.rows, backColumns)
}

// retreat is what a rollback does to a commit.
type retreat struct {
	rows  []backRow
	fleet []byte // of fleet.yaml
	moves []rollout.Move
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
	var rings []string
	for _, m := range p.moves {
		rings = append(rings, m.Ring.String())
	}
	c.What = fmt.Sprintf("take %s back in %s", b.product, strings.Join(rings, ", "))
	return c, sink.PutFile(fleetPath(b.env), p.fleet)
}

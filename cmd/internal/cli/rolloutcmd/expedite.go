package rolloutcmd

import (
	"context"
	"fmt"
	"io/fs"
	"time"

	"github.com/gatorcloud/sluice/cmd/internal/cli/edited"
	"github.com/gatorcloud/sluice/cmd/internal/cli/wanted"
	"github.com/gatorcloud/sluice/environments/edit"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/rollout"
	"github.com/gatorcloud/sluice/renderer/run/publish"
	"github.com/spf13/cobra"
)

// hurry is a hotfix that shall not wait.
type hurry struct {
	env     ident.Environment
	product ident.Product
	version ident.Version
	until   time.Time
	reason  string
	by      string // the renderer's version
}

func (d Deps) expedite() *cobra.Command {
	repo := d.Repo()
	var env, until, reason string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "expedite PRODUCT=VERSION",
		Short: "Let a hotfix pass soak, approval, hours and freezes",
		Long: `Expedite adds an entry to fleet.yaml: until then the version waits for no soak,
approval, opening hours or freeze. Health and metrics are asked all the same, and
ring comes after ring. It is refused unless a ring wants the version.`,
		Example: "  # the fix is wanted in all rings; let it go through them today\n  sluice rollout expedite swg=203 --env local --until 2026-12-01 --reason CVE-2026-1",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			h := hurry{reason: reason, by: d.Version}
			err := h.parse(env, args[0], until, d.Now())
			if err != nil {
				return err
			}
			return record(cmd, repo, said{&h.env, h.fill, args[0], dryRun})
		},
	}
	repo.Flags(cmd.Flags())
	addEnv(cmd, &env)
	cmd.Flags().StringVar(&until, "until", "", "when it ends, as 2006-01-02 or RFC 3339; in 24 hours by default")
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "write nothing")
	return cmd
}

func (h *hurry) parse(env, of, until string, now time.Time) (err error) {
	if h.env, err = parseEnv(env); err != nil {
		return err
	}
	w, err := wanted.Parse(of)
	if err != nil {
		return err
	}
	h.product, h.version = w.Product, w.Version
	if h.until = now.Add(24 * time.Hour).UTC().Truncate(time.Second); until != "" {
		if h.until, err = authz.ParseMoment(until); err != nil {
			return fmt.Errorf("reading --until: %w", err)
		}
	}
	if !h.until.After(now) {
		return fault.Hintf("give a later --until", "reading --until: %s is past", h.until.Format(time.RFC3339))
	}
	if h.reason == "" {
		return fault.Hintf("say why with --reason", "reading --reason: there is none")
	}
	return nil
}

// fill writes fleet.yaml alone: what is granted does not change.
func (h *hurry) fill(_ context.Context, files fs.FS, sink tree.Sink) (publish.Commit, error) {
	before, err := read(files, h.env)
	if err != nil {
		return publish.Commit{}, err
	}
	text, err := fs.ReadFile(files, fleetPath(h.env))
	if err != nil {
		return publish.Commit{}, err
	}
	text, err = edit.Append(text, "expedite", edit.Field{Key: "product", Value: h.product.String()}, edit.Field{Key: "version", Value: h.version.String()},
		edit.Field{Key: "until", Value: h.until.Format(time.RFC3339)}, edit.Field{Key: "reason", Value: h.reason})
	if err != nil {
		return publish.Commit{}, err
	}
	after, err := read(edited.FS{FS: files, File: fleetPath(h.env), Data: text}, h.env)
	if err != nil {
		return publish.Commit{}, err
	}
	if err := edited.Faults(before.faults(), after.faults()); err != nil {
		return publish.Commit{}, err
	}
	m := rollout.Move{Key: rollout.Key{Product: h.product}, What: rollout.Hurried, Version: h.version, Reason: h.reason}
	return publish.Commit{Environment: h.env, What: fmt.Sprintf("expedite %s=%s", h.product, h.version), Tenants: len(after.Tenants),
		Moves: []rollout.Move{m}, Version: h.by}, sink.PutFile(fleetPath(h.env), text)
}

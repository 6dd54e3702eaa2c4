package ingestcmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
	"github.com/gatorcloud/sluice/renderer/ingest"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

func newHeld(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "held",
		Short: "See and decide what SPS wants and a person has to allow",
		Long: `Held changes are those that ingest does not make by itself: volumes that shrink,
rights in use that would begin later, and ends of more tenants than --end-cap
in a day. What SPS says of these tenants beside that is written already.`,
		Example: `  # what waits, and why
  sluice ingest held list

  # the tenant is really gone
  sluice ingest held accept 1000006`,
	}
	cmd.AddCommand(newHeldList(o),
		o.word(cobra.Command{
			Use:   "accept TENANT...",
			Short: "Do what is held of tenants",
			Long: `Accept makes the changes that are held of a tenant. It refuses where a record is
no longer what it was when the change was held. An end is of the moment in which
it is accepted; the days of grace begin with it.`,
			Example: "  # the tenant is really gone\n  sluice ingest held accept 1000006",
		}, "accepted", (*ingest.Store).Accept),
		o.word(cobra.Command{
			Use:   "drop TENANT...",
			Short: "Forget what is held of tenants",
			Long: `Drop forgets the changes that are held of a tenant; its records stay as they are.
When SPS says the same anew, in a newer revision or by two more lists, it is
held again.`,
			Example: "  # SPS had lost it, and found it again\n  sluice ingest held drop 1000006",
		}, "dropped", (*ingest.Store).Drop))
	return cmd
}

// waiting is one row: what waits for a person, or keeps failing.
type waiting struct {
	Tenant ident.Tenant `json:"tenantId"`
	// State is held, or the outcome of the fetches that fail.
	State    string          `json:"state"`
	Since    time.Time       `json:"since"`
	Attempts int             `json:"attempts,omitempty"`
	Changes  []ingest.Change `json:"changes,omitempty"`
	Reason   string          `json:"reason,omitempty"`
	texts    []string
}

func newHeldList(o *options) *cobra.Command {
	var format output.Options
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List what waits for a person",
		Long: `List shows the changes that are held, and the tenants whose fetches fail, with the
last reason. Those keep what they had and are asked for again by themselves.`,
		Example: "  # what waits, and why\n  sluice ingest held list -o wide",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd.Context(), func(s *ingest.Store) error {
				rows, err := waits(cmd.Context(), s)
				if err != nil {
					return err
				}
				return output.Print(cmd.OutOrStdout(), format, rows, columns())
			})
		},
	}
	format.AddFlags(cmd.Flags())
	return cmd
}

func waits(ctx context.Context, s *ingest.Store) ([]waiting, error) {
	held, err := s.Held(ctx)
	if err != nil {
		return nil, err
	}
	var rows []waiting
	for _, h := range held {
		row := waiting{Tenant: h.ID, State: "held", Since: h.Since, Changes: h.Changes, texts: h.Texts()}
		if h.Err != nil {
			row.Reason = h.Err.Error()
		}
		rows = append(rows, row)
	}
	troubles, err := s.Troubles(ctx)
	for _, t := range troubles {
		rows = append(rows, waiting{Tenant: t.ID, State: t.Cause, Since: t.Since, Attempts: t.Attempts, Reason: t.Reason})
	}
	return rows, err
}

func columns() []output.Column[waiting] {
	return []output.Column[waiting]{
		{Header: "TENANT", Value: func(w waiting) string { return w.Tenant.String() }},
		{Header: "STATE", Value: func(w waiting) string { return w.State }},
		{Header: "SINCE", Value: func(w waiting) string { return w.Since.UTC().Format(time.RFC3339) }},
		{Header: "TRIES", Wide: true, Value: func(w waiting) string {
			if w.Attempts == 0 {
				return ""
			}
			return fmt.Sprint(w.Attempts)
		}},
		{Header: "WHAT", Value: func(w waiting) string { return cmp.Or(strings.Join(w.texts, "; "), w.Reason) }},
	}
}

// word returns a command by which a person decides about tenants.
func (o *options) word(form cobra.Command, done string, decide func(*ingest.Store, context.Context, ident.Tenant) (ingest.Held, error)) *cobra.Command {
	cmd := &form
	cmd.Args, cmd.ValidArgsFunction = cobra.MinimumNArgs(1), cobra.NoFileCompletions
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var ids []ident.Tenant
		for _, arg := range args {
			id, err := ident.Parse[ident.TenantKind](arg)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return o.with(cmd.Context(), func(s *ingest.Store) error {
			var faults []error
			for _, id := range ids {
				held, err := decide(s, cmd.Context(), id)
				if err != nil {
					faults = append(faults, err)
					continue
				}
				for _, text := range held.Texts() {
					if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: %s: %s\n", id, text, done); err != nil {
						return err
					}
				}
			}
			return errors.Join(faults...)
		})
	}
	return cmd
}

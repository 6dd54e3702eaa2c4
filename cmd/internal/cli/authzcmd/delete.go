package authzcmd

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// deletion is `sluice authz delete` with its flags.
type deletion struct {
	deps        Deps
	raw         string // etcd key, as it was given
	yes, dryRun bool
}

func newDelete(deps Deps) *cobra.Command {
	d := &deletion{deps: deps}
	cmd := &cobra.Command{
		Use:   "delete TENANT | TENANT/PRODUCT | --key KEY",
		Short: "Delete a tenant with all its authorisations, or one of them",
		Long: `Delete removes records from etcd: one authorisation, or a tenant with all of
its own, in one transaction. It does so only with --yes.

The next render scales what was deleted to zero, and a later one removes it,
as the environment's release time says. To end an authorisation and keep its
data for the grace days, set its --end with put instead.

With --key it removes one etcd key below --etcd-prefix that names no record,
as other systems may write: list shows such keys, and what to type.`,
		Example: `  # see what would go, then let it go
  sluice authz delete 1000006 --dry-run
  sluice authz delete 1000006 --yes

  # a key that is no record's
  sluice authz delete --key /tenant/info/1000006/rs/SWG --yes`,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("key") {
				return cobra.NoArgs(cmd, args)
			}
			return cobra.ExactArgs(1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return d.key(cmd, unquoted(d.raw))
			}
			key, err := parseKey(args[0])
			if err != nil {
				return err
			}
			return d.record(cmd, key)
		},
	}
	cmd.Flags().StringVar(&d.raw, "key", "", "etcd key that names no record, as it is or in the quotes in which it is shown")
	cmd.Flags().BoolVar(&d.yes, "yes", false, "delete without asking again")
	cmd.Flags().BoolVar(&d.dryRun, "dry-run", false, "delete nothing; list what would go")
	cmd.MarkFlagsMutuallyExclusive("yes", "dry-run")
	return cmd
}

// confirmed refuses what nobody confirmed.
func (d *deletion) confirmed(what string) error {
	if d.yes || d.dryRun {
		return nil
	}
	return fault.Hintf("repeat with --yes, or with --dry-run to see what would go", "deleting %s: it was not confirmed", what)
}

// record removes a record.
func (d *deletion) record(cmd *cobra.Command, key authz.Key) error {
	if err := d.confirmed(strconv.Quote(key.String())); err != nil {
		return err
	}
	return d.deps.with(cmd.Context(), func(s Store) error {
		if d.dryRun {
			return printDoomed(cmd, s, key)
		}
		n, err := s.Delete(cmd.Context(), key)
		if err != nil {
			return err
		}
		if n == 0 {
			return missing(key)
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s deleted (%s)\n", key, count(n))
		return err
	})
}

// key removes a key that names no record.
func (d *deletion) key(cmd *cobra.Command, key string) error {
	if err := d.confirmed(fault.Clip(key)); err != nil {
		return err
	}
	return d.deps.with(cmd.Context(), func(s Store) error {
		there, err := s.DeleteKey(cmd.Context(), key, d.dryRun)
		switch {
		case err != nil:
			return err
		case !there:
			return fault.Hintf("see what there is: sluice authz list", "there is no key %s", fault.Clip(key))
		}
		done := count(1)
		if d.dryRun {
			done = "dry run"
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s deleted (%s)\n", fault.Clip(key), done)
		return err
	})
}

// unquoted returns the key that a person gives: a key with characters that no
// keyboard has is given as it is shown.
func unquoted(s string) string {
	if key, err := strconv.Unquote(s); err == nil {
		return key
	}
	return s
}

func count(records int64) string {
	if records == 1 {
		return "1 record"
	}
	return fmt.Sprintf("%d records", records)
}

// printDoomed lists the records that a deletion of key removes, and the keys
// below a tenant that name none.
func printDoomed(cmd *cobra.Command, s Store, key authz.Key) error {
	all, err := s.List(cmd.Context(), key.Tenant)
	if err != nil {
		return err
	}
	var doomed []string
	for _, k := range sortedKeys(all) {
		if k == key || key.Product.IsZero() {
			doomed = append(doomed, k.String())
		}
	}
	for _, q := range all.Quarantined {
		if q.Tenant.IsZero() && key.Product.IsZero() {
			doomed = append(doomed, fault.Clip(q.Key))
		}
	}
	for _, name := range doomed {
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s deleted (dry run)\n", name); err != nil {
			return err
		}
	}
	if len(doomed) == 0 {
		return missing(key)
	}
	return nil
}

package authzcmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

func newDelete(deps Deps) *cobra.Command {
	var yes, dryRun bool
	cmd := &cobra.Command{
		Use:   "delete TENANT | TENANT/PRODUCT",
		Short: "Delete a tenant with all its authorisations, or one of them",
		Long: `Delete removes records from etcd: one authorisation, or a tenant with all of
its own, in one transaction. It does so only with --yes.

The next render scales what was deleted to zero, and a later one removes it,
as the environment's release time says. To end an authorisation and keep its
data for the grace days, set its --end with put instead.`,
		Example: `  # see what would go, then let it go
  sluice authz delete 1000006 --dry-run
  sluice authz delete 1000006 --yes`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := parseKey(args[0])
			if err != nil {
				return err
			}
			if !yes && !dryRun {
				return fault.Hintf("repeat with --yes, or with --dry-run to see what would go", "deleting %q: it was not confirmed", key)
			}
			return deps.with(cmd.Context(), func(s Store) error {
				if dryRun {
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
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "delete without asking again")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "delete nothing; list what would go")
	cmd.MarkFlagsMutuallyExclusive("yes", "dry-run")
	return cmd
}

func count(records int64) string {
	if records == 1 {
		return "1 record"
	}
	return fmt.Sprintf("%d records", records)
}

// printDoomed lists the records that a deletion of key removes.
func printDoomed(cmd *cobra.Command, s Store, key authz.Key) error {
	all, err := s.List(cmd.Context(), key.Tenant)
	if err != nil {
		return err
	}
	n := 0
	for _, k := range sortedKeys(all) {
		if k != key && !key.Product.IsZero() {
			continue
		}
		n++
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s deleted (dry run)\n", k); err != nil {
			return err
		}
	}
	if n == 0 {
		return missing(key)
	}
	return nil
}

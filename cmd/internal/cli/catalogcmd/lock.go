package catalogcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/cmd/internal/cli/exit"
	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
	"github.com/gatorcloud/sluice/renderer/render/base"
)

// lockRow is a version that lock publishes.
type lockRow struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
}

func newLock(dir *string) *cobra.Command {
	var o output.Options
	var check bool
	cmd := &cobra.Command{
		Use:   "lock",
		Short: "Publish new versions: write their digests into catalog.lock",
		Long: `Lock checks the catalog, builds every version and writes the digests of those
that are new into catalog.lock. It never changes a digest: a version that was
edited after it was published is an error, and so is one that is gone. With
--check it writes nothing, lists what it would publish and exits 1 if there is
anything.`,
		Example: `  # publish what is new, then commit catalog.lock with it
  sluice catalog lock

  # in CI
  sluice catalog lock --check`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withCatalog(*dir, func(c *catalog.Catalog, faults error, root *os.Root) error {
				if faults != nil {
					return faults
				}
				rows, err := unpublished(cmd.Context(), c)
				if err != nil {
					return err
				}
				if !check && len(rows) > 0 {
					if err := write(root, c.Lock().Add(c.Digests()).Encode()); err != nil {
						return err
					}
				}
				return report(cmd.OutOrStdout(), cmd.ErrOrStderr(), o, rows, check)
			})
		},
	}
	o.AddFlags(cmd.Flags())
	cmd.Flags().BoolVar(&check, "check", false, "write nothing and exit 1 if a version is not published")
	return cmd
}

// unpublished returns the new versions of a catalog in which every version can
// be built and no published one was touched.
func unpublished(ctx context.Context, c *catalog.Catalog) ([]lockRow, error) {
	var rows []lockRow
	var known []*catalog.Version
	for _, v := range c.All() {
		if _, ok := c.Lock().Digest(v.Ref); !ok {
			rows = append(rows, lockRow{v.Ref.Short(), v.Digest})
		} else {
			known = append(known, v)
		}
	}
	return rows, errors.Join(base.Publishable(ctx, c, nil), c.Lock().Verify(known))
}

// write replaces catalog.lock in one step.
func write(root *os.Root, data []byte) error {
	const next = ".catalog.lock.next"
	if err := root.WriteFile(next, data, 0o644); err != nil {
		return fmt.Errorf("writing %s: %w", catalog.LockFile, err)
	}
	if err := root.Rename(next, catalog.LockFile); err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", catalog.LockFile, err), root.Remove(next))
	}
	return nil
}

func report(stdout, stderr io.Writer, o output.Options, rows []lockRow, check bool) error {
	if len(rows) == 0 {
		if _, err := fmt.Fprintf(stderr, "%s is complete\n", catalog.LockFile); err != nil {
			return err
		}
		if o.Format == output.Table || o.Format == output.Wide {
			return nil
		}
	}
	columns := []output.Column[lockRow]{
		{Header: "NAME", Value: func(r lockRow) string { return r.Name }},
		{Header: "DIGEST", Value: func(r lockRow) string { return r.Digest }},
	}
	if err := output.Print(stdout, o, rows, columns); err != nil {
		return err
	}
	if check && len(rows) > 0 {
		return exit.ErrDifferent
	}
	return nil
}

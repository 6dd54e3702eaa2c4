package catalogcmd

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/render/base"
)

func newDiff(dir *string) *cobra.Command {
	var o output.Options
	cmd := &cobra.Command{
		Use:   "diff FROM TO",
		Short: "Show by object what an upgrade changes, and what a cluster does not carry out",
		Long: `Diff compares two versions as an ordinary tenant has them: parameters first, then
objects by name. IMPACT is what the change does in a cluster; BREAKS says why a
cluster does not carry it out by itself, or who would lose something. A new
version with such a change is published only when its description declares it:

  migrations:
  - {from: "200", change: StatefulSet/swg-store spec.serviceName, how: delete the StatefulSet with --cascade=orphan}`,
		Example: `  # what a bump from 200 to 202 does
  sluice catalog diff swg/200 swg/202

  # for scripts
  sluice catalog diff swg/200 swg/202 -o json`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withCatalog(*dir, func(c *catalog.Catalog, _ error, _ *os.Root) error {
				var two [2]*base.Base
				for i, name := range args {
					v, err := find(c, name)
					if err == nil {
						two[i], err = base.Build(cmd.Context(), v)
					}
					if err != nil {
						return err
					}
				}
				if a, b := two[0].Version.Ref, two[1].Version.Ref; a.Name != b.Name || a.Shared != b.Shared {
					return fault.Hintf("name two versions of one product", "comparing %q with %q: they are not versions of each other", args[0], args[1])
				}
				changes := base.Diff(two[0], two[1])
				if len(changes) == 0 && (o.Format == output.Table || o.Format == output.Wide) {
					_, err := fmt.Fprintln(cmd.ErrOrStderr(), "nothing differs")
					return err
				}
				return output.Print(cmd.OutOrStdout(), o, changes, changeColumns())
			})
		},
		ValidArgsFunction: complete(dir),
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

func changeColumns() []output.Column[base.Change] {
	return []output.Column[base.Change]{
		{Header: "OBJECT", Value: func(c base.Change) string { return c.Object }},
		{Header: "FIELD", Value: func(c base.Change) string { return c.Field }},
		{Header: "IMPACT", Value: func(c base.Change) string { return string(c.Impact) }},
		{Header: "FROM", Value: func(c base.Change) string { return c.From }},
		{Header: "TO", Value: func(c base.Change) string { return c.To }},
		{Header: "BREAKS", Value: func(c base.Change) string {
			if c.How != "" {
				return "declared: " + c.How
			}
			return c.Breaks
		}},
	}
}

package authzcmd

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/cmd/internal/cli/input"
	"github.com/gatorcloud/sluice/cmd/internal/cli/progress"
	"github.com/gatorcloud/sluice/renderer/model/authz"
)

func newImport(deps Deps) *cobra.Command {
	var file string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "import -f FILE",
		Short: "Write the tenants of a file",
		Long: `Import reads tenants with their authorisations from a YAML or JSON file and
writes those that differ from what etcd holds. Everything is checked first: if
anything in the file is wrong, every fault is listed and nothing is written.
Records that the file does not mention stay as they are.

Sixty records at a time are written whole or not at all. An import that was
interrupted is finished by running it again.`,
		Example: `  # the tenants of an example
  sluice authz import -f environments/local/tenants.example.yaml

  # from one etcd to another
  sluice authz list -o json --etcd-endpoints https://old:2379 |
    sluice authz import -f - --etcd-endpoints https://new:2379`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			tenants, err := readFile(file, cmd.InOrStdin())
			if err != nil {
				return err
			}
			return deps.with(cmd.Context(), func(s Store) error { return importAll(cmd, s, tenants, dryRun) })
		},
	}
	cmd.Flags().StringVarP(&file, "filename", "f", "", "`file` of tenants in YAML or JSON; - reads stdin")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "write nothing; list what would be written")
	_ = cmd.MarkFlagRequired("filename") // fails for unknown flags only
	return cmd
}

// readFile decodes the file of the given name, or stdin.
func readFile(name string, stdin io.Reader) ([]authz.Tenant, error) {
	data, err := input.Read("importing tenants", name, stdin, authz.MaxFile)
	if err != nil {
		return nil, err
	}
	return authz.DecodeFile(data)
}

func importAll(cmd *cobra.Command, s Store, tenants []authz.Tenant, dryRun bool) error {
	now, err := s.List(cmd.Context())
	if err != nil {
		return err
	}
	plan, err := authz.PlanImport(now, tenants)
	if err != nil {
		return err
	}
	if dryRun {
		if err := printChanges(cmd.OutOrStdout(), plan.Changes, true); err != nil {
			return err
		}
		return printSummary(cmd.ErrOrStderr(), plan, "would be ")
	}
	bar := progress.New(cmd.ErrOrStderr(), "importing")
	err = s.Apply(cmd.Context(), plan.Changes, func(done int) { bar.Set(done, len(plan.Changes)) })
	bar.Clear()
	if err != nil {
		return fmt.Errorf("importing tenants: %w", err)
	}
	return printSummary(cmd.OutOrStdout(), plan, "")
}

func printSummary(w io.Writer, plan authz.Plan, would string) error {
	created := 0
	for _, c := range plan.Changes {
		if c.Revision == 0 {
			created++
		}
	}
	_, err := fmt.Fprintf(w, "records: %d %screated, %d %schanged, %d unchanged\n",
		created, would, len(plan.Changes)-created, would, plan.Unchanged)
	return err
}

// sortedKeys returns the keys of a listing in their order.
func sortedKeys(l authz.Listing) []authz.Key {
	return slices.SortedFunc(maps.Keys(l.Revisions), func(a, b authz.Key) int { return strings.Compare(a.String(), b.String()) })
}

package ingestcmd

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/cmd/internal/cli/ingestflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/input"
	"github.com/gatorcloud/sluice/cmd/internal/cli/progress"
	"github.com/gatorcloud/sluice/renderer/ingest"
	"github.com/gatorcloud/sluice/renderer/ingest/sps"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// maxSkipped is how many tenants that were left out are told one by one.
const maxSkipped = 20

func newImport(o *options) *cobra.Command {
	var file, mapping string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "import -f FILE",
		Short: "Take subscriptions from a file in SPS's form",
		Long: `Import reads tenants from a file in the form of a page of SPS's list, in JSON or
YAML, and writes them by the rules of a list: a revision that is written already
or older is not written, and what shrinks or ends too much is held for a person.
Nobody is missing in a file: nothing is ended for not being in it.

A tenant that is wrong is left out and named; the others are written.`,
		Example: `  # see what would be written, then write it
  sluice ingest import -f subscriptions.json --dry-run
  sluice ingest import -f subscriptions.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			entries, err := readEntries(file, mapping, cmd.InOrStdin())
			if err != nil {
				return err
			}
			return o.with(cmd.Context(), func(s *ingest.Store) error { return importAll(cmd, s, entries, dryRun) })
		},
	}
	cmd.Flags().StringVarP(&file, "filename", "f", "", "`file` of tenants in JSON or YAML; - reads stdin")
	ingestflags.AddMapping(cmd.Flags(), &mapping)
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "write nothing; count what would be written")
	_ = cmd.MarkFlagRequired("filename") // fails for unknown flags only
	return cmd
}

func readEntries(file, mapping string, stdin io.Reader) ([]sps.Entry, error) {
	m, err := ingestflags.Mapping(mapping)
	if err != nil {
		return nil, err
	}
	data, err := input.Read("importing subscriptions", file, stdin, sps.MaxFile)
	if err != nil {
		return nil, err
	}
	return m.ReadFile(data)
}

func importAll(cmd *cobra.Command, store *ingest.Store, entries []sps.Entry, dryRun bool) error {
	bar := progress.New(cmd.ErrOrStderr(), "importing")
	counts := map[ingest.Outcome]int{}
	var faults []error
	for i, e := range entries {
		outcome, err := store.Import(cmd.Context(), e.Document(), dryRun)
		switch {
		case err != nil && fault.ClassOf(err) != fault.Skipped:
			bar.Clear()
			return fmt.Errorf("after %d of %d tenants: %w", i, len(entries), err)
		case err != nil && len(faults) < maxSkipped:
			faults = append(faults, err)
		}
		counts[outcome]++
		bar.Set(i+1, len(entries))
	}
	bar.Clear()
	if n := counts[ingest.Quarantined] + counts[ingest.Overtaken] - len(faults); n > 0 {
		faults = append(faults, fault.New(fault.Skipped, "", "%d more tenants were left out", n))
	}
	var words []string
	for _, outcome := range slices.Sorted(maps.Keys(counts)) {
		words = append(words, fmt.Sprintf("%d %s", counts[outcome], outcome))
	}
	out, would := cmd.OutOrStdout(), ""
	if dryRun {
		out, would = cmd.ErrOrStderr(), " (dry run)"
	}
	_, err := fmt.Fprintf(out, "tenants: %s%s\n", strings.Join(words, ", "), would)
	return errors.Join(append(faults, err)...)
}

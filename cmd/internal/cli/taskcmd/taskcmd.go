// Package taskcmd is `sluice task`: what scheduled tasks did.
package taskcmd

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/etcd/task"
)

// Deps is what the commands need from the outside.
type Deps struct {
	// Etcd opens the store that the flags name; the function closes it.
	Etcd func(ctx context.Context) (*etcd.Store, func() error, error)
	// EtcdFlags adds the flags by which Etcd finds it.
	EtcdFlags func(*pflag.FlagSet)
}

// New returns `sluice task`.
func New(deps Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "task",
		Short: "See what scheduled tasks did",
		Long: `Tasks are work with a schedule that one of all replicas does, such as the list of
SPS that sluice ingest reads with --pull-cron.`,
		Example: "  # the newest runs of each task\n  sluice task list",
	}
	cmd.AddCommand(newList(deps))
	return cmd
}

// row is one run.
type row struct {
	Task    string    `json:"task"`
	Due     time.Time `json:"due"`
	By      string    `json:"by"`
	Claimed time.Time `json:"claimed"`
	Result  string    `json:"result"`
}

// result words how a run ended, or that it has not.
func result(r task.Run) string {
	switch {
	case r.Running:
		return "running"
	case r.Result == "":
		return "killed"
	}
	return r.Result
}

func newList(deps Deps) *cobra.Command {
	var format output.Options
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the newest runs of each task",
		Long: `List shows each fire time that was claimed, which replica had it, and how its run
ended: done, failed, running, or killed. The newest ten of each task stay.`,
		Example: "  # the newest runs of each task\n  sluice task list",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, stop, err := deps.Etcd(cmd.Context())
			if err != nil {
				return err
			}
			runs, err := task.List(cmd.Context(), store, "")
			if err = errors.Join(err, stop()); err != nil {
				return err
			}
			rows := make([]row, 0, len(runs))
			for _, r := range runs {
				rows = append(rows, row{r.Task, r.Due, r.By, r.Claimed, result(r)})
			}
			return output.Print(cmd.OutOrStdout(), format, rows, columns())
		},
	}
	deps.EtcdFlags(cmd.Flags())
	format.AddFlags(cmd.Flags())
	return cmd
}

func columns() []output.Column[row] {
	moment := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	return []output.Column[row]{
		{Header: "TASK", Value: func(r row) string { return r.Task }},
		{Header: "DUE", Value: func(r row) string { return moment(r.Due) }},
		{Header: "RESULT", Value: func(r row) string { return r.Result }},
		{Header: "BY", Value: func(r row) string { return r.By }},
		{Header: "CLAIMED", Wide: true, Value: func(r row) string { return moment(r.Claimed) }},
	}
}

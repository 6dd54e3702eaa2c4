package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/cmd/lab/internal/demo"
	"github.com/gatorcloud/sluice/cmd/lab/internal/lab"
)

func newDemo(dir *string) *cobra.Command {
	var o lab.Options
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Bring up the whole product on this machine, and say what to try",
		Long: `Demo brings up a lab with etcd, a GitLab and a real Argo CD, sells to twelve tenants
in three rings, and starts sluice run with its page. It prints where everything is,
and what to try: a bump by merge request, its merge, a look at it, a version that
breaks, why it halts, and the way back. lab down ends it.

The GitLab is the one of sluice's tests: it merges for real, and its pages have the
buttons Merge and Revert, but it keeps merge requests in memory and has no pipelines.`,
		Example: "  lab demo\n  lab down",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Dir, o.Progress = *dir, cmd.ErrOrStderr()
			d, err := demo.Up(cmd.Context(), o)
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), d)
			return err
		},
	}
	return cmd
}

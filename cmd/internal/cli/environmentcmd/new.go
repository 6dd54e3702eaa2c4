package environmentcmd

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

func newNew() *cobra.Command {
	var o Options
	var dir string
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Begin an environment: its environment.yaml and fleet.yaml",
		Long: `New writes the two files of an environment that are people's, from flags that are
checked as the files are. Rings offer nothing yet, unless --product says so.`,
		Example: `  sluice environment new pop-fra1 --repo-url https://git.example/fleet.git --domain fra1.example.com \
    --destination-server https://k8s.fra1.example.com:6443 --storage-class ssd --product swg=202`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := ident.Parse[ident.EnvironmentKind](args[0])
			if err != nil {
				return fmt.Errorf("reading the environment's name: %w", err)
			}
			return o.make(cmd, dir, name)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", ".", "root of the repository, which holds the folder environments")
	o.AddFlags(cmd)
	return cmd
}

// make writes the files of an environment that is not there.
func (o *Options) make(cmd *cobra.Command, dir string, name ident.Environment) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fault.Hintf("give the root of the repository with --dir", "opening repository: %w", err)
	}
	defer root.Close()
	if err := o.Write(root, name); err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s holds environment.yaml and %s; then:\n  sluice validate\n  sluice environment project %s\n",
		manifest.EnvironmentPath(name), manifest.FleetFile, name)
	_, err = fmt.Fprintln(cmd.OutOrStdout(), name)
	return err
}

// Package initcmd is `sluice init`: it makes a repository in which everything
// is there, works and is small: one product, one environment, a pipeline.
//
// The directory is there whole or not at all: it is made beside its place and
// moved there when everything in it has been read back.
package initcmd

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/cmd/internal/cli/environmentcmd"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

type options struct {
	environment environmentcmd.Options
	name        string
	renderer    string
	owner       string
	image       string
}

// New returns `sluice init`.
func New() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "init DIR",
		Short: "Make a repository: one product, one environment, a pipeline",
		Long: `Init makes a repository for a fleet: a catalog with one small product, which is
published, an environment that offers it, the pipeline of GitLab CI, CODEOWNERS
and a README with the next steps. DIR must not exist or be empty. Nothing is
committed: that is for you.`,
		Example: `  # for this machine
  sluice init fleet --repo-url https://git.example/fleet.git --domain fleet.localhost

  # for a POP, rendered by jobs of GitLab CI
  sluice init fleet --env pop-fra1 --repo-url https://git.example/fleet.git --domain fra1.example.com \
    --destination-server https://k8s.fra1.example.com:6443 --storage-class ssd --renderer ci`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.make(args[0]); err != nil {
				return fmt.Errorf("making repository %q: %w", args[0], err)
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "see README.md for what is next:\n  cd %s\n  git init -b main && git add -A && git commit -m begin\n", args[0])
			_, err := fmt.Fprintln(cmd.OutOrStdout(), args[0])
			return err
		},
	}
	o.environment.AddFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.name, "env", "local", "name of the environment")
	f.StringVar(&o.renderer, "renderer", "run", "who renders: run (sluice run) or ci (jobs of the pipeline)")
	f.StringVar(&o.owner, "owner", "@platform", "user or group that approves merge requests")
	f.StringVar(&o.image, "image", "registry.gatorcloud.io/sluice/ci", "image of the pipeline's jobs: sluice, git and a shell")
	return cmd
}

// make makes the repository.
func (o *options) make(dir string) (err error) {
	name, err := ident.Parse[ident.EnvironmentKind](o.name)
	if err != nil {
		return fmt.Errorf("reading --env: %w", err)
	}
	if o.renderer != "run" && o.renderer != "ci" {
		return fault.Hintf("use run or ci", "reading --renderer: %s is neither", fault.Clip(o.renderer))
	}
	for flag, value := range map[string]string{"owner": o.owner, "image": o.image} {
		if value == "" || strings.ContainsAny(value, " \t\r\n#{}[]\"'") {
			return fault.Hintf("give one word", "reading --%s: %s is none", flag, fault.Clip(value))
		}
	}
	entries, err := os.ReadDir(dir)
	if len(entries) > 0 || err != nil && !errors.Is(err, os.ErrNotExist) {
		return fault.Hintf("give a directory that does not exist or is empty", "%w", cmp.Or(err, errors.New("it is not empty")))
	}
	next, err := os.MkdirTemp(filepath.Dir(filepath.Clean(dir)), ".sluice-init-")
	if err != nil {
		return fault.Hintf("give a directory in one that is there", "%w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(next))
		}
	}()
	root, err := os.OpenRoot(next)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := errors.Join(o.write(root, name), os.Chmod(next, 0o755)); err != nil {
		return err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) { // an empty one
		return err
	}
	return os.Rename(next, dir)
}

// Package initcmd is `sluice init`: it makes a repository in which everything
// is there, works and is small: one product, one environment, a pipeline.
//
// Everything is there or nothing: it is made in a folder of its own, and moved to
// its place when all of it has been read back.
package initcmd

import (
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

// git is what Git keeps in a work tree.
const git = ".git"

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
and a README with the next steps. DIR must not exist, be empty or be a clone of
an empty repository. Nothing is committed: that is for you.`,
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
			begin := "git init -b main && "
			if _, err := os.Stat(filepath.Join(args[0], git)); err == nil {
				begin = ""
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "see README.md for what is next:\n  cd %s\n  %sgit add -A && git commit -m begin\n", args[0], begin)
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
	made, err := taken(dir)
	if err != nil {
		return err
	}
	defer func() {
		if made && err != nil {
			err = errors.Join(err, os.Remove(dir))
		}
	}()
	next, err := os.MkdirTemp(dir, ".sluice-init-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(next)) }()
	root, err := os.OpenRoot(next)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := o.write(root, name); err != nil {
		return err
	}
	return move(next, dir)
}

// taken makes the directory, or takes one that has nothing but what Git keeps
// in it. It says whether it made it.
func taken(dir string) (made bool, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return false, fault.Hintf("give a directory in one that is there", "%w", err)
		}
		return true, nil
	}
	for _, e := range entries {
		if e.Name() != git && err == nil {
			err = fmt.Errorf("it holds %s", fault.Clip(e.Name()))
		}
	}
	if err != nil {
		return false, fault.Hintf("give a directory that does not exist, is empty or is a clone of an empty repository", "%w", err)
	}
	return false, nil
}

// move moves everything in one directory into another one, or nothing.
func move(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for i, e := range entries {
		err := os.Rename(filepath.Join(from, e.Name()), filepath.Join(to, e.Name()))
		if err == nil {
			continue
		}
		for _, e := range entries[:i] {
			err = errors.Join(err, os.Rename(filepath.Join(to, e.Name()), filepath.Join(from, e.Name())))
		}
		return err
	}
	return nil
}

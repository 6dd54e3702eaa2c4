// Package environmentcmd is `sluice environment`: it begins an environment, and
// prints what an administrator applies by hand before its fleet can write anything.
package environmentcmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/cmd/internal/cli/repoflags"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render"
)

// New returns `sluice environment`.
func New(repo repoflags.Repository) *cobra.Command {
	cmd := &cobra.Command{Use: "environment", Short: "Begin environments, and print what an administrator applies for them"}
	cmd.AddCommand(newNew(), newProject(repo), newChecks(repo))
	return cmd
}

func newProject(repo repoflags.Repository) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "project ENVIRONMENT",
		Short: "Print the AppProjects that bound an environment",
		Long: `Project prints the four AppProjects that say what the Applications of an
environment may write: of the fleet, of rings and tenants, of products, and of
shared parts. Only an administrator applies them: who pushes to the repository
must not widen them. They name the kinds that the catalog's versions write or
declare: apply them again after a change of environment.yaml, and before a version
with a kind that none had is granted. sluice doctor says when that is due.`,
		Example: "  # before the environment's first Application\n  sluice environment project pop-sha1 | kubectl apply --server-side -f -",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := ident.Parse[ident.EnvironmentKind](args[0])
			if err != nil {
				return fault.Hintf("name a folder of environments/", "reading the environment's name: %w", err)
			}
			return printed(cmd, repo, "the projects", func(files fs.FS) ([]byte, error) { return projects(cmd.Context(), files, name) })
		},
	}
	repo.Flags(cmd.Flags())
	return cmd
}

// printed prints what f makes of the repository's files.
func printed(cmd *cobra.Command, repo repoflags.Repository, what string, f func(fs.FS) ([]byte, error)) (err error) {
	t, err := repo.Place(cmd.Context())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	files, err := t.Files(cmd.Context())
	if err != nil {
		return err
	}
	text, err := f(files)
	if err != nil {
		return err
	}
	if _, err := cmd.OutOrStdout().Write(text); err != nil {
		return fmt.Errorf("printing %s: %w", what, err)
	}
	return nil
}

// sold loads the catalog of the repository's files.
func sold(files fs.FS) (*catalog.Catalog, error) {
	dir, err := fs.Sub(files, manifest.CatalogDir)
	if err != nil {
		return nil, err
	}
	return catalog.Load(dir)
}

func projects(ctx context.Context, files fs.FS, name ident.Environment) ([]byte, error) {
	root, err := fs.Sub(files, manifest.Root)
	if err != nil {
		return nil, err
	}
	site, err := environments.Load(root, name)
	if err != nil {
		return nil, err
	}
	c, err := sold(files)
	if _, missing := fs.Stat(files, manifest.CatalogDir); err != nil && !errors.Is(missing, fs.ErrNotExist) { // without one there are no kinds yet
		return nil, err
	}
	return render.Projects(ctx, site, c)
}

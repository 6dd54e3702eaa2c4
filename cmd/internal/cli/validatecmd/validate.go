// Package validatecmd is `sluice validate`.
package validatecmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/cmd/internal/cli/repoflags"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render/base"
	"github.com/gatorcloud/sluice/renderer/rollout"
	"github.com/spf13/cobra"
)

// New returns `sluice validate`.
func New(repo repoflags.Repository) *cobra.Command {
	var passed []string
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "Check catalog, lock and environments and list every error",
		Long: `Validate loads the catalog and every environment of a repository, checks the
lock, proves every version and checks that fleets want only what the catalog
holds and edges lead to from what rings run, and that nothing they run or may go
back to has left it. It lists every error of one run and writes nothing.

A version is proven when Kubernetes would take its objects whatever parameters
a tenant may give, and when they find each other there: selectors, ports,
volumes, ConfigMaps, Secrets. --unproven passes over a version that was published
before its proof was asked for; it is built all the same.`,
		Example: `  # before a merge request
  sluice validate

  # a repository elsewhere
  sluice validate --repo https://git.example/fleet.git --branch main`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := repo.Place(cmd.Context())
			if err != nil {
				return err
			}
			return errors.Join(run(cmd.Context(), t.Files, passed, cmd.OutOrStdout(), cmd.ErrOrStderr()), t.Close())
		},
	}
	repo.Flags(cmd.Flags())
	cmd.Flags().StringArrayVar(&passed, "unproven", nil, "pass over the proof of a published version, as swg/200 or shared/identity/3")
	return cmd
}

func run(ctx context.Context, open func(context.Context) (fs.FS, error), passed []string, stdout, stderr io.Writer) error {
	files, err := open(ctx)
	if err != nil {
		return err
	}
	sold, err := fs.Sub(files, "catalog")
	if err != nil {
		return err
	}
	c, fault1 := catalog.Load(sold)
	faults := []error{fault1}
	versions := 0
	if c != nil {
		versions = len(c.All())
		unproven, err := refs(c, passed)
		faults = append(faults, err, base.Publishable(ctx, c, unproven))
	}
	root, err := fs.Sub(files, manifest.Root)
	if err != nil {
		return err
	}
	names, err := environments.List(root)
	faults = append(faults, err)
	for _, name := range names {
		site, err := environments.Load(root, name)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		for _, note := range site.Notes {
			fmt.Fprintf(stderr, "sluice: note: environment %q: %s\n", name, note)
		}
		rollouts, err := readRollouts(root, name)
		faults = append(faults, err)
		if c != nil {
			faults = append(faults, rollout.Check(site, c, rollouts)...)
		}
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%d versions and %d environments are valid\n", versions, len(names))
	return err
}

// refs returns the versions of the catalog that names mean.
func refs(c *catalog.Catalog, names []string) ([]catalog.Ref, error) {
	known := map[string]catalog.Ref{}
	for _, v := range c.All() {
		known[v.Ref.Short()] = v.Ref
	}
	var out []catalog.Ref
	for _, name := range names {
		ref, ok := known[name]
		if !ok {
			return nil, fault.Hintf("write it as swg/200 or shared/identity/3", "reading --unproven: the catalog has no version %q", name)
		}
		out = append(out, ref)
	}
	return out, nil
}

// readRollouts reads an environment's rollouts; a fleet that has none yet has the zero ones.
func readRollouts(root fs.FS, name ident.Environment) (rollout.Rollouts, error) {
	data, err := fs.ReadFile(root, name.String()+"/"+rollout.File)
	if errors.Is(err, fs.ErrNotExist) {
		return rollout.Rollouts{}, nil
	}
	if err != nil {
		return rollout.Rollouts{}, err
	}
	r, err := rollout.Decode(data)
	if err != nil {
		return r, fmt.Errorf("checking environment %q: %w", name, err)
	}
	return r, nil
}

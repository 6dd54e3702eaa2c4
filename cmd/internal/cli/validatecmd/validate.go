// Package validatecmd is `sluice validate`.
package validatecmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/cmd/internal/cli/repoflags"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render/base"
	"github.com/gatorcloud/sluice/renderer/rollout"
	"github.com/gatorcloud/sluice/renderer/run/publish"
	"github.com/spf13/cobra"
)

// New returns `sluice validate`.
func New(repo repoflags.Repository) *cobra.Command {
	o := options{at: repo.At}
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
before its proof was asked for; it is built all the same.

--proven does so for all versions that stand unchanged in another catalog.lock,
such as the target branch's: then the time of a merge request does not grow with
the catalog. It takes no word of the merge request for it. A newer sluice proves
more, so let the branch itself be validated without.

--against names the revision at which a merge request began: it is refused when it
touches rollouts.yaml, which the engine alone writes.`,
		Example: `  # before a merge request
  sluice validate

  # in the pipeline of a merge request: prove what is new
  git show origin/main:catalog/catalog.lock > main.lock
  sluice validate --proven main.lock --against "$CI_MERGE_REQUEST_DIFF_BASE_SHA"

  # a repository elsewhere
  sluice validate --repo https://git.example/fleet.git --branch main`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := repo.Place(cmd.Context())
			if err != nil {
				return err
			}
			return errors.Join(run(cmd.Context(), t.Files, o, cmd.OutOrStdout(), cmd.ErrOrStderr()), t.Close())
		},
	}
	repo.Flags(cmd.Flags())
	cmd.Flags().StringArrayVar(&o.unproven, "unproven", nil, "pass over the proof of a published version, as swg/200 or shared/identity/3")
	cmd.Flags().StringVar(&o.proven, "proven", "", "a catalog.lock whose versions were proven: those that are unchanged are not proven again")
	cmd.Flags().StringVar(&o.against, "against", "", "revision at which the merge request began: refuse it if it touches rollouts.yaml")
	return cmd
}

// options are the flags of one command.
type options struct {
	unproven []string
	proven   string
	against  string
	at       func(ctx context.Context, revision string) (publish.Reader, error)
}

func run(ctx context.Context, open func(context.Context) (fs.FS, error), o options, stdout, stderr io.Writer) error {
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
		passed, err := o.passed(c)
		faults = append(faults, err, base.Publishable(ctx, c, passed))
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
	faults = append(faults, o.untouched(ctx, root))
	if err := errors.Join(faults...); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%d versions and %d environments are valid\n", versions, len(names))
	return err
}

// passed returns the versions that are not proven.
func (o options) passed(c *catalog.Catalog) ([]catalog.Ref, error) {
	all, err := refs(c, o.unproven)
	if err != nil || o.proven == "" {
		return all, err
	}
	data, err := os.ReadFile(o.proven)
	if err != nil {
		return nil, fault.Hintf("give the catalog.lock of the target branch", "reading --proven: %w", err)
	}
	lock, err := catalog.ParseLock(data)
	if err != nil {
		return nil, fmt.Errorf("reading --proven %q: %w", o.proven, err)
	}
	for ref, digest := range c.Digests() {
		if was, ok := lock.Digest(ref); ok && was == digest {
			all = append(all, ref)
		}
	}
	return all, nil
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

// Package catalogcmd is `sluice catalog`: it shows what can be sold and
// publishes new versions.
//
// The commands read the catalog of a directory and need neither Git nor etcd.
// They show versions that are not published yet, so that a product engineer
// sees the buckets before a merge request. New and pin write versions that are
// not published, lock the digests of those that shall be; what is published
// never changes.
package catalogcmd

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// New returns `sluice catalog`; resolve asks registries.
func New(resolve Resolve) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "catalog",
		Short: "Show products and their versions, and publish new ones",
	}
	cmd.PersistentFlags().StringVar(&dir, "dir", ".", "root of the repository, which holds the folder catalog")
	cmd.AddCommand(newList(&dir), newShow(&dir), newGraph(&dir), newDiff(&dir), newNew(&dir), newPin(&dir, resolve), newLock(&dir))
	return cmd
}

// folder is the name of the catalog directory in a repository.
const folder = "catalog"

// withCatalog calls f with the catalog of the repository at dir, as it is
// before the comparison with its lock, and the root of the catalog directory.
// Nothing outside that directory can be reached through links.
func withCatalog(dir string, f func(c *catalog.Catalog, faults error, root *os.Root) error) (err error) {
	repository, err := os.OpenRoot(dir)
	if err != nil {
		return fault.Hintf("give the root of the repository with --dir", "opening repository: %w", err)
	}
	defer func() { err = firstOf(err, repository.Close()) }()
	root, err := repository.OpenRoot(folder)
	if err != nil {
		return fault.Hintf("give the root of the repository with --dir", "opening the catalog of %q: %w", dir, err)
	}
	defer func() { err = firstOf(err, root.Close()) }()
	c, faults := catalog.LoadUnlocked(root.FS())
	return f(c, faults, root)
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// leftOut turns the faults of the catalog into one error of class skipped:
// what could be shown was shown.
func leftOut(faults error) error {
	all := catalog.Faults(faults)
	if len(all) == 0 {
		return nil
	}
	return fault.New(fault.Skipped, "run `sluice validate` to see every fault", "leaving out versions with faults: %w", more(all))
}

// more returns the first of several errors and says how many others there are.
func more(all []error) error {
	if len(all) == 1 {
		return all[0]
	}
	return fmt.Errorf("%w, and %d more", all[0], len(all)-1)
}

// find returns the version that an argument names: PRODUCT, PRODUCT/VERSION,
// shared/COMPONENT or shared/COMPONENT/VERSION; the newest when it names none.
func find(c *catalog.Catalog, arg string) (*catalog.Version, error) {
	rest, shared := strings.CutPrefix(arg, "shared/")
	name, version, pinned := strings.Cut(rest, "/")
	if shared {
		s, err := ident.Parse[ident.ComponentKind](name)
		if err != nil {
			return nil, err
		}
		return pick(c.SharedVersions(s), version, pinned, func(v ident.Version) (*catalog.Version, error) { return c.SharedVersion(s, v) })
	}
	p, err := ident.Parse[ident.ProductKind](name)
	if err != nil {
		return nil, err
	}
	return pick(c.Versions(p), version, pinned, func(v ident.Version) (*catalog.Version, error) { return c.Version(p, v) })
}

// pick returns the newest of all, or the named version.
func pick(all []*catalog.Version, version string, pinned bool, get func(ident.Version) (*catalog.Version, error)) (*catalog.Version, error) {
	if !pinned {
		if len(all) > 0 {
			return all[len(all)-1], nil
		}
		return get(ident.Version{})
	}
	v, err := ident.Parse[ident.VersionKind](version)
	if err != nil {
		return nil, err
	}
	return get(v)
}

// complete offers the names of versions to the shell.
func complete(dir *string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		var names []string
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		err := withCatalog(*dir, func(c *catalog.Catalog, _ error, _ *os.Root) error {
			for _, v := range c.All() {
				names = append(names, v.Ref.Short()+"\t"+v.Description)
			}
			return nil
		})
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// status says how a version stands to catalog.lock.
func status(c *catalog.Catalog, v *catalog.Version) string {
	switch locked, ok := c.Lock().Digest(v.Ref); {
	case !ok:
		return "new"
	case locked != v.Digest:
		return "changed"
	}
	return "published"
}

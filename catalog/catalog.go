package catalog

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// Catalog holds the good versions of a catalog directory. It does not change
// once loaded.
type Catalog struct {
	versions map[Ref]*Version
	digests  map[Ref]string // of every version folder, good or bad
	lock     Lock
	shared   map[string]int // buckets of the shared components
	schemas  *tree.Dir
}

// Load reads the catalog directory root, checks it and compares it with
// catalog.lock. The error joins every fault found, ordered by place; the
// Catalog is never nil and holds the versions that have none, do not refer to
// one that has, and are what catalog.lock says.
func Load(root fs.FS) (*Catalog, error) { return new(Reader).Load(root) }

// Load is like the function Load, and takes a version whose files are those of
// the last one that r loaded as it was read then.
func (r *Reader) Load(root fs.FS) (*Catalog, error) {
	c, faults := r.load(root)
	for ref, err := range c.lock.verify(c.digests, c.versions) {
		faults.add(ref.String(), err)
		delete(c.versions, ref)
	}
	c.dropDependents()
	return c, faults.join()
}

// LoadUnlocked is Load without the comparison with catalog.lock: for
// publishing, which is how a version gets into the lock.
func LoadUnlocked(root fs.FS) (*Catalog, error) {
	c, faults := new(Reader).load(root)
	c.dropDependents()
	return c, faults.join()
}

// Validate returns every fault of the catalog in root, ordered by place.
func Validate(root fs.FS) []error {
	_, err := Load(root)
	return Faults(err)
}

// Lock returns the lock as it was read.
func (c *Catalog) Lock() Lock { return c.lock }

// Schemas returns the folder schemas/: CustomResourceDefinitions of kinds that
// clusters have beside what the catalog deploys; nil without one. They are not
// published: they say what is proven, and never what is rendered.
func (c *Catalog) Schemas() *tree.Dir { return c.schemas }

// Digests returns the digest of every version folder that could be read, good or bad.
func (c *Catalog) Digests() map[Ref]string {
	out := maps.Clone(c.digests)
	maps.DeleteFunc(out, func(_ Ref, digest string) bool { return digest == "" })
	return out
}

// All returns the good versions: products before shared components, by name,
// then in version order.
func (c *Catalog) All() []*Version {
	out := slices.Collect(maps.Values(c.versions))
	slices.SortFunc(out, func(a, b *Version) int { return a.Ref.Compare(b.Ref) })
	return out
}

// Products returns the names of the products with a good version, sorted.
func (c *Catalog) Products() []ident.Product {
	var out []ident.Product
	for _, v := range c.All() {
		if !v.Ref.Shared {
			out = append(out, ident.Must[ident.ProductKind](v.Name))
		}
	}
	return slices.Compact(out)
}

// Versions returns the good versions of a product in version order.
func (c *Catalog) Versions(p ident.Product) []*Version { return c.versionsOf(false, p.String()) }

// SharedVersions returns the good versions of a shared component in version order.
func (c *Catalog) SharedVersions(s ident.Component) []*Version { return c.versionsOf(true, s.String()) }

func (c *Catalog) versionsOf(shared bool, name string) []*Version {
	return slices.DeleteFunc(c.All(), func(v *Version) bool { return v.Ref.Shared != shared || v.Name != name })
}

// Version returns a version of a product. The error says what there is instead.
func (c *Catalog) Version(p ident.Product, v ident.Version) (*Version, error) {
	return c.lookup(Ref{Name: p.String(), Version: v.String()})
}

// SharedVersion returns a version of a shared component. The error says what
// there is instead.
func (c *Catalog) SharedVersion(s ident.Component, v ident.Version) (*Version, error) {
	return c.lookup(Ref{Shared: true, Name: s.String(), Version: v.String()})
}

// SharedBucket returns the bucket of a shared component among those of its
// sharing: after everything that any of its versions requires, because a tenant
// may have one for the sake of one product and another for the next.
func (c *Catalog) SharedBucket(s ident.Component) int { return c.shared[s.String()] }

func (c *Catalog) lookup(ref Ref) (*Version, error) {
	if v, ok := c.versions[ref]; ok {
		return v, nil
	}
	what := "product"
	if ref.Shared {
		what = "shared component"
	}
	if _, ok := c.digests[ref]; ok {
		return nil, fault.Hintf("run `sluice validate`", "%s %q: version %q has faults", what, ref.Name, ref.Version)
	}
	var names, versions []string
	for _, v := range c.All() {
		if v.Ref.Shared != ref.Shared {
			continue
		}
		names = append(names, v.Name)
		if v.Name == ref.Name {
			versions = append(versions, v.Version)
		}
	}
	if len(versions) == 0 {
		return nil, fault.Hintf(didYouMean(ref.Name, slices.Compact(names)), "no %s %q in the catalog", what, ref.Name)
	}
	return nil, fault.Hintf("published: "+newest(versions), "%s %q: no version %q", what, ref.Name, ref.Version)
}

// newest lists the last three of versions in order.
func newest(versions []string) string {
	const most = 3
	quoted := make([]string, 0, most)
	for _, v := range versions[max(0, len(versions)-most):] {
		quoted = append(quoted, fmt.Sprintf("%q", v))
	}
	list := strings.Join(quoted, ", ")
	if older := len(versions) - most; older > 0 {
		list += fmt.Sprintf(" and %d older", older)
	}
	return list
}

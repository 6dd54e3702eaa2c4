package render

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/plan"
)

// Stored is the Memory of an environment that a file system holds: a commit's
// tree or a directory. It reads on demand and keeps nothing.
type Stored struct {
	files fs.FS
	env   ident.Environment
}

var _ Memory = Stored{}

// NewStored returns the memory of an environment in files, the root of a repository.
func NewStored(files fs.FS, env ident.Environment) Stored { return Stored{files, env} }

// Tenants returns the ids of the tenants that have a folder, sorted.
func (s Stored) Tenants() ([]ident.Tenant, error) {
	ids, err := s.folders()
	return slices.DeleteFunc(ids, func(id ident.Tenant) bool {
		_, err := fs.Stat(s.files, manifest.FactsPath(s.env, id))
		return err != nil
	}), err
}

// folders returns the ids that have a folder of a tenant, sorted.
func (s Stored) folders() ([]ident.Tenant, error) {
	root := manifest.EnvironmentPath(s.env) + "/" + manifest.TenantsDir
	var ids []ident.Tenant
	err := s.below(root, 2, func(dir string) error {
		id, err := ident.Parse[ident.TenantKind](path.Base(dir))
		if err != nil || dir != manifest.EnvironmentPath(s.env)+"/"+manifest.TenantPath(id) {
			return nil //nolint:nilerr // not rendered by sluice; a full render takes it away
		}
		ids = append(ids, id)
		return nil
	})
	slices.SortFunc(ids, ident.Tenant.Compare)
	return ids, err
}

// Everyone returns the facts of all tenants, sorted, with one read of each.
func (s Stored) Everyone() ([]authz.Facts, error) {
	ids, err := s.folders()
	if err != nil {
		return nil, err
	}
	all := make([]authz.Facts, len(ids))
	var g errgroup.Group
	g.SetLimit(8)
	const some = 64 // files that one goroutine reads
	for from := 0; from < len(ids); from += some {
		g.Go(func() error {
			for i := from; i < min(from+some, len(ids)); i++ {
				var err error
				if all[i], err = s.Facts(ids[i]); err != nil && !errors.Is(err, fs.ErrNotExist) {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(f authz.Facts) bool { return f.Tenant.ID.IsZero() }), nil
}

// below calls f for each directory depth levels below root's own entries.
func (s Stored) below(root string, depth int, f func(dir string) error) error {
	entries, err := fs.ReadDir(s.files, root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", root, err)
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		dir := root + "/" + e.Name()
		if depth == 0 {
			err = f(dir)
		} else {
			err = s.below(dir, depth-1, f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Facts returns the facts that the tenant was rendered from; broken ones when
// its file was edited to something else.
func (s Stored) Facts(id ident.Tenant) (authz.Facts, error) {
	name := manifest.FactsPath(s.env, id)
	data, err := fs.ReadFile(s.files, name)
	if err != nil {
		return authz.Facts{}, fmt.Errorf("reading %s: %w", name, err)
	}
	f, err := authz.DecodeFacts(data)
	if err == nil && f.Tenant.ID != id {
		err = fmt.Errorf("it holds tenant %q", f.Tenant.ID)
	}
	if err != nil {
		f = s.sealed(id)
		f.Broken = fault.Hintf("revert the edit of this file; it is rendered anew once all records of the tenant in etcd can be read", "reading %s: %w", name, err)
	}
	return f, nil
}

// sealed returns what the descriptor of a tenant's base says of its products,
// as far as that can be read.
func (s Stored) sealed(id ident.Tenant) authz.Facts {
	f := authz.Facts{Tenant: authz.Tenant{ID: id}}
	var d manifest.TenantBase
	name := manifest.EnvironmentPath(s.env) + "/" + manifest.TenantPath(id) + "/" + manifest.BaseDir + "/" + manifest.DescriptorFile
	if data, err := fs.ReadFile(s.files, name); err != nil || manifest.Decode(data, manifest.KindTenantBase, &d) != nil {
		return f
	}
	for _, p := range d.Products {
		f.Authorisations = append(f.Authorisations, authz.Authorisation{Product: p.Name, Version: p.Pin})
		f.States = append(f.States, authz.State(p.State))
	}
	return f
}

// Products returns the versions of each product in a tenant's folder that he has
// no more.
func (s Stored) Products(id ident.Tenant, has func(ident.Product) bool) (map[ident.Product][]ident.Version, error) {
	held, err := s.Held(id)
	if err != nil {
		return nil, err
	}
	var all map[ident.Product][]ident.Version
	for _, p := range held {
		if has(p) {
			continue
		}
		err := s.below(manifest.EnvironmentPath(s.env)+"/"+manifest.TenantPath(id)+"/"+p.String(), 0, func(version string) error {
			if v, err := ident.Parse[ident.VersionKind](path.Base(version)); err == nil {
				if all == nil {
					all = map[ident.Product][]ident.Version{}
				}
				all[p] = append(all[p], v)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Held returns the products that a tenant's folder has a folder of.
func (s Stored) Held(id ident.Tenant) ([]ident.Product, error) {
	var all []ident.Product
	err := s.below(manifest.EnvironmentPath(s.env)+"/"+manifest.TenantPath(id), 0, func(product string) error {
		if p, err := ident.Parse[ident.ProductKind](path.Base(product)); err == nil && p.String() != manifest.BaseDir {
			all = append(all, p)
		}
		return nil
	})
	return all, err
}

// Kept returns the claims that a tenant's facts keep; few have some.
func (s Stored) Kept(id ident.Tenant) ([]authz.KeptClaims, error) {
	data, err := fs.ReadFile(s.files, manifest.FactsPath(s.env, id))
	if errors.Is(err, fs.ErrNotExist) || err == nil && !bytes.Contains(data, []byte("\nkeptClaims:")) {
		return nil, nil
	}
	f, err := s.Facts(id)
	return f.Kept, err
}

// Volumes returns the largest volumes that the overlays of the versions in a
// folder give to claims; nothing for a folder that is not there.
func (s Stored) Volumes(dir string, sizes []string) (plan.Volumes, error) {
	all, err := s.Parameters(dir)
	return Volumes(all, sizes), err
}

// Volumes returns the largest volumes that files of parameters give to claims.
func Volumes(parameters [][]byte, sizes []string) plan.Volumes {
	var v plan.Volumes
	for _, data := range parameters {
		keys, values := manifest.TakeParameters(data)
		for i, k := range keys {
			v.Add(k, values[i], sizes)
		}
	}
	return v
}

// Parameters returns the files of parameters of the overlays of the versions in a
// folder; nothing for a folder that is not there.
func (s Stored) Parameters(dir string) ([][]byte, error) {
	versions, err := fs.ReadDir(s.files, dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading %s: %w", dir, err)
	}
	var all [][]byte
	for _, e := range versions {
		name := dir + "/" + e.Name() + "/parameters.yaml"
		data, err := fs.ReadFile(s.files, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // no overlay
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		all = append(all, data)
	}
	return all, nil
}

// Folder returns a folder with everything below it; nil if there is none.
func (s Stored) Folder(dir string) (*tree.Dir, error) {
	if _, err := fs.Stat(s.files, dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	sub, err := fs.Sub(s.files, dir)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", dir, err)
	}
	files := map[string][]byte{}
	err = fs.WalkDir(sub, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files[name], err = fs.ReadFile(sub, name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", dir, err)
	}
	return tree.FromFiles(files)
}

package render

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

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
	root := manifest.EnvironmentPath(s.env) + "/" + manifest.TenantsDir
	var ids []ident.Tenant
	err := s.below(root, 2, func(dir string) error {
		id, err := ident.Parse[ident.TenantKind](path.Base(dir))
		if err != nil || dir != manifest.EnvironmentPath(s.env)+"/"+manifest.TenantPath(id) {
			return nil //nolint:nilerr // not rendered by sluice; a full render takes it away
		}
		if _, err := fs.Stat(s.files, dir+"/"+manifest.FactsFile); err == nil {
			ids = append(ids, id)
		}
		return nil
	})
	slices.SortFunc(ids, ident.Tenant.Compare)
	return ids, err
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

// Facts returns the facts that the tenant was rendered from.
func (s Stored) Facts(id ident.Tenant) (authz.Facts, error) {
	name := manifest.EnvironmentPath(s.env) + "/" + manifest.TenantPath(id) + "/" + manifest.FactsFile
	data, err := fs.ReadFile(s.files, name)
	if err != nil {
		return authz.Facts{}, fmt.Errorf("reading %s: %w", name, err)
	}
	f, err := authz.DecodeFacts(data)
	if err != nil {
		return authz.Facts{}, fmt.Errorf("reading %s: %w", name, err)
	}
	if f.Tenant.ID != id {
		return authz.Facts{}, fault.Hintf("revert the edit of this file", "reading %s: it holds tenant %q", name, f.Tenant.ID)
	}
	return f, nil
}

// Volumes returns the largest volumes that the overlays of the versions in a
// folder give to claims; nothing for a folder that is not there.
func (s Stored) Volumes(dir string, sizes []string) (plan.Volumes, error) {
	var v plan.Volumes
	versions, err := fs.ReadDir(s.files, dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return v, fmt.Errorf("reading %s: %w", dir, err)
	}
	for _, e := range versions {
		name := dir + "/" + e.Name() + "/parameters.yaml"
		data, err := fs.ReadFile(s.files, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // no overlay
		}
		if err != nil {
			return v, fmt.Errorf("reading %s: %w", name, err)
		}
		keys, values, _ := manifest.ReadParameters(data)
		for i, k := range keys {
			v.Add(k, values[i], sizes)
		}
	}
	return v, nil
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

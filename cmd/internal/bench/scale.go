package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"strings"
	"testing/fstest"
	"time"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

var local = ident.Must[ident.EnvironmentKind]("local")

// fourProducts returns the published catalog with a fourth product.
func fourProducts() (*catalog.Catalog, error) {
	files, err := fourFiles()
	if err != nil {
		return nil, err
	}
	return catalog.LoadUnlocked(files)
}

// fourFiles returns the files of the published catalog with a fourth product:
// seg, a copy of dsa under another name. What is locked or declared of them is
// left out.
func fourFiles() (fstest.MapFS, error) {
	files := fstest.MapFS{}
	published := catalog.Published()
	err := fs.WalkDir(published, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path == catalog.LockFile || path == catalog.DeclaredFile {
			return err
		}
		data, err := fs.ReadFile(published, path)
		files[path] = &fstest.MapFile{Data: data}
		if rest, ok := strings.CutPrefix(path, "products/dsa/"); ok {
			files["products/seg/"+rest] = &fstest.MapFile{Data: bytes.ReplaceAll(data, []byte("dsa"), []byte("seg"))}
		}
		return err
	})
	return files, err
}

// site returns the example environment, with seg in every ring.
func site() (*environments.Site, error) {
	s, err := environments.Load(environments.Example(), local)
	if err != nil {
		return nil, err
	}
	for _, r := range s.Fleet.Rings {
		r.Versions[ident.Must[ident.ProductKind]("seg")] = r.Versions[ident.Must[ident.ProductKind]("dsa")]
	}
	return s, nil
}

// tenants returns the facts of n tenants with the given products.
func tenants(n int, products ...string) []authz.Facts {
	all := make([]authz.Facts, n)
	for i := range all {
		all[i] = tenant(i, 1+i%20, products...)
	}
	return all
}

func tenant(i, replicas int, products ...string) authz.Facts {
	f := authz.Facts{Tenant: authz.Tenant{ID: ident.Must[ident.TenantKind](fmt.Sprint(1000000 + i)),
		Name: fmt.Sprintf("tenant %d", i), Code: fmt.Sprintf("%08x", i)}}
	for _, p := range products {
		f.Tenant.Authorisations = append(f.Tenant.Authorisations, authz.Authorisation{
			Product: ident.Must[ident.ProductKind](p), Replicas: replicas, Storage: "80Gi",
			StartTime: time.Date(2024, 6, 18, 0, 0, 0, 0, time.UTC)})
		f.States = append(f.States, authz.Active)
	}
	return f
}

// newRenderer returns a renderer of the example whose bases are built already.
func newRenderer() (*render.Renderer, error) {
	s, err := site()
	if err != nil {
		return nil, err
	}
	return rendererOf(s)
}

func rendererOf(s *environments.Site) (*render.Renderer, error) {
	c, err := fourProducts()
	if err != nil {
		return nil, err
	}
	p := pipeline.New()
	for _, v := range c.All() {
		if _, err := p.Bases().Base(v); err != nil {
			return nil, err
		}
	}
	fleet, err := rollout.FleetOf(s)
	if err != nil {
		return nil, err
	}
	return render.New(render.Config{Site: s, Catalog: c, Fleet: fleet, Bases: p.Bases()}), nil
}

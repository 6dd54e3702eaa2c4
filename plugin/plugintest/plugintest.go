// Package plugintest makes rendered directories of every level for tests and
// benchmarks: sealed as the renderer seals them, and open to any forgery that
// a test wants to see refused. It panics on what a test got wrong.
package plugintest

import (
	"maps"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// Names of the fixture's environment.
const (
	Environment = "pop-sha1"
	TenantID    = "1000006"
	Namespace   = "tenant-1000006"
	Repository  = "https://git.example.com/gatorcloud/fleet.git"
)

// Place returns where the fixture's Applications live and point to.
func Place() manifest.Place {
	return manifest.Place{
		Environment: ident.Must[ident.EnvironmentKind](Environment), RepoURL: Repository, TargetRevision: "main",
		Project: Environment, ArgoCDNamespace: "argocd", Plugin: "sluice", DestinationName: "in-cluster",
	}
}

// Remote returns p for an environment in another cluster than Argo CD's.
func Remote(p manifest.Place) manifest.Place {
	p.DestinationName, p.DestinationServer = "", "https://sha1.example.com:6443"
	return p
}

// Path returns the folder of a tenant in the repository.
func Path(id string) string {
	return manifest.EnvironmentPath(Place().Environment) + "/" + manifest.TenantPath(ident.Must[ident.TenantKind](id))
}

// Overlay is an overlay directory in the making. Dir seals what it holds, so
// a changed field is a forgery that only the check for it can see.
type Overlay struct {
	Descriptor manifest.Overlay
	Base       map[string]string
	Parameters map[string]string
	// Kustomization replaces the one that belongs to the descriptor.
	Kustomization []byte
}

// Dir returns the sealed directory.
func (o Overlay) Dir() *tree.Dir {
	d := o.Descriptor
	base := Files(o.Base)
	kustomization := o.Kustomization
	if kustomization == nil {
		kustomization = manifest.Kustomization(manifest.KustomizationSpec{Namespace: d.Namespace, Tenant: d.Tenant.String(), State: d.Folder()})
	}
	own := []tree.Entry{
		{Name: "kustomization.yaml", Data: kustomization},
		{Name: "parameters.yaml", Data: manifest.Parameters(o.Parameters)},
	}
	d.Files, d.Base = tree.Digest(dir(own...)), tree.Digest(base)
	return dir(append(own, tree.Entry{Name: manifest.DescriptorFile, Data: d.Encode()}, tree.Entry{Name: manifest.BaseDir, Dir: base})...)
}

// With returns o with files of its base replaced; an empty text removes a file.
func (o Overlay) With(files map[string]string) Overlay {
	o.Base = maps.Clone(o.Base)
	for name, text := range files {
		o.Base[name] = text
		if text == "" {
			delete(o.Base, name)
		}
	}
	return o
}

// In returns o in a state of its life.
func (o Overlay) In(state string) Overlay {
	o.Descriptor.State, o.Descriptor.Replicas = state, 0
	o.Parameters = maps.Clone(o.Parameters)
	o.Parameters["replicas"] = "0"
	return o
}

// Tenant is a tenant's base directory in the making.
type Tenant struct {
	Descriptor manifest.TenantBase
	Files      map[string]string
	Shared     []Overlay
}

// Dir returns the sealed directory.
func (t Tenant) Dir() *tree.Dir {
	files := Files(t.Files).Files()
	for _, o := range t.Shared {
		prefix := manifest.SharedPath(o.Descriptor.Component, o.Descriptor.Version) + "/"
		for name, data := range o.Dir().Files() {
			files[prefix+name] = data
		}
	}
	d := t.Descriptor
	sealed, err := tree.FromFiles(files)
	if err != nil {
		panic(err)
	}
	d.Files = tree.Digest(sealed)
	files[manifest.DescriptorFile] = d.Encode()
	all, err := tree.FromFiles(files)
	if err != nil {
		panic(err)
	}
	return all
}

// Ring is the directory of a ring or batch in the making.
type Ring struct {
	Descriptor manifest.RingDescriptor
	Members    []manifest.Member
}

// Dir returns the sealed directory.
func (r Ring) Dir() *tree.Dir {
	r.Descriptor.Tenants = len(r.Members)
	entries := []tree.Entry{{Name: manifest.DescriptorFile, Data: r.Descriptor.Encode()}}
	for _, m := range r.Members {
		entries = append(entries, tree.Entry{Name: m.Tenant.String() + ".yaml", Data: m.Encode()})
	}
	return dir(entries...)
}

// Files returns the directory that holds files, keyed by slash path.
func Files(files map[string]string) *tree.Dir {
	m := make(map[string][]byte, len(files))
	for name, text := range files {
		m[name] = []byte(text)
	}
	d, err := tree.FromFiles(m)
	if err != nil {
		panic(err)
	}
	return d
}

func dir(entries ...tree.Entry) *tree.Dir {
	d, err := tree.New(entries...)
	if err != nil {
		panic(err)
	}
	return d
}

// Replace returns d with the file at name changed to text, and nothing sealed anew.
func Replace(d *tree.Dir, name, text string) *tree.Dir {
	files := d.Files()
	files[name] = []byte(text)
	changed, err := tree.FromFiles(files)
	if err != nil {
		panic(err)
	}
	return changed
}

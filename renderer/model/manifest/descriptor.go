package manifest

import (
	"fmt"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/strict"
)

// APIVersion is the apiVersion of descriptors.
const APIVersion = "sluice.gatorcloud.io/v1"

// maxDescriptor bounds a descriptor: a tenant with every product in ten versions has 30 KB.
const maxDescriptor = 1 << 20

// Kinds of descriptors; each names the level that its directory is.
const (
	KindOverlay    = "Overlay"
	KindTenantBase = "TenantBase"
	KindRing       = "Ring"
	KindMember     = "Member"
)

// Place is where an environment's Applications live and point to.
type Place struct {
	Environment       ident.Environment `json:"environment"`
	RepoURL           string            `json:"repoURL"`
	TargetRevision    string            `json:"targetRevision"`
	Project           string            `json:"project"`
	ArgoCDNamespace   string            `json:"argocdNamespace"`
	Plugin            string            `json:"plugin"`
	DestinationName   string            `json:"destinationName,omitempty"`
	DestinationServer string            `json:"destinationServer,omitempty"`
}

// Remote reports whether the environment's cluster is not the one that Argo CD
// runs in, so that Applications and workloads cannot share an Application.
func (p Place) Remote() bool {
	return p.DestinationName != "in-cluster" && p.DestinationServer != InCluster
}

// Overlay describes an overlay directory: a tenant's product at one version,
// or a shared component.
type Overlay struct {
	APIVersion  string            `json:"apiVersion"`
	Kind        string            `json:"kind"`
	Environment ident.Environment `json:"environment"`
	Tenant      ident.Tenant      `json:"tenant,omitzero"` // zero when environment-shared
	Namespace   string            `json:"namespace"`
	Product     ident.Product     `json:"product,omitzero"`   // set for a product
	Component   ident.Component   `json:"component,omitzero"` // set for a shared component
	Version     ident.Version     `json:"version"`
	State       string            `json:"state"`
	Replicas    int               `json:"replicas"`
	MaxReplicas int               `json:"maxReplicas,omitempty"` // of what scales itself
	Catalog     string            `json:"catalog"`               // locked digest of the version
	Files       string            `json:"files"`                 // tree.Digest of the other files
	Base        string            `json:"base"`                  // tree.Digest of base/
	Seal        string            `json:"seal"`
}

// Folder returns the folder of base/ that an overlay builds.
func (o Overlay) Folder() string {
	if o.State == ActiveDir && o.MaxReplicas > 0 {
		return AutoscaledDir
	}
	return o.State
}

// TenantBase describes a tenant's base directory.
type TenantBase struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Place      `json:",inline"`
	Tenant     ident.Tenant    `json:"tenant"`
	Ring       ident.Ring      `json:"ring,omitzero"` // zero in trees of the first edition
	Namespace  string          `json:"namespace"`
	Path       string          `json:"path"` // the tenant's folder in the repository
	Products   []TenantProduct `json:"products"`
	Files      string          `json:"files"` // tree.Digest of the other files of base/
	Seal       string          `json:"seal"`
}

// TenantProduct is one product of a tenant and the versions that are rendered.
type TenantProduct struct {
	Name     ident.Product    `json:"name"`
	Wave     int              `json:"wave,omitempty"` // in trees of the first edition; written no more
	Pin      ident.Version    `json:"pin,omitzero"`   // the same
	State    string           `json:"state"`
	Versions []ProductVersion `json:"versions"`
}

// ProductVersion is a rendered version, the tenant-shared components it
// requires, and what its Application ignores.
type ProductVersion struct {
	Version           ident.Version      `json:"version"`
	Requires          []Requirement      `json:"requires,omitempty"`
	IgnoreDifferences []IgnoreDifference `json:"ignoreDifferences,omitempty"`
}

// Requirement is a shared component at the least version that serves.
type Requirement struct {
	Component ident.Component `json:"component"`
	Version   ident.Version   `json:"version"`
	Bucket    int             `json:"bucket"` // its bucket among the tenant's shared components
}

// RingDescriptor describes the directory of a ring or of one of its batches.
type RingDescriptor struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Place      `json:",inline"`
	Ring       ident.Ring `json:"ring"`
	Batch      string     `json:"batch"` // Batch.String
	// Tenants is the number of member files. It makes this file change whenever
	// a member leaves: Argo CD asks git which paths changed, git takes the file
	// of a tenant that moves (or of one that goes while another comes) for a
	// rename and names its new path only, so the directory that it left would
	// count as unchanged and keep the tenant.
	Tenants int `json:"tenants"`
	// Versions are those that the slice may run, by product: what the engine
	// granted it and what is good in its ring. Nil in trees of the first edition.
	Versions map[string][]ident.Version `json:"versions,omitempty"`
	Seal     string                     `json:"seal"`
}

// Member is one tenant of a ring.
type Member struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Tenant     ident.Tenant    `json:"tenant"`
	Path       string          `json:"path"` // the tenant's folder in the repository
	Products   []MemberProduct `json:"products"`
	// Released marks a tenant that may be pruned: its data was let go.
	Released bool   `json:"released,omitempty"`
	Seal     string `json:"seal"`
}

// MemberProduct is a product that a tenant holds, with the version that he runs
// if that is his own: he is pinned to it, or keeps it until the engine moves him.
type MemberProduct struct {
	Name ident.Product `json:"name"`
	Pin  ident.Version `json:"pin,omitzero"`
}

// Decode checks the seal of a descriptor and decodes it strictly into out, a
// pointer to one of the descriptor types, whose kind must be kind.
func Decode(file []byte, kind string, out any) error {
	body, err := Unseal(file)
	if err != nil {
		return fmt.Errorf("decoding %s: %w", strings.ToLower(kind), err)
	}
	if got, err := KindOf(body); err != nil {
		return err
	} else if got != kind {
		return fault.Hintf("point the Application at the directory that sluice rendered for it",
			"decoding descriptor: kind %q is not %q", got, kind)
	}
	if w, ok := out.(interface{ read(file []byte) bool }); ok && w.read(file) {
		return nil
	}
	if err := strict.YAML(file, maxDescriptor, out); err != nil {
		return fmt.Errorf("decoding %s: %w", strings.ToLower(kind), err)
	}
	return nil
}

// KindOf returns the kind of a descriptor without decoding it.
func KindOf(file []byte) (string, error) {
	const prefix = "\nkind: "
	text := string(file[:min(len(file), 512)])
	if _, rest, ok := strings.Cut(text, prefix); ok {
		kind, _, _ := strings.Cut(rest, "\n")
		return strings.TrimSuffix(kind, "\r"), nil // its seal is refused with the cause
	}
	return "", fault.Hintf("sluice.yaml is rendered: revert the edit", "decoding descriptor: it names no kind")
}

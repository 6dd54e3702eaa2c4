package catalog

import (
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// APIVersion is the apiVersion of every file that people write for sluice.
const APIVersion = "sluice.gatorcloud.io/v1"

// Sharing says whom a component serves.
type Sharing string

const (
	// SharingNone marks a component that belongs to one tenant's product.
	SharingNone Sharing = "none"
	// SharingTenant marks a component that all products of one tenant use.
	SharingTenant Sharing = "tenant"
	// SharingEnvironment marks a component that all tenants of an environment use.
	SharingEnvironment Sharing = "environment"
)

// Source says how a component's manifests are written.
type Source string

const (
	// SourceKustomize is a Kustomize directory.
	SourceKustomize Source = "kustomize"
	// SourceHelm is a vendored Helm chart.
	SourceHelm Source = "helm"
)

// DataPolicy says what becomes of a component's claims when its tenant leaves.
type DataPolicy string

const (
	// DataKeep orphans PersistentVolumeClaims; it is the default.
	DataKeep DataPolicy = "keep"
	// DataDelete lets PersistentVolumeClaims go with the tenant.
	DataDelete DataPolicy = "delete"
)

// Component is a deployable part of a product version, or a shared component.
type Component struct {
	Name ident.Component `json:"name"`
	// Description is one line for people.
	Description string `json:"description,omitempty"`
	// Source is how the manifests are written; kustomize when empty. A
	// reference to a shared component has none.
	Source Source `json:"source,omitempty"`
	// Path is the component's directory inside its version; "components/<name>" when empty.
	Path string `json:"path,omitempty"`
	// Sharing says whom the component serves; none when empty. Tenant and
	// environment make this entry a reference to catalog/shared/<name>/<version>.
	Sharing Sharing `json:"sharing,omitempty"`
	// Version is the version of the shared component that is referred to.
	Version ident.Version `json:"version,omitzero"`
	// DependsOn names components of the same version that must be Healthy first.
	DependsOn []ident.Component `json:"dependsOn,omitempty"`
	// Priority pushes a component that many buckets later; never earlier. 0 to 100.
	Priority int `json:"priority,omitempty"`
	// Values are the values of a Helm chart.
	Values map[string]any `json:"values,omitempty"`
	// APIVersions are those of custom resources that a Helm chart finds in the
	// cluster, such as "monitoring.coreos.com/v1", with or without a kind behind.
	APIVersions []string `json:"apiVersions,omitempty"`
	// KubeVersion is the Kubernetes that a Helm chart finds, such as "v1.34.0";
	// the oldest that sluice supports when empty.
	KubeVersion string `json:"kubeVersion,omitempty"`
	// Data says what becomes of claims on removal; keep when empty.
	Data DataPolicy `json:"data,omitempty"`
	// IgnoreDifferences are fields of the component's objects that the cluster
	// rewrites; Argo CD leaves them alone while the authorisation is active.
	IgnoreDifferences []manifest.IgnoreDifference `json:"ignoreDifferences,omitempty"`
}

// Image pins one image of a version, in the form of a kustomization's images entry.
type Image struct {
	Name    string `json:"name"`
	NewName string `json:"newName,omitempty"`
	NewTag  string `json:"newTag,omitempty"`
	Digest  string `json:"digest,omitempty"`
}

// Version is one immutable published version of a product, or of a shared
// component, as product.yaml or component.yaml describes it.
type Version struct {
	APIVersion  string `json:"apiVersion"`
	Kind        string `json:"kind"` // Product or SharedComponent
	Name        string `json:"name"`
	Version     string `json:"version"`
	Description string `json:"description,omitempty"`
	// Sharing is set for a shared component only: tenant or environment.
	Sharing Sharing `json:"sharing,omitempty"`
	// Parameters is a JSON Schema (draft 2020-12) of type object for the
	// authorisation's parameters; defaults in it are filled in.
	Parameters map[string]any `json:"parameters,omitempty"`
	// Components are the parts, in the order that people gave.
	Components []Component `json:"components"`
	// Routes is the Kustomize directory of the routes, applied in the last
	// bucket and gone while suspended; empty for none.
	Routes string  `json:"routes,omitempty"`
	Images []Image `json:"images,omitempty"`
	// AllowTags lets images be pinned by tags alone, which whoever owns the
	// registry can move.
	AllowTags bool `json:"allowTags,omitempty"`
	// PodSecurity is the standard that its pods need; nil is restricted.
	PodSecurity *PodSecurity `json:"podSecurity,omitempty"`
	// Kinds are the custom kinds of the version that sluice does not know.
	Kinds []Kind `json:"kinds,omitempty"`
	// Autoscale lets a workload scale itself; nil for none.
	Autoscale *Autoscale `json:"autoscale,omitempty"`
	// UpgradesFrom are the versions that tenants may come from, DowngradesTo those
	// that they may go back to; nil is any.
	UpgradesFrom []string `json:"upgradesFrom,omitempty"`
	DowngradesTo []string `json:"downgradesTo,omitempty"`
	// Migrations are changes that a cluster does not carry out by itself.
	Migrations []Migration `json:"migrations,omitempty"`

	// Ref is the version's place in the catalog.
	Ref Ref `json:"-"`
	// Digest is the sha256 digest of the version's files, "sha256:<64 hex>".
	Digest string `json:"-"`
	// Files is the version's directory as it is stored.
	Files *tree.Dir `json:"-"`

	buckets    [][]Component
	schema     *schema
	helmCharts map[string][]HelmChart
}

// Ref names a version in the catalog: products/swg/202 or shared/identity/3.
type Ref struct {
	Shared  bool
	Name    string
	Version string
}

// String returns the path of r below the catalog directory.
func (r Ref) String() string {
	if r.Shared {
		return "shared/" + r.Name + "/" + r.Version
	}
	return "products/" + r.Name + "/" + r.Version
}

// Short returns r as commands take and print it: swg/202 or shared/identity/3.
func (r Ref) Short() string { return strings.TrimPrefix(r.String(), "products/") }

package environments

import (
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Environment is one POP or on-prem site: environments/<name>/environment.yaml.
type Environment struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"` // Environment
	Name       ident.Environment `json:"name"`
	PopID      string            `json:"popId"`
	PopCode    string            `json:"popCode"`
	// Destination is the Argo CD destination of everything in the environment.
	Destination Destination `json:"destination"`
	// RepoURL and TargetRevision are the Git source that Argo CD reads.
	RepoURL        string `json:"repoURL"`
	TargetRevision string `json:"targetRevision,omitempty"` // "main" when empty
	// Domain is the DNS suffix of the environment's routes.
	Domain string `json:"domain"`
	// NamespacePrefix precedes the tenant id in the tenant's namespace; "tenant-" when empty.
	NamespacePrefix string `json:"namespacePrefix,omitempty"`
	// ArgoCD says where Argo CD keeps the Applications.
	ArgoCD ArgoCD `json:"argocd,omitzero"`
	// Etcd says where the authorisations are.
	Etcd Etcd `json:"etcd,omitzero"`
	// Tenants selects tenants by label; empty selects all.
	Tenants Selector `json:"tenants,omitzero"`
	// Defaults fill what an authorisation leaves empty.
	Defaults Defaults `json:"defaults,omitzero"`
	// Life is how long an ended authorisation stays in each state.
	Life Life `json:"life,omitzero"`
	// MaxRemovalsPercent is the share of tenants that one render may remove; 5 when zero.
	MaxRemovalsPercent int `json:"maxRemovalsPercent,omitempty"`
	// Quota bounds a tenant's namespace, in the form of ResourceQuota's hard; may be empty.
	Quota map[string]string `json:"quota,omitempty"`
}

// Destination is an Argo CD destination: a cluster by name or by server URL.
type Destination struct {
	Name   string `json:"name,omitempty"`
	Server string `json:"server,omitempty"`
}

// ArgoCD names Argo CD's own namespace, project and plugin.
type ArgoCD struct {
	Namespace string `json:"namespace,omitempty"` // "argocd" when empty
	Project   string `json:"project,omitempty"`   // the environment's name when empty
	Plugin    string `json:"plugin,omitempty"`    // "sluice" when empty
}

// Etcd is the place of an environment's authorisations.
type Etcd struct {
	Prefix string `json:"prefix,omitempty"` // "/tenant/info" when empty
}

// Selector selects by equal labels; all of them must match.
type Selector struct {
	MatchLabels map[string]string `json:"matchLabels,omitempty"`
}

// Defaults fill what an authorisation leaves empty.
type Defaults struct {
	Replicas     int    `json:"replicas,omitempty"` // 1 when zero
	Storage      string `json:"storage,omitempty"`  // "10Gi" when empty
	StorageClass string `json:"storageClass,omitempty"`
}

// Life is the length of the states that follow an authorisation's end, in days.
type Life struct {
	SuspendDays *int `json:"suspendDays,omitempty"` // 14 when nil
	GraceDays   *int `json:"graceDays,omitempty"`   // 30 when nil
	// ReleaseHours is how long a tenant whose record vanished stays released before it is removed; 24 when nil.
	ReleaseHours *int `json:"releaseHours,omitempty"`
}

// Fleet is the order in which an environment's tenants move: environments/<name>/fleet.yaml.
type Fleet struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"` // Fleet
	// KeepVersions is how many previous versions of a product stay rendered; 1 when nil.
	KeepVersions *int `json:"keepVersions,omitempty"`
	// Batch is the most tenants that one Argo CD Application of a ring aims to hold; 100 when zero.
	Batch int    `json:"batch,omitempty"`
	Rings []Ring `json:"rings"`
	Holds []Hold `json:"holds,omitempty"`
}

// Ring is an ordered group of tenants. A tenant is in the first ring that
// names it, else in the first whose labels it has, else in the first whose
// share of the id hash it falls in; the last ring takes the rest.
type Ring struct {
	Name ident.Ring `json:"name"`
	// Tenants are members by id.
	Tenants []ident.Tenant `json:"tenants,omitempty"`
	// MatchLabels are members by label; all must match.
	MatchLabels map[string]string `json:"matchLabels,omitempty"`
	// SharePercent is the share of the fleet, by stable hash of the tenant id; 0 to 100.
	SharePercent int `json:"sharePercent,omitempty"`
	// Versions are the versions that the ring grants, by product.
	Versions map[ident.Product]ident.Version `json:"versions"`
	// Previous are earlier versions by product, newest first; the first KeepVersions of them stay rendered.
	Previous map[ident.Product][]ident.Version `json:"previous,omitempty"`
	// SoakSeconds is how long the ring must be Healthy before the next ring moves.
	SoakSeconds int `json:"soakSeconds,omitempty"`
	// Approval makes the ring wait for a person before the next ring moves.
	Approval bool `json:"approval,omitempty"`
	// TolerateUnhealthy is how many unhealthy tenants a batch of the ring may have and still count as Healthy.
	TolerateUnhealthy int `json:"tolerateUnhealthy,omitempty"`
}

// Hold keeps a product of a ring at a version until a person lifts it: a fleet
// whose ring grants another version is refused.
type Hold struct {
	Ring    ident.Ring    `json:"ring"`
	Product ident.Product `json:"product"`
	Version ident.Version `json:"version"`
	Reason  string        `json:"reason"`
}

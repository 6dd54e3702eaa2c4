package environments

import (
	"fmt"
	"time"

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
	// Egress are the holes in tenants' default-deny egress, beside their own
	// namespace, the shared parts and DNS. What one product needs it opens for its
	// own pods.
	Egress []Hole `json:"egress,omitempty"`
	// Quota bounds a tenant's namespace, in the form of ResourceQuota's hard; may be empty.
	Quota map[string]string `json:"quota,omitempty"`
	// TimeZone is the IANA zone of the fleet's opening hours; "UTC" when empty.
	TimeZone string `json:"timeZone,omitempty"`
	// Prometheus is the URL that the gates of the fleet are asked at; needed when there are some.
	Prometheus string `json:"prometheus,omitempty"`
}

// Hole is where every tenant's pods may connect, such as the API server.
type Hole struct {
	CIDR   string `json:"cidr"`
	Ports  []int  `json:"ports"` // of TCP
	Reason string `json:"reason"`
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
	// SignatureKeys are the OpenPGP keys, by their long ids, of which one must have
	// signed the branch's newest commit before Argo CD applies it; none is no such
	// wish. They are the renderer's and those of the server that merges.
	SignatureKeys []string `json:"signatureKeys,omitempty"`
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

// Zone returns the time zone of the environment.
func (e *Environment) Zone() (*time.Location, error) {
	zone, err := time.LoadLocation(e.TimeZone)
	if err != nil || e.TimeZone == "Local" { // of whatever machine renders
		return nil, fmt.Errorf("timeZone %.40q is unknown", e.TimeZone)
	}
	return zone, nil
}

// Package authz is the model of authorisations: tenants, what each has bought,
// and the life of a purchase from start to removal.
//
// Records are decoded strictly and every value passes a typed gate, so a
// Tenant in memory is valid by construction. One bad record costs nobody else
// anything: it becomes a Quarantine entry, and the tenant keeps what it had.
// Time is always an argument. The package reads no etcd and no clock.
package authz

import (
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Authorisation is one tenant's right to one product, as etcd holds it.
type Authorisation struct {
	Product ident.Product `json:"product"`
	// Version pins the tenant to a version; zero follows the ring.
	Version ident.Version `json:"version,omitzero"`
	// Replicas scales the product; zero takes the environment's default.
	Replicas int `json:"replicas,omitempty"`
	// MaxReplicas lets the product scale itself between Replicas and this many;
	// zero fixes it at Replicas.
	MaxReplicas int    `json:"maxReplicas,omitempty"`
	Limits      Limits `json:"limits,omitzero"`
	// Storage is a Kubernetes quantity; empty takes the environment's default.
	Storage string `json:"storage,omitempty"`
	// ShrinkFrom is the size that the volumes had before a person replaced them
	// by smaller ones: from this size alone Storage may shrink.
	ShrinkFrom string `json:"shrinkFrom,omitempty"`
	// Parameters are scalar values that the product's JSON Schema accepts.
	Parameters map[string]any `json:"parameters,omitempty"`
	// StartTime and EndTime bound the right; a zero EndTime never ends.
	StartTime   time.Time `json:"startTime"`
	EndTime     time.Time `json:"endTime,omitzero"`
	Description string    `json:"description,omitempty"`
}

// Tenant is a customer with its authorisations, sorted by product.
type Tenant struct {
	ID     ident.Tenant      `json:"tenantId"`
	Name   string            `json:"tenantName"`
	Code   string            `json:"tenantCode"`
	Labels map[string]string `json:"labels,omitempty"`

	Authorisations []Authorisation `json:"-"`
}

// State is where an authorisation stands in its life.
type State string

const (
	// Pending is before the start: nothing is rendered.
	Pending State = "pending"
	// Active is between start and end.
	Active State = "active"
	// Suspended follows the end: scaled to zero, routes gone, everything else kept.
	Suspended State = "suspended"
	// Retained follows suspension: only data is kept, for the grace days.
	Retained State = "retained"
	// Removed is the end of the life: nothing is left.
	Removed State = "removed"
)

// Quarantine is one record that was left out, and why.
type Quarantine struct {
	Key      string        // the etcd key, quoted where printed
	Tenant   ident.Tenant  // zero when the key names none
	Product  ident.Product // zero when the tenant's own record is bad
	Revision int64         // modification revision of the key
	Value    []byte        // the first KiB of the record, quoted where printed
	Err      error         // with a hint
}

// Snapshot is every authorisation at one etcd revision.
type Snapshot struct {
	// Cluster is the etcd cluster that the revision counts in; zero if that is not known.
	Cluster     uint64
	Revision    int64
	Tenants     []Tenant     // sorted by id
	Quarantined []Quarantine // sorted by key
	// Keys is how many keys were read, good and bad; zero means an empty prefix.
	Keys int
}

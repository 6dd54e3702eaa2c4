package environments

import "github.com/gatorcloud/sluice/renderer/model/ident"

// Fleet is what each ring of an environment shall run, and the gates on the way
// there: environments/<name>/fleet.yaml.
type Fleet struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"` // Fleet
	// KeepVersions has no meaning any more; it is read, and noted.
	KeepVersions *int `json:"keepVersions,omitempty"`
	// Batch is the most tenants that one Argo CD Application of a ring aims to hold; 100 when zero.
	Batch int    `json:"batch,omitempty"`
	Rings []Ring `json:"rings"`
	// Blocked are versions that rings and pins are refused alike.
	Blocked []Blocked `json:"blocked,omitempty"`
	// Freezes are times in which no grant moves forward.
	Freezes []Freeze `json:"freezes,omitempty"`
	// Expedite are versions that pass soak, approval, hours and freezes.
	Expedite []Expedite `json:"expedite,omitempty"`
	// Pins keep single tenants off their ring's version.
	Pins []Pin `json:"pins,omitempty"`
	// Holds keep products of a ring where they are.
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
	// Versions are the versions that the ring shall run, by product.
	Versions map[ident.Product]ident.Version `json:"versions"`
	// Previous has no meaning any more; it is read, and noted.
	Previous map[ident.Product][]ident.Version `json:"previous,omitempty"`
	// Steps are shares of the ring, in rising per cent, that move before the rest; 100 is implied.
	Steps []int `json:"steps,omitempty"`
	// StepSoakSeconds is how long each step must be Healthy before the next moves.
	StepSoakSeconds int `json:"stepSoakSeconds,omitempty"`
	// SoakSeconds is how long the ring must be Healthy before the next ring moves.
	SoakSeconds int `json:"soakSeconds,omitempty"`
	// Opens are the hours in which grants are made, as "Mon-Thu 09:00-16:00" in
	// the environment's time zone; always when empty.
	Opens []string `json:"opens,omitempty"`
	// Approval makes the ring wait for a person before the next ring moves.
	Approval bool `json:"approval,omitempty"`
	// TolerateUnhealthy is how many unhealthy tenants the ring may have and still count as Healthy.
	TolerateUnhealthy Tolerance `json:"tolerateUnhealthy,omitzero"`
	// Gates are metrics that must hold at the ends of steps and of the ring.
	Gates []Gate `json:"gates,omitempty"`
	// Parallel is how many slices move at a time after the first of a step; 1 when zero.
	Parallel int `json:"parallel,omitempty"`
	// OnFailure says what becomes of a version that fails in the ring; halt when empty.
	OnFailure Failure `json:"onFailure,omitempty"`
}

// Failure is what becomes of a version that fails.
type Failure string

const (
	// Halt keeps the version where it is and grants it to nobody else.
	Halt Failure = "halt"
	// Rollback takes it back in every ring.
	Rollback Failure = "rollback"
)

// Gate is a metric of Prometheus that must be within bounds; no answer is no pass.
type Gate struct {
	Name  string   `json:"name"`
	Query string   `json:"query"` // PromQL of one value
	Max   *float64 `json:"max,omitempty"`
	Min   *float64 `json:"min,omitempty"`
	// ForSeconds is how long a proof must have stood before the metric counts.
	ForSeconds int `json:"forSeconds,omitempty"`
	// Product that the metric is of; every product when zero.
	Product ident.Product `json:"product,omitzero"`
}

// Blocked refuses a version to rings and pins alike.
type Blocked struct {
	Product ident.Product `json:"product"`
	Version ident.Version `json:"version"`
	Reason  string        `json:"reason"`
}

// Freeze is a time in which no grant moves forward; going back is always allowed.
type Freeze struct {
	From   Moment `json:"from"`
	To     Moment `json:"to"`
	Reason string `json:"reason"`
}

// Expedite lets a version pass soak, approval, hours and freezes until a moment.
type Expedite struct {
	Product ident.Product `json:"product"`
	Version ident.Version `json:"version"`
	Until   Moment        `json:"until"`
	Reason  string        `json:"reason"`
}

// Pin keeps a tenant's product at a version, whatever its ring is granted.
type Pin struct {
	Tenant  ident.Tenant  `json:"tenant"`
	Product ident.Product `json:"product"`
	Version ident.Version `json:"version"`
	Reason  string        `json:"reason"`
}

// PinOf returns the version that a tenant's product is pinned to: the one that
// people reviewed here, else that of the authorisation; zero for none.
func (f *Fleet) PinOf(t ident.Tenant, p ident.Product, authorised ident.Version) ident.Version {
	for _, pin := range f.Pins {
		if pin.Tenant == t && pin.Product == p {
			return pin.Version
		}
	}
	return authorised
}

// Hold keeps a product of a ring at a version, whatever the ring shall run: a
// gate that opens when a person lifts it, or at a moment.
type Hold struct {
	Ring    ident.Ring    `json:"ring"`
	Product ident.Product `json:"product"`
	Version ident.Version `json:"version"`
	Reason  string        `json:"reason"`
	Until   Moment        `json:"until,omitzero"` // until it is lifted when zero
}

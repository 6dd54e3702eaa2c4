package impact

import (
	"slices"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render/base"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// Plan is what a change does to the clusters of one environment. Its JSON is
// an interface: fields are added, never renamed.
type Plan struct {
	Environment ident.Environment `json:"environment"`
	// At is the moment from which the forecast is made.
	At time.Time `json:"at"`
	// Tenants are those of the environment, Touched those of whom an object
	// changes; objects of the environment's own are nobody's.
	Tenants int `json:"tenants"`
	Touched int `json:"touched"`
	// Rollouts are the products of which tenants move, by name; those that were
	// under way before come last.
	Rollouts []Rollout `json:"rollouts"`
	// Security are versions that move to another pod security standard.
	Security []Security `json:"podSecurity,omitempty"`
	// Changes are the distinct changes of objects, the worst first.
	Changes []Change `json:"changes"`
	// Folded counts the objects that change in nothing but version labels and
	// the like.
	Folded int `json:"folded,omitempty"`
	// Rings count tenants by what becomes of their objects, in the fleet's order.
	Rings []Ring `json:"rings"`
	// Skipped is what the renderer would leave out, one line each.
	Skipped []string `json:"skipped,omitempty"`
}

// Rollout is a product whose version changes for some tenants.
type Rollout struct {
	Product ident.Product `json:"product"`
	// Underway says that the same was on its way before the change.
	Underway bool `json:"underway,omitempty"`
	// Lanes are the rings in which somebody moves or something is in the way.
	Lanes []Lane `json:"lanes"`
	// Ends is when the last lane is done at the earliest; nil if one never is.
	Ends *time.Time `json:"ends,omitempty"`
}

// Lane is a product in one ring.
type Lane struct {
	Ring ident.Ring `json:"ring"`
	// Wanted is the version that the ring shall run.
	Wanted ident.Version `json:"wanted,omitzero"`
	// Moves are the tenants by what they run before and in the end.
	Moves []Move `json:"moves"`
	// Hops are the versions that are granted one after another on the way.
	Hops []ident.Version `json:"hops,omitempty"`
	// Pinned are tenants that a pin keeps off what the ring is granted, Behind
	// those who keep a version of their own without one.
	Pinned int `json:"pinned,omitempty"`
	Behind int `json:"behind,omitempty"`
	// Opens and Ends are when the first and the last of them move at the
	// earliest. A lane that is taken back, and a pin, move with the merge.
	Opens *time.Time `json:"opens,omitempty"`
	Ends  *time.Time `json:"ends,omitempty"`
	// Blocks are what is in the way: what has to be waited for, and what has to be
	// lifted by people.
	Blocks []Block `json:"blocks,omitempty"`
}

// Move is how many tenants go from one version to another. Without From they
// had none, without To they have none in the end.
type Move struct {
	From    ident.Version `json:"from,omitzero"`
	To      ident.Version `json:"to,omitzero"`
	Tenants int           `json:"tenants"`
}

// Block is something in a rollout's way.
type Block struct {
	Code    rollout.Code  `json:"code"`
	Version ident.Version `json:"version,omitzero"`
	// Detail is the reason that people wrote.
	Detail string `json:"detail,omitempty"`
	// Until is when it ends by itself.
	Until *time.Time `json:"until,omitempty"`
	// Tenants are how many it concerns; zero is the whole lane.
	Tenants int `json:"tenants,omitempty"`
	// Lift is what people can do.
	Lift string `json:"lift,omitempty"`
}

// Security is a product or shared part whose pods ask for another standard.
type Security struct {
	Of      string `json:"of"` // swg 202 -> 203
	From    string `json:"from"`
	To      string `json:"to"`
	Reason  string `json:"reason,omitempty"` // that the later version declares
	Tenants int    `json:"tenants"`
}

// Change is one distinct change of an object, however many tenants have it.
// Where a tenant's own id, name, code or namespace stands in a value it reads
// <tenant>, <name>, <code>, <namespace> or <folder>.
type Change struct {
	// Of is what the object belongs to: a product, a shared part, "tenant" for what
	// stands in every tenant's namespace, or "argocd/applications" for what carries
	// all these.
	Of string `json:"of"`
	// Object is kind/name.
	Object string      `json:"object"`
	Impact base.Impact `json:"impact"` // the worst of its fields
	Fields []Field     `json:"fields,omitempty"`
	// Tenants have it, by ring in Rings; zero for an object of the environment.
	Tenants int                `json:"tenants"`
	Rings   map[ident.Ring]int `json:"rings,omitempty"`
	Example Example            `json:"example"`
}

// Field is a part of an object that changes; without a name it is the whole.
type Field struct {
	Name   string      `json:"field,omitempty"`
	From   string      `json:"from,omitempty"`
	To     string      `json:"to,omitempty"`
	Impact base.Impact `json:"impact"`
	// Breaks says why a cluster does not carry it out or who loses something, How
	// what the version declares that people do about it.
	Breaks string `json:"breaks,omitempty"`
	How    string `json:"how,omitempty"`
}

// Example is the change of the first tenant that has it.
type Example struct {
	Tenant ident.Tenant `json:"tenant,omitzero"`
	// Diff is a unified diff of the object, cut when it is long; values of
	// Secrets are left out.
	Diff string `json:"diff,omitempty"`
}

// Ring counts the tenants of a ring: who gets his first objects, whose objects
// change, and who loses the last.
type Ring struct {
	Ring   ident.Ring `json:"ring"`
	Create int        `json:"create"`
	Update int        `json:"update"`
	Delete int        `json:"delete"`
}

// Effect reports whether anything in a cluster changes, now or later.
func (p *Plan) Effect() bool {
	return len(p.Changes) > 0 || p.Folded > 0 || slices.ContainsFunc(p.Rollouts, func(r Rollout) bool {
		return !r.Underway && slices.ContainsFunc(r.Lanes, func(l Lane) bool { return len(l.Moves) > 0 })
	})
}

// Refused returns the changes that break something and are not declared.
func (p *Plan) Refused() []Change {
	var all []Change
	for _, c := range p.Changes {
		for _, f := range c.Fields {
			if f.Breaks != "" && f.How == "" {
				all = append(all, c)
				break
			}
		}
	}
	return all
}

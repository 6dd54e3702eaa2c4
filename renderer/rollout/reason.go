package rollout

import (
	"maps"
	"slices"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Code names why something did not move. Codes are stable: scripts and
// dashboards may compare them.
type Code string

// Codes, in the order in which the gates are asked.
const (
	Unoffered   Code = "unoffered"
	Unpublished Code = "unpublished"
	Blocking    Code = "blocked"
	TakenBack   Code = "failed"
	NoWayBack   Code = "no-way-back"
	NoEdge      Code = "no-edge"
	NoObserver  Code = "no-observer"
	Paused      Code = "paused"
	Held        Code = "held"
	RingBefore  Code = "ring-before"
	HopBefore   Code = "hop-before"
	Ill         Code = "degraded"
	Unproven    Code = "unproven"
	Refused     Code = "refused"
	Soak        Code = "soak"
	Measured    Code = "metric"
	Approval    Code = "approval"
	Frozen      Code = "freeze"
	Hours       Code = "hours"
	SharedPart  Code = "shared"
	Suspended   Code = "suspended"
	Ahead       Code = "ahead"
)

// lifts says what lifts each reason: an act of people, or what to wait for.
var lifts = map[Code]string{
	Unoffered:   "name a version of the product for the ring in fleet.yaml",
	Unpublished: "publish the version, or want another one",
	Blocking:    "take the version out of blocked in fleet.yaml, or want another one",
	TakenBack:   "fix forward, revert the bump, or run `sluice rollout lift`",
	NoWayBack:   "want a version at or above what runs, or let downgradesTo name a version that is good here",
	NoEdge:      "publish a version between them, or let upgradesFrom name what runs",
	NoObserver:  "run `sluice rollout promote --ring`, or give the engine Argo CD's kubeconfig",
	Paused:      "run the action resume on the ring's Applications, and let the engine list them",
	Held:        "take the hold out of fleet.yaml, or wait for its end",
	RingBefore:  "wait for the ring before, or run `sluice rollout promote --ring`",
	HopBefore:   "wait until the version that runs has passed its gates here, or run `sluice rollout promote --ring`",
	Ill:         "heal the workloads, fix forward, or run `sluice rollout rollback`",
	Unproven:    "wait for Argo CD to show the version Healthy, see `sluice why`, or run `sluice rollout promote --ring`",
	Refused:     "change the tenants' parameters, pin them, or raise tolerateUnhealthy",
	Soak:        "wait, or expedite the version in fleet.yaml",
	Measured:    "wait for the metric to pass, or mend its query",
	Approval:    "run `sluice rollout approve`",
	Frozen:      "wait for the freeze to end, or expedite the version in fleet.yaml",
	Hours:       "wait for the opening hours, or expedite the version in fleet.yaml",
	SharedPart:  "heal the shared part at the version that is needed, or run `sluice rollout promote --ring`",
	Suspended:   "nothing to do: the tenants follow when they are active again",
	Ahead:       "nothing to do: the tenants wait for their ring to reach their version",
}

// Codes returns every code, sorted.
func Codes() []Code { return slices.Sorted(maps.Keys(lifts)) }

// Lift returns the act that lifts a reason.
func (c Code) Lift() string { return lifts[c] }

// Reason says why a lane, or tenants of it, did not move.
type Reason struct {
	Key
	Code    Code
	Version ident.Version // what would be granted next, or proven
	Detail  string        // one clause; may be empty
	Until   time.Time     // when it ends by itself, as far as is known
	Tenants []ident.Tenant
}

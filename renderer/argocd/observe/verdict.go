package observe

import (
	"math"
	"strconv"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// verdict judges the Application as plugin/health/argoproj.io/Application does,
// check by check and in its order. What is Healthy there is Proven here, and
// what it calls Degraded because of workloads is Degraded, also where they made
// the sync fail. It differs where an error is a minute old or a wait ten: there
// is no clock here, and both are inconclusive at any age. An annotation for a
// soak is judged at a time.
func (a *application) verdict(at time.Time) rollout.Verdict {
	status, op := &a.Status, &a.Status.OperationState
	ended := op.Phase == "Failed" || op.Phase == "Error"
	switch {
	case a.Metadata.Deleted != nil, !a.present(status.Sync.ComparedTo), !sameDestination(a.Spec.Destination, status.Sync.ComparedTo.Destination):
		return rollout.Pending
	case a.uncomparable():
		return rollout.Unknown
	case ended && op.SyncResult != nil && a.present(op.SyncResult.record) && !a.settled():
		return a.broken()
	case a.Operation != nil, op.Phase == "Running", op.Phase == "Terminating":
		return rollout.Pending
	case ended && op.SyncResult == nil:
		return rollout.Unknown
	case status.Sync.Status == "Unknown":
		return rollout.Unknown
	case status.Sync.Status != "Synced", op.Phase != "Succeeded" && !a.settled() && !(ended && a.deployed()), !a.reconciled():
		return rollout.Pending
	}
	if v := a.workloads(); v != rollout.Proven {
		return v
	}
	return a.gates(at)
}

// reconciled reports whether Argo CD compared after the end of the operation.
func (a *application) reconciled() bool {
	finished := a.Status.OperationState.FinishedAt.Time
	return !finished.IsZero() && !a.Status.ReconciledAt.Before(finished)
}

// erred tells an operation that ended without a verdict on what it syncs.
func (a *application) erred() bool {
	op := &a.Status.OperationState
	if op.Phase != "Failed" || op.SyncResult == nil {
		return op.Phase == "Error"
	}
	for _, r := range op.SyncResult.Resources {
		if r.Status == "SyncFailed" {
			return true
		}
	}
	return false
}

// settled tells an error that left nothing to do.
func (a *application) settled() bool {
	return a.erred() && a.Status.Sync.Status == "Synced" && a.reconciled()
}

// deployed reports whether the present source is what was deployed last.
func (a *application) deployed() bool {
	n := len(a.Status.History)
	return n > 0 && a.present(a.Status.History[n-1].record)
}

// broken judges an operation with the present source that failed. It is a
// verdict on the version only if an object that it applied became Degraded
// while it waited for it, and workloads still are.
func (a *application) broken() rollout.Verdict {
	if a.erred() || !a.reconciled() || a.Status.Health.Status != "Degraded" {
		return rollout.Unknown
	}
	for _, r := range a.Status.OperationState.SyncResult.Resources {
		if r.Status == "Synced" && r.HookType == "" && r.HookPhase == "Failed" {
			return rollout.Degraded
		}
	}
	return rollout.Unknown
}

func (a *application) uncomparable() bool {
	for _, c := range a.Status.Conditions {
		switch c.Type {
		case "ComparisonError", "InvalidSpecError", "UnknownError":
			return true
		}
	}
	return false
}

// workloads judges the health of the Application's objects, of which some may
// be child Applications that a parent tolerates.
func (a *application) workloads() rollout.Verdict {
	known, healthy, unhealthy, others := a.Status.Health.Status, 0, 0, false
	for _, r := range a.Status.Resources {
		state := r.Health.Status
		switch child := r.Kind == "Application" && r.Group == "argoproj.io"; {
		case child && state != nil && *state == "Healthy":
			healthy++
		case child && (state != nil || known != "Healthy"):
			unhealthy++
		case !child && state != nil && *state != "Healthy":
			others = true
		}
	}
	bears := unhealthy > 0 && float64(unhealthy) <= a.tolerance() && healthy > 0 && !others
	switch {
	case known == "Healthy" && (unhealthy == 0 || bears), bears && (known == "Progressing" || known == "Degraded"):
		return rollout.Proven
	case known == "Degraded":
		return rollout.Degraded
	case known == "Healthy", known == "Progressing", known == "Suspended":
		return rollout.Pending
	}
	return rollout.Unknown
}

// tolerance is how many children may be unhealthy; what is no number is none.
func (a *application) tolerance() float64 {
	n, _ := number(a.Metadata.Annotations[manifest.AnnotationTolerate])
	return n
}

// number reads a finite number that is not negative.
func number(text string) (float64, bool) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n < 0 || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, false
	}
	return n, true
}

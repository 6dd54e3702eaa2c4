package argocd

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
)

// erred tells an operation that ended without a verdict on what it syncs. The
// health check of Applications reads the same.
func (i item) erred() bool {
	op := i.Status.OperationState
	if op.Phase == "Error" {
		return true
	}
	unapplied := func(r result) bool { return r.Status == "SyncFailed" }
	return op.Phase == "Failed" && slices.ContainsFunc(op.SyncResult.Resources, unapplied)
}

// healed tells an operation that failed because objects became Degraded while
// it waited for them, each of which is Healthy by now. It is no verdict any
// more, and Argo CD does not begin it again. What a person began is his, and a
// hook says nothing after its end.
func (i item) healed() bool {
	op := i.Status.OperationState
	if op.Phase != "Failed" || i.erred() || !op.Operation.InitiatedBy.Automated || i.Status.ReconciledAt.Before(op.FinishedAt) {
		return false
	}
	degraded := 0
	for _, r := range op.SyncResult.Resources {
		if r.HookPhase != "Failed" && r.HookPhase != "Error" {
			continue
		}
		if r.HookType != "" || !i.healthy(r.ref) {
			return false
		}
		degraded++
	}
	return degraded > 0
}

// healthy reports whether an object was Healthy in the last comparison. Where
// Argo CD does not say so of each, all have to be.
func (i item) healthy(o ref) bool {
	for _, r := range i.Status.Resources {
		if r.ref == o {
			return cmp.Or(r.Health.Status, i.Status.Health.Status) == "Healthy"
		}
	}
	return false
}

// attempt reads the number of an operation that was started again; 0 for another's.
func attempt(entries []info) int {
	for _, e := range entries {
		if e.Name != infoAttempt {
			continue
		}
		// A number that is none is somebody else's: no more attempts.
		if n, err := strconv.Atoi(e.Value); err == nil && n >= 0 && n < unblock.Attempts {
			return n
		}
		return unblock.Attempts
	}
	return 0
}

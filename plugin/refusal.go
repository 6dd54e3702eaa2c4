package plugin

import (
	"context"
	"errors"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// Reason is why a request was refused, as metrics and logs name it.
type Reason string

const (
	// ReasonNotGranted is a version that the parent's parameter does not name.
	ReasonNotGranted Reason = "not-granted"
	// ReasonNoOverlay is a granted version that is not rendered.
	ReasonNoOverlay Reason = "no-overlay"
	// ReasonSeal is a directory that was edited after it was rendered.
	ReasonSeal Reason = "seal"
	// ReasonCatalog is a base that was not built from the locked catalog version.
	ReasonCatalog Reason = "catalog"
	// ReasonWave is a sync wave that contradicts the dependency graph.
	ReasonWave Reason = "wave"
	// ReasonEmpty is a directory that generates nothing: Argo CD would prune everything.
	ReasonEmpty Reason = "empty"
	// ReasonRunning is a suspended or retained authorisation with something running.
	ReasonRunning Reason = "running"
	// ReasonNamespace is an object outside of the directory's namespace.
	ReasonNamespace Reason = "namespace"
	// ReasonAuthority is an object that takes rights, routes or marks of others.
	ReasonAuthority Reason = "authority"
	// ReasonDeadline is a workload that could wait for ever.
	ReasonDeadline Reason = "deadline"
	// ReasonApplication is a directory that belongs to another Application.
	ReasonApplication Reason = "application"
	// ReasonDirectory is a directory that has no level, or files that do not belong to it.
	ReasonDirectory Reason = "directory"
	// ReasonParameters are plugin parameters that cannot be read.
	ReasonParameters Reason = "parameters"
	// ReasonBuild is a directory that kustomize or the checks before it refuse.
	ReasonBuild Reason = "build"
	// ReasonOutput is a manifest that is no single, named object.
	ReasonOutput Reason = "output"
)

// Refusal is an error with the reason for which a request was refused.
type Refusal struct {
	Reason Reason
	Err    error
}

// Error returns the message, which is one line.
func (r *Refusal) Error() string { return r.Err.Error() }

// Unwrap returns the error behind the refusal; its hint is found through it.
func (r *Refusal) Unwrap() error { return r.Err }

// ReasonOf returns the reason of the refusal in err's tree, and "" if there is none.
func ReasonOf(err error) Reason {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r.Reason
	}
	return ""
}

// edited refuses files that are not those that were sealed, and says so when
// nothing but their line ends differs.
func edited(what string, d *tree.Dir, sealed string) error {
	if tree.SameButLineEnds(d, sealed) {
		return refuse(ReasonSeal, manifest.KeepLineEnds, "%s has other line ends than it was rendered with, CRLF here or there", what)
	}
	return refuse(ReasonSeal, hintSeal, "%s was edited after it was rendered: digest %s, sealed was %s", what, tree.Digest(d), fault.Clip(sealed))
}

// refuse returns a refusal that a person can mend.
func refuse(reason Reason, hint, format string, args ...any) error {
	return &Refusal{reason, fault.Hintf(hint, format, args...)}
}

// because makes err a refusal, unless it is one already or the request ended.
func because(reason Reason, err error) error {
	if err == nil || ReasonOf(err) != "" || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &Refusal{reason, err}
}

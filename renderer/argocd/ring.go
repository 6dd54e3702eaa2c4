package argocd

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gatorcloud/sluice/renderer/argocd/notify"
	"github.com/gatorcloud/sluice/renderer/argocd/soak"
	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// Named asks for Applications by their names alone, with the rights get and
// patch.
type Named struct{ *Client }

var (
	_ soak.Rings       = Named{}
	_ notify.Refresher = Named{}
)

// soaker is an Application, as far as a soak depends on it.
type soaker struct {
	Metadata struct {
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Status struct {
		ReconciledAt time.Time `json:"reconciledAt"`
		Health       struct {
			LastTransitionTime time.Time `json:"lastTransitionTime"`
		} `json:"health"`
		OperationState struct {
			FinishedAt time.Time `json:"finishedAt"`
		} `json:"operationState"`
	} `json:"status"`
}

// Ring returns what a soak of a ring's Application depends on, as the health
// check of Applications reads it.
func (n Named) Ring(ctx context.Context, name string) (soak.Ring, error) {
	var s soaker
	err := n.get(ctx, name, &s)
	if errors.Is(err, errGone) {
		err = fmt.Errorf("%w: %w", soak.ErrAbsent, err)
	}
	if err != nil {
		return soak.Ring{}, err
	}
	r := soak.Ring{Since: s.Status.OperationState.FinishedAt, Looked: s.Status.ReconciledAt}
	if at := s.Status.Health.LastTransitionTime; at.After(r.Since) {
		r.Since = at
	}
	_, r.Refreshing = s.Metadata.Annotations[annotationRefresh]
	// What is no number of seconds makes the ring Degraded, whatever the time.
	const most = 366 * 24 * 3600
	if seconds, err := strconv.ParseFloat(s.Metadata.Annotations[manifest.AnnotationSoak], 64); err == nil && seconds > 0 && seconds < most {
		r.Soak = time.Duration(math.Ceil(seconds)) * time.Second
	}
	return r, nil
}

// Refresh asks Argo CD to compare the Application of a name. One that is not
// there yet is looked at when it is made.
func (n Named) Refresh(ctx context.Context, name string) error {
	err := n.Client.Refresh(ctx, unblock.Application{Name: name})
	if errors.Is(err, errGone) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("refreshing Application %q: %w", name, err)
	}
	return nil
}

// MayRefresh asks whether Refresh and what Retry does would be allowed, and
// changes nothing. It reports whether the Application is there.
func (n Named) MayRefresh(ctx context.Context, name string) (bool, error) {
	body, err := refreshPatch()
	if err != nil {
		return false, err
	}
	if _, err := n.list(ctx, metav1.ListOptions{Limit: 1}); err != nil {
		return false, fmt.Errorf("asking to list Applications: %w", err)
	}
	var there struct{}
	err = n.get(ctx, name, &there)
	if err == nil {
		err = n.patch(ctx, name, body, metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}})
	}
	if errors.Is(err, errGone) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("asking to refresh Application %q: %w", name, err)
	}
	return true, nil
}

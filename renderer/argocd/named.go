package argocd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gatorcloud/sluice/renderer/argocd/notify"
	"github.com/gatorcloud/sluice/renderer/argocd/observe"
	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
)

// Named asks for Applications by their names alone, with the rights get and
// patch.
type Named struct{ *Client }

var (
	_ notify.Looker     = Named{}
	_ observe.Annotator = Named{}
)

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

// Annotate sets annotations of an Application. Dry it only asks whether it may.
func (n Named) Annotate(ctx context.Context, name string, annotations map[string]string, dry bool) error {
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": annotations}})
	if err != nil {
		return err
	}
	o := metav1.PatchOptions{}
	if dry {
		o.DryRun = []string{metav1.DryRunAll}
	}
	return n.patch(ctx, name, body, o)
}

// Application reads the Application of a name, if there is one.
func (n Named) Application(ctx context.Context, name string) (a unblock.Application, there bool, err error) {
	var i item
	err = n.get(ctx, name, &i)
	if errors.Is(err, errGone) {
		return a, false, nil
	}
	return i.application(), err == nil, err
}

// Seen returns what an Application shows of looks at it.
func (n Named) Seen(ctx context.Context, name string) (s notify.Seen, there bool, err error) {
	a, there, err := n.Application(ctx, name)
	return notify.Seen{Commit: a.Revision, Asked: a.Refreshing}, there, err
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

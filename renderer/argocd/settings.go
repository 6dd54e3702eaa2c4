package argocd

import (
	"context"
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// TrackingLabel and the annotation are the marks by which Argo CD knows again
// what it applied: the label by default up to 2.x, the annotation since 3.0.
const (
	TrackingLabel      = "app.kubernetes.io/instance"
	trackingAnnotation = "argocd.argoproj.io/tracking-id"
)

// Tracked says how many slices of an environment there are, at most as many as
// a page has, and how many of them carry each mark of Argo CD's tracking.
type Tracked struct{ Slices, ByAnnotation, ByLabel int }

// Settings reads the entries of one of Argo CD's ConfigMaps; one that is not
// there has none. It reports whether it may be read: sluice needs that nowhere
// but to check them.
func (c *Client) Settings(ctx context.Context, name string) (entries map[string]string, may bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	answer, err := c.tables.Get().AbsPath("/api/v1/namespaces", c.namespace, "configmaps", name).SetHeader("Accept", "application/json").DoRaw(ctx)
	switch {
	case apierrors.IsForbidden(err):
		return nil, false, nil
	case apierrors.IsNotFound(err):
		return nil, true, nil
	case err != nil:
		return nil, false, fmt.Errorf("reading ConfigMap %q: %w", name, explain(err))
	}
	var of struct {
		Kind string            `json:"kind"`
		Data map[string]string `json:"data"`
	}
	if err := json.Unmarshal(answer, &of); err != nil || of.Kind != "ConfigMap" {
		return nil, false, fmt.Errorf("reading ConfigMap %q: the API server's answer is none", name)
	}
	return of.Data, true, nil
}

// Project reads what an AppProject permits, as JSON has it; nil of one that is not
// there. It reports whether it may be read: sluice needs that nowhere but to check it.
func (c *Client) Project(ctx context.Context, name string) (spec map[string]any, may bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	answer, err := c.tables.Get().AbsPath("/apis/argoproj.io/v1alpha1/namespaces", c.namespace, "appprojects", name).SetHeader("Accept", "application/json").DoRaw(ctx)
	switch {
	case apierrors.IsForbidden(err):
		return nil, false, nil
	case apierrors.IsNotFound(err):
		return nil, true, nil
	case err != nil:
		return nil, false, fmt.Errorf("reading AppProject %q: %w", name, explain(err))
	}
	var of struct {
		Kind string         `json:"kind"`
		Spec map[string]any `json:"spec"`
	}
	if err := json.Unmarshal(answer, &of); err != nil || of.Kind != "AppProject" || of.Spec == nil {
		return nil, false, fmt.Errorf("reading AppProject %q: the API server's answer is none", name)
	}
	return of.Spec, true, nil
}

// Tracked counts the marks of Argo CD's tracking on the slices that the fleet
// of an environment wrote.
func (c *Client) Tracked(ctx context.Context, environment string) (Tracked, error) {
	l, err := c.list(ctx, metav1.ListOptions{LabelSelector: selector(environment) + "," + manifest.LabelLevel + "=ring", Limit: page})
	if err != nil {
		return Tracked{}, fmt.Errorf("listing the slices of environment %q: %w", environment, err)
	}
	t := Tracked{Slices: len(l.Items)}
	for _, slice := range l.Items {
		if slice.GetAnnotations()[trackingAnnotation] != "" {
			t.ByAnnotation++
		}
		if slice.GetLabels()[TrackingLabel] != "" {
			t.ByLabel++
		}
	}
	return t, nil
}

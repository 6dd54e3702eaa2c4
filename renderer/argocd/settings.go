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
	var of struct {
		Data map[string]string `json:"data"`
	}
	there, may, err := c.beside(ctx, "/api/v1", "configmaps", "ConfigMap", name, &of)
	if !there {
		return nil, may, err
	}
	return of.Data, true, nil
}

// Project reads what an AppProject permits, as JSON has it; nil of one that is not
// there. It reports whether it may be read: sluice needs that nowhere but to check it.
func (c *Client) Project(ctx context.Context, name string) (spec map[string]any, may bool, err error) {
	var of struct {
		Spec map[string]any `json:"spec"`
	}
	there, may, err := c.beside(ctx, "/apis/argoproj.io/v1alpha1", "appprojects", "AppProject", name, &of)
	switch {
	case !there:
		return nil, may, err
	case of.Spec == nil:
		return nil, false, fmt.Errorf("reading AppProject %q: the API server's answer is none", name)
	}
	return of.Spec, true, nil
}

// beside reads an object beside Argo CD, and reports whether it is there and may be read.
func (c *Client) beside(ctx context.Context, group, resource, kind, name string, into any) (there, may bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	answer, err := c.tables.Get().AbsPath(group, "namespaces", c.namespace, resource, name).SetHeader("Accept", "application/json").DoRaw(ctx)
	switch {
	case apierrors.IsForbidden(err):
		return false, false, nil
	case apierrors.IsNotFound(err):
		return false, true, nil
	case err != nil:
		return false, false, fmt.Errorf("reading %s %q: %w", kind, name, explain(err))
	}
	var of metav1.TypeMeta
	if json.Unmarshal(answer, &of) != nil || of.Kind != kind || json.Unmarshal(answer, into) != nil {
		return false, false, fmt.Errorf("reading %s %q: the API server's answer is none", kind, name)
	}
	return true, true, nil
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

// Package argocd reads Argo CD's Applications from a Kubernetes API and ends
// their operations, over client-go with what a kubeconfig holds.
//
// It speaks to one server and knows no types of Argo CD but the fields that it
// needs, and keeps none. Everything it reads is bounded, in bytes and in time,
// and every write names the version it was decided on.
package argocd

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

const (
	// resource is what Kubernetes calls Applications.
	resource = "applications"
	// page is how many Applications one request reads.
	page = 500
)

var _ unblock.Cluster = (*Client)(nil)

// item is an Application, as far as it matters.
type item struct {
	Metadata struct {
		Name            string            `json:"name"`
		ResourceVersion string            `json:"resourceVersion"`
		Deleted         string            `json:"deletionTimestamp"`
		Labels          map[string]string `json:"labels"`
		Annotations     map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		Source     any `json:"source"`
		SyncPolicy struct {
			Automated *struct {
				Prune   bool  `json:"prune"`
				Enabled *bool `json:"enabled"`
			} `json:"automated"`
			SyncOptions []string `json:"syncOptions"`
		} `json:"syncPolicy"`
	} `json:"spec"`
	Operation any `json:"operation"`
	Status    struct {
		Sync struct {
			Status     string `json:"status"`
			Revision   string `json:"revision"`
			ComparedTo struct {
				Source any `json:"source"`
			} `json:"comparedTo"`
		} `json:"sync"`
		Health         state     `json:"health"`
		Resources      []held    `json:"resources"`
		ReconciledAt   time.Time `json:"reconciledAt"`
		HealthSource   string    `json:"resourceHealthSource"`
		OperationState struct {
			Phase      string    `json:"phase"`
			Message    string    `json:"message"`
			StartedAt  time.Time `json:"startedAt"`
			FinishedAt time.Time `json:"finishedAt"`
			Operation  struct {
				Info        []info `json:"info"`
				InitiatedBy struct {
					Automated bool `json:"automated"`
				} `json:"initiatedBy"`
			} `json:"operation"`
			SyncResult struct {
				Revision  string   `json:"revision"`
				Source    any      `json:"source"`
				Resources []result `json:"resources"`
			} `json:"syncResult"`
		} `json:"operationState"`
	} `json:"status"`
}

// ref names an object in the cluster.
type ref struct {
	Group     string `json:"group"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// state is a health: empty where Argo CD keeps it elsewhere.
type state struct {
	Status string `json:"status"`
}

// held is an object that an Application has, as the last comparison found it.
type held struct {
	ref    `json:",inline"`
	Health state `json:"health"`
}

// result is what became of one object of a sync: whether it could be applied,
// and what it was like when the operation waited for it.
type result struct {
	ref       `json:",inline"`
	Status    string `json:"status"`
	HookType  string `json:"hookType"`
	HookPhase string `json:"hookPhase"`
}

// Applications returns the Applications of an environment, by their label, or
// the fleets of all environments when it is empty.
func (c *Client) Applications(ctx context.Context, environment string) ([]unblock.Application, error) {
	var all []unblock.Application
	o := metav1.ListOptions{LabelSelector: selector(environment), Limit: page}
	for {
		l, err := c.list(ctx, o)
		if err != nil {
			return nil, fmt.Errorf("listing Applications: %w", err)
		}
		for _, object := range l.Items {
			var i item
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &i); err != nil {
				return nil, fmt.Errorf("reading Application %q: %w", object.GetName(), err)
			}
			all = append(all, i.application())
		}
		if o.Continue = l.GetContinue(); o.Continue == "" {
			return all, nil
		}
	}
}

// selector chooses the Applications of an environment, or all fleets.
func selector(environment string) string {
	if environment == "" {
		return manifest.LabelLevel + "=fleet"
	}
	return manifest.LabelEnvironment + "=" + environment
}

// annotationRefresh asks the controller for a comparison; it removes it when that is done.
const annotationRefresh = "argocd.argoproj.io/refresh"

// Refresh asks Argo CD to compare an Application with its branch.
func (c *Client) Refresh(ctx context.Context, a unblock.Application) error {
	body, err := refreshPatch()
	if err != nil {
		return err
	}
	return c.patch(ctx, a.Name, body, metav1.PatchOptions{})
}

func refreshPatch() ([]byte, error) {
	return json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]any{annotationRefresh: "normal"}}})
}

// Terminate asks Argo CD to end the operation of an Application.
func (c *Client) Terminate(ctx context.Context, a unblock.Application) error {
	body, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": a.Version},
		"status":   map[string]any{"operationState": map[string]any{"phase": "Terminating"}},
	})
	if err != nil {
		return err
	}
	return c.patch(ctx, a.Name, body, metav1.PatchOptions{})
}

func (i item) application() unblock.Application {
	op := i.Status.OperationState
	_, refreshing := i.Metadata.Annotations[annotationRefresh]
	a := unblock.Application{
		Name: i.Metadata.Name, Version: i.Metadata.ResourceVersion, Level: i.Metadata.Labels[manifest.LabelLevel],
		Source: canonical(i.Spec.Source), Compared: canonical(i.Status.Sync.ComparedTo.Source), Syncing: canonical(op.SyncResult.Source),
		Revision: i.Status.Sync.Revision, Operated: op.SyncResult.Revision, Phase: op.Phase, Message: op.Message,
		Synced: i.Status.Sync.Status == "Synced", Refreshing: refreshing,
		Erred: i.erred(), Healed: i.healed(), Finished: op.FinishedAt, Attempt: attempt(op.Operation.Info), Started: op.StartedAt,
		Looked: i.Status.ReconciledAt, Blind: i.Status.HealthSource != "",
	}
	if policy := i.Spec.SyncPolicy; policy.Automated != nil {
		disabled := policy.Automated.Enabled != nil && !*policy.Automated.Enabled
		a.Syncs = !disabled && i.Metadata.Deleted == ""
		a.Automated = a.Syncs && i.Operation == nil
		a.Options, a.Prune = policy.SyncOptions, policy.Automated.Prune
	}
	return a
}

// canonical returns equal texts for equal sources. Argo CD writes a field that
// is empty in one place and leaves it out in another.
func canonical(v any) string {
	v = filled(v)
	if v == nil {
		return ""
	}
	// What was decoded from JSON encodes again, with sorted keys.
	data, _ := json.Marshal(v)
	return string(data)
}

// filled returns v without empty fields, and nil if nothing is left.
func filled(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, value := range v {
			if value = filled(value); value != nil {
				out[key] = value
			}
		}
		if len(out) == 0 {
			return nil
		}
		return out
	case []any:
		if len(v) == 0 {
			return nil
		}
		out := make([]any, len(v))
		for i := range v {
			out[i] = filled(v[i])
		}
		return out
	case string:
		if v == "" {
			return nil
		}
	case bool:
		if !v {
			return nil
		}
	}
	return v
}

// Package argocd reads Argo CD's Applications from a Kubernetes API and ends
// their operations, over net/http with what a kubeconfig holds.
//
// It speaks to one server with a client certificate or a token and knows no
// types but what it needs: no client-go, no watch, no cache. Everything it
// reads is bounded, and every write names the version it was decided on.
package argocd

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// page is how many Applications one request reads.
const page = 500

var _ unblock.Cluster = (*Client)(nil)

// list is a page of Applications, as far as they matter.
type list struct {
	Metadata struct {
		Continue string `json:"continue"`
	} `json:"metadata"`
	Items []item `json:"items"`
}

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
		OperationState struct {
			Phase      string    `json:"phase"`
			Message    string    `json:"message"`
			FinishedAt time.Time `json:"finishedAt"`
			Operation  struct {
				Info []info `json:"info"`
			} `json:"operation"`
			SyncResult struct {
				Revision  string   `json:"revision"`
				Source    any      `json:"source"`
				Resources []result `json:"resources"`
			} `json:"syncResult"`
		} `json:"operationState"`
	} `json:"status"`
}

// result is what became of one resource of a sync.
type result struct {
	Status string `json:"status"`
}

// Applications returns the Applications of an environment, by their label.
func (c *Client) Applications(ctx context.Context, environment string) ([]unblock.Application, error) {
	var all []unblock.Application
	err := c.pages(ctx, environment, "", func(data []byte) (string, error) {
		var l list
		if err := json.Unmarshal(data, &l); err != nil {
			return "", err
		}
		for _, i := range l.Items {
			all = append(all, i.application())
		}
		return l.Metadata.Continue, nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// annotationRefresh asks the controller for a comparison; it removes it when that is done.
const annotationRefresh = "argocd.argoproj.io/refresh"

// Refresh asks Argo CD to compare an Application with its branch.
func (c *Client) Refresh(ctx context.Context, a unblock.Application) error {
	body, err := refreshPatch()
	if err != nil {
		return err
	}
	_, err = c.do(ctx, request{method: http.MethodPatch, path: c.application(a.Name), body: body})
	return err
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
	_, err = c.do(ctx, request{method: http.MethodPatch, path: c.application(a.Name), body: body})
	return err
}

func (c *Client) applications() string {
	return "/apis/argoproj.io/v1alpha1/namespaces/" + url.PathEscape(c.namespace) + "/applications"
}

// application is the path of one Application.
func (c *Client) application(name string) string {
	return c.applications() + "/" + url.PathEscape(name)
}

// read reads one Application, as far as into has fields for it. It fails with
// errGone when there is none.
func (c *Client) read(ctx context.Context, name string, into any) error {
	data, err := c.do(ctx, request{method: http.MethodGet, path: c.application(name)})
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		return fmt.Errorf("reading Application %q: %w", name, err)
	}
	return nil
}

// pages gives every page of a list to take, which returns where the next
// begins; nothing ends it.
func (c *Client) pages(ctx context.Context, environment, accept string, take func(data []byte) (string, error)) error {
	query := url.Values{"labelSelector": {manifest.LabelEnvironment + "=" + environment}, "limit": {fmt.Sprint(page)}}
	if accept == asTable {
		query.Set("includeObject", "None")
	}
	for {
		data, err := c.do(ctx, request{method: http.MethodGet, path: c.applications() + "?" + query.Encode(), accept: accept})
		next := ""
		if err == nil {
			next, err = take(data)
		}
		if err != nil {
			return fmt.Errorf("listing Applications: %w", err)
		}
		if next == "" {
			return nil
		}
		query.Set("continue", next)
	}
}

func (i item) application() unblock.Application {
	op := i.Status.OperationState
	_, refreshing := i.Metadata.Annotations[annotationRefresh]
	a := unblock.Application{
		Name: i.Metadata.Name, Version: i.Metadata.ResourceVersion, Level: i.Metadata.Labels[manifest.LabelLevel],
		Source: canonical(i.Spec.Source), Compared: canonical(i.Status.Sync.ComparedTo.Source), Syncing: canonical(op.SyncResult.Source),
		Revision: i.Status.Sync.Revision, Operated: op.SyncResult.Revision, Phase: op.Phase, Message: op.Message,
		Synced: i.Status.Sync.Status == "Synced", Refreshing: refreshing,
		Erred: i.erred(), Finished: op.FinishedAt, Attempt: attempt(op.Operation.Info),
	}
	if policy := i.Spec.SyncPolicy; policy.Automated != nil {
		disabled := policy.Automated.Enabled != nil && !*policy.Automated.Enabled
		a.Automated = !disabled && i.Operation == nil && i.Metadata.Deleted == ""
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

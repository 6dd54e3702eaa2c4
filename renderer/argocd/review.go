package argocd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// identity is who a token is of.
type identity struct {
	Username string              `json:"username"`
	UID      string              `json:"uid,omitempty"`
	Groups   []string            `json:"groups,omitempty"`
	Extra    map[string][]string `json:"extra,omitempty"`
}

// Review asks the API server whose a token is, and whether he may get an
// Application here. A token of nobody has no user.
func (c *Client) Review(ctx context.Context, token, application string) (user string, may bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	var of struct {
		Status struct {
			Authenticated bool     `json:"authenticated"`
			User          identity `json:"user"`
		} `json:"status"`
	}
	err = c.ask(ctx, "authentication.k8s.io", "tokenreviews", map[string]any{"kind": "TokenReview", "spec": map[string]any{"token": token}}, &of)
	if err != nil {
		return "", false, fmt.Errorf("asking whose a token is: %w", err)
	}
	who := of.Status.User
	if !of.Status.Authenticated || who.Username == "" {
		return "", false, nil
	}
	var access struct {
		Status struct {
			Allowed bool `json:"allowed"`
		} `json:"status"`
	}
	err = c.ask(ctx, "authorization.k8s.io", "subjectaccessreviews", map[string]any{"kind": "SubjectAccessReview", "spec": map[string]any{
		"user": who.Username, "uid": who.UID, "groups": who.Groups, "extra": who.Extra,
		"resourceAttributes": map[string]any{"namespace": c.namespace, "verb": "get", "group": "argoproj.io", "resource": resource, "name": application},
	}}, &access)
	if err != nil {
		return "", false, fmt.Errorf("asking what %q may do: %w", who.Username, err)
	}
	return who.Username, access.Status.Allowed, nil
}

// ask creates a review, which Kubernetes answers and keeps nowhere.
func (c *Client) ask(ctx context.Context, group, kind string, review map[string]any, into any) error {
	review["apiVersion"] = group + "/v1"
	body, err := json.Marshal(review)
	if err != nil {
		return err
	}
	answer, err := c.tables.Post().AbsPath("/apis", group, "v1", kind).SetHeader("Content-Type", "application/json").Body(body).DoRaw(ctx)
	if apierrors.IsForbidden(err) {
		return fault.Hintf("bind the ClusterRole system:auth-delegator to sluice's account", "%w", explain(err))
	}
	if err != nil {
		return explain(err)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return errors.New("the API server's answer is no review")
	}
	return nil
}

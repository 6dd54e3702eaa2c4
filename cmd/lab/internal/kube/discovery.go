package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

type groupKind struct{ apiVersion, kind string }

type resource struct {
	name       string
	namespaced bool
}

// Path returns the API path of what ref names.
func (c *Client) Path(ctx context.Context, ref Ref) (string, error) {
	r, err := c.resource(ctx, groupKind{ref.APIVersion, ref.Kind})
	if err != nil {
		return "", err
	}
	path := root(ref.APIVersion)
	if r.namespaced && ref.Namespace != "" {
		path += "/namespaces/" + url.PathEscape(ref.Namespace)
	}
	path += "/" + r.name
	if ref.Name != "" {
		path += "/" + url.PathEscape(ref.Name)
	}
	return path, nil
}

func root(apiVersion string) string {
	if strings.Contains(apiVersion, "/") {
		return "/apis/" + apiVersion
	}
	return "/api/" + apiVersion
}

func (c *Client) resource(ctx context.Context, gk groupKind) (resource, error) {
	c.mu.Lock()
	r, ok := c.resources[gk]
	c.mu.Unlock()
	if ok {
		return r, nil
	}
	data, err := c.Do(ctx, Request{Method: http.MethodGet, Path: root(gk.apiVersion)})
	if err != nil {
		return resource{}, fmt.Errorf("looking up kind %q of %q: %w", gk.kind, gk.apiVersion, err)
	}
	var list struct {
		Resources []struct {
			Name, Kind string
			Namespaced bool
		}
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return resource{}, fmt.Errorf("looking up kind %q of %q: %w", gk.kind, gk.apiVersion, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range list.Resources {
		if !strings.Contains(e.Name, "/") {
			c.resources[groupKind{gk.apiVersion, e.Kind}] = resource{e.Name, e.Namespaced}
		}
	}
	if r, ok := c.resources[gk]; ok {
		return r, nil
	}
	return resource{}, fmt.Errorf("looking up kind %q of %q: %w", gk.kind, gk.apiVersion,
		&StatusError{Code: http.StatusNotFound, Message: "the server does not know this kind"})
}

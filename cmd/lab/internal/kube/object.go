package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"

	"sigs.k8s.io/yaml"
)

// Object is any Kubernetes object as it stands in JSON.
type Object map[string]any

// Ref names an object, or with an empty Name all of its kind, or with an empty Namespace too those of the cluster.
type Ref struct {
	APIVersion, Kind, Namespace, Name string
}

// String is the form that errors use: kind namespace/name.
func (r Ref) String() string {
	if r.Namespace == "" {
		return r.Kind + " " + r.Name
	}
	return r.Kind + " " + r.Namespace + "/" + r.Name
}

// Ref returns the name of o.
func (o Object) Ref() Ref {
	return Ref{o.Text("apiVersion"), o.Text("kind"), o.Text("metadata", "namespace"), o.Text("metadata", "name")}
}

// Field returns what stands below the keys, and nil if a key is missing.
func (o Object) Field(keys ...string) any {
	var at any = map[string]any(o)
	for _, key := range keys {
		m, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = m[key]
	}
	return at
}

// Text is Field for a string, and "" for anything else.
func (o Object) Text(keys ...string) string {
	s, _ := o.Field(keys...).(string)
	return s
}

var separator = regexp.MustCompile(`(?m)^---[ \t]*(#.*)?$`)

// Decode reads the objects of a YAML or JSON stream; empty documents are left out.
func Decode(data []byte) ([]Object, error) {
	var objects []Object
	for i, doc := range separator.Split(string(data), -1) {
		var o Object
		if err := yaml.Unmarshal([]byte(doc), &o); err != nil {
			return nil, fmt.Errorf("reading document %d: %w", i+1, err)
		}
		if len(o) == 0 {
			continue
		}
		if o.Text("kind") == "" || o.Text("apiVersion") == "" {
			return nil, fmt.Errorf("reading document %d: no apiVersion or no kind", i+1)
		}
		objects = append(objects, o)
	}
	return objects, nil
}

// Get reads one object.
func (c *Client) Get(ctx context.Context, ref Ref) (Object, error) {
	path, err := c.Path(ctx, ref)
	if err != nil {
		return nil, err
	}
	data, err := c.Do(ctx, Request{Method: http.MethodGet, Path: path})
	if err != nil {
		return nil, err
	}
	var o Object
	if err := json.Unmarshal(data, &o); err != nil {
		return nil, fmt.Errorf("reading %s: %w", ref, err)
	}
	return o, nil
}

// Apply makes the cluster hold what the objects say, by server-side apply as
// the one owner of their fields, in the given order.
func (c *Client) Apply(ctx context.Context, objects ...Object) error {
	for _, o := range objects {
		if err := c.apply(ctx, o); err != nil {
			return fmt.Errorf("applying %s: %w", o.Ref(), err)
		}
	}
	return nil
}

func (c *Client) apply(ctx context.Context, o Object) error {
	path, err := c.Path(ctx, o.Ref())
	if err != nil {
		return err
	}
	body, err := json.Marshal(o)
	if err != nil {
		return err
	}
	query := url.Values{"fieldManager": {"sluice-lab"}, "force": {"true"}}
	_, err = c.Do(ctx, Request{
		Method: http.MethodPatch, Path: path + "?" + query.Encode(),
		// JSON is YAML; the API knows server-side apply by this type only.
		ContentType: "application/apply-patch+yaml", Body: body,
	})
	return err
}

// Delete asks for the deletion of an object; one that is not there is no error.
func (c *Client) Delete(ctx context.Context, ref Ref) error {
	path, err := c.Path(ctx, ref)
	if err == nil {
		_, err = c.Do(ctx, Request{Method: http.MethodDelete, Path: path})
	}
	if err != nil && !IsNotFound(err) {
		return fmt.Errorf("deleting %s: %w", ref, err)
	}
	return nil
}

// Event is one change that a watch reports.
type Event struct {
	// Type is ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.
	Type   string `json:"type"`
	Object Object `json:"object"`
}

// List reads all objects that ref names and the revision that a watch can go on from.
func (c *Client) List(ctx context.Context, ref Ref) (objects []Object, revision string, err error) {
	path, err := c.Path(ctx, ref)
	if err != nil {
		return nil, "", err
	}
	data, err := c.Do(ctx, Request{Method: http.MethodGet, Path: path})
	if err != nil {
		return nil, "", err
	}
	var list struct {
		Metadata struct{ ResourceVersion string }
		Items    []Object
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, "", fmt.Errorf("listing %s: %w", ref, err)
	}
	for _, o := range list.Items {
		// Items of a list do not repeat what the list is of.
		o["apiVersion"], o["kind"] = ref.APIVersion, ref.Kind
	}
	return list.Items, list.Metadata.ResourceVersion, nil
}

// Watch calls each for every change after the revision of the objects that ref
// names, until the connection or the context ends or each returns an error.
func (c *Client) Watch(ctx context.Context, ref Ref, revision string, each func(Event) error) error {
	path, err := c.Path(ctx, ref)
	if err != nil {
		return err
	}
	query := url.Values{"watch": {"1"}, "resourceVersion": {revision}}
	resp, err := c.send(ctx, Request{Method: http.MethodGet, Path: path + "?" + query.Encode()})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return decodeEvents(resp.Body, each)
}

func decodeEvents(r io.Reader, each func(Event) error) error {
	events := json.NewDecoder(r)
	for {
		var e Event
		if err := events.Decode(&e); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading a watch: %w", err)
		}
		if e.Type == "ERROR" {
			raw, _ := json.Marshal(e.Object)
			return fmt.Errorf("reading a watch: %s", message(bytes.TrimSpace(raw)))
		}
		if err := each(e); err != nil {
			return err
		}
	}
}

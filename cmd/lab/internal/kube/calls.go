package kube

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// owner is the field manager of what the lab applies.
const owner = "sluice-lab"

// Get reads one object.
func (c *Client) Get(ctx context.Context, ref Ref) (Object, error) {
	place, err := c.place(ref)
	if err != nil {
		return nil, err
	}
	o, err := place.Get(ctx, ref.Name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", ref, err)
	}
	return o.Object, nil
}

// Apply makes the cluster hold what the objects say, by server-side apply as
// the one owner of their fields, in the given order.
func (c *Client) Apply(ctx context.Context, objects ...Object) error {
	for _, o := range objects {
		place, err := c.place(o.Ref())
		if err == nil {
			_, err = place.Apply(ctx, o.Ref().Name, &unstructured.Unstructured{Object: o}, metav1.ApplyOptions{FieldManager: owner, Force: true})
		}
		if err != nil {
			return fmt.Errorf("applying %s: %w", o.Ref(), err)
		}
	}
	return nil
}

// Merge merges a change in JSON into an object.
func (c *Client) Merge(ctx context.Context, ref Ref, change string) error {
	place, err := c.place(ref)
	if err == nil {
		_, err = place.Patch(ctx, ref.Name, types.MergePatchType, []byte(change), metav1.PatchOptions{FieldManager: owner})
	}
	if err != nil {
		return fmt.Errorf("changing %s: %w", ref, err)
	}
	return nil
}

// Delete asks for the deletion of an object; one that is not there is no error.
func (c *Client) Delete(ctx context.Context, ref Ref) error {
	place, err := c.place(ref)
	if err == nil {
		err = place.Delete(ctx, ref.Name, metav1.DeleteOptions{})
	}
	if err != nil && !IsNotFound(err) {
		return fmt.Errorf("deleting %s: %w", ref, err)
	}
	return nil
}

// List reads all objects that ref names and the revision that a watch can go on from.
func (c *Client) List(ctx context.Context, ref Ref) (objects []Object, revision string, err error) {
	place, err := c.place(ref)
	if err != nil {
		return nil, "", err
	}
	list, err := place.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, "", fmt.Errorf("listing %s: %w", ref, err)
	}
	for _, o := range list.Items {
		objects = append(objects, o.Object)
	}
	return objects, list.GetResourceVersion(), nil
}

// Event is one change that a watch reports.
type Event struct {
	// Type is ADDED, MODIFIED, DELETED or BOOKMARK.
	Type   string
	Object Object
}

// Watch calls each for every change after the revision of the objects that ref
// names, until the connection or the context ends or each returns an error.
func (c *Client) Watch(ctx context.Context, ref Ref, revision string, each func(Event) error) error {
	place, err := c.place(ref)
	if err != nil {
		return err
	}
	events, err := place.Watch(ctx, metav1.ListOptions{ResourceVersion: revision})
	if err != nil {
		return fmt.Errorf("watching %s: %w", ref, err)
	}
	defer events.Stop()
	for e := range events.ResultChan() {
		o, ok := e.Object.(*unstructured.Unstructured)
		if e.Type == watch.Error || !ok {
			return fmt.Errorf("watching %s: %w", ref, apierrors.FromObject(e.Object))
		}
		if err := each(Event{Type: string(e.Type), Object: o.Object}); err != nil {
			return err
		}
	}
	return nil
}

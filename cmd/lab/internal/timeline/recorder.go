package timeline

import (
	"context"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
)

// Source is what a recorder reads from a cluster; *kube.Client is one.
type Source interface {
	List(ctx context.Context, ref kube.Ref) (objects []kube.Object, revision string, err error)
	Watch(ctx context.Context, ref kube.Ref, revision string, each func(kube.Event) error) error
}

var _ Source = (*kube.Client)(nil)

// Kinds are what an order of Argo CD is read from: Applications, what runs, what keeps data.
func Kinds() []kube.Ref {
	return []kube.Ref{
		{APIVersion: "argoproj.io/v1alpha1", Kind: "Application"},
		{APIVersion: "apps/v1", Kind: "Deployment"},
		{APIVersion: "apps/v1", Kind: "StatefulSet"},
		{APIVersion: "v1", Kind: "Pod"},
		{APIVersion: "v1", Kind: "PersistentVolumeClaim"},
	}
}

// Recorder fills a log from a cluster.
type Recorder struct {
	Source Source
	Log    *Log
	// Now tells the time of an event: that at which it arrived.
	Now func() time.Time
	// Ignore leaves objects out; nil takes all.
	Ignore func(Object) bool
}

// Record follows all objects of one kind until the context ends. A broken
// connection is taken up again: the objects are listed anew, and what vanished
// meanwhile is recorded as gone at the time of the list.
func (r Recorder) Record(ctx context.Context, kind kube.Ref) {
	known := map[Object]bool{}
	for ctx.Err() == nil {
		objects, revision, err := r.Source.List(ctx, kind)
		if err == nil {
			r.replace(known, objects)
			_ = r.Source.Watch(ctx, kind, revision, func(e kube.Event) error { r.take(known, e); return nil })
		}
		// The cluster may be down on purpose: what matters is that it is followed when it is back.
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (r Recorder) replace(known map[Object]bool, objects []kube.Object) {
	present := map[Object]bool{}
	for _, o := range objects {
		present[name(o)] = true
		r.take(known, kube.Event{Type: "ADDED", Object: o})
	}
	for o := range known {
		if !present[o] {
			r.gone(known, o)
		}
	}
}

func (r Recorder) take(known map[Object]bool, e kube.Event) {
	o := name(e.Object)
	switch {
	case e.Type == "BOOKMARK", r.Ignore != nil && r.Ignore(o):
	case e.Type == "DELETED":
		r.gone(known, o)
	default:
		known[o] = true
		r.Log.Add(Event{At: r.Now(), Object: o, State: Describe(e.Object)})
	}
}

func (r Recorder) gone(known map[Object]bool, o Object) {
	delete(known, o)
	r.Log.Add(Event{At: r.Now(), Object: o, State: State{Health: Gone}})
}

func name(o kube.Object) Object {
	ref := o.Ref()
	return Object{Kind: ref.Kind, Namespace: ref.Namespace, Name: ref.Name}
}

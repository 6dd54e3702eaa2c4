package argocd

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/dynamic"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/report"
)

var _ report.Cluster = (*Destination)(nil)

// Destination is a cluster that tenants run in, to look at and nothing else:
// get of workloads, list of pods, replicasets and events are the rights it needs.
type Destination struct {
	objects   dynamic.Interface
	transport http.RoundTripper
	patience  time.Duration
}

// NewDestination returns a client of a server.
func NewDestination(a *Access) (*Destination, error) {
	client, transport, err := dial(a)
	if err != nil {
		return nil, err
	}
	return &Destination{dynamic.New(client), transport, 10 * time.Second}, nil
}

// Close gives idle connections back.
func (d *Destination) Close() { utilnet.CloseIdleConnectionsFor(d.transport) }

var (
	pods   = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	events = schema.GroupVersionResource{Version: "v1", Resource: "events"}
	sets   = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "replicasets"}
)

// workloads are the kinds that own pods, by a selector of their own.
var workloads = map[schema.GroupKind]schema.GroupVersionResource{
	{Group: "apps", Kind: "Deployment"}:         {Group: "apps", Version: "v1", Resource: "deployments"},
	{Group: "apps", Kind: "StatefulSet"}:        {Group: "apps", Version: "v1", Resource: "statefulsets"},
	{Group: "apps", Kind: "DaemonSet"}:          {Group: "apps", Version: "v1", Resource: "daemonsets"},
	{Group: "apps", Kind: "ReplicaSet"}:         sets,
	{Group: "batch", Kind: "Job"}:               {Group: "batch", Version: "v1", Resource: "jobs"},
	{Group: "apps.kruise.io", Kind: "CloneSet"}: {Group: "apps.kruise.io", Version: "v1alpha1", Resource: "clonesets"},
	{Group: "argoproj.io", Kind: "Rollout"}:     {Group: "argoproj.io", Version: "v1alpha1", Resource: "rollouts"},
}

// thing is an object of any kind, as far as it says what is wrong with it.
type thing struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Name    string    `json:"name"`
		Created time.Time `json:"creationTimestamp"`
	} `json:"metadata"`
	Spec struct {
		Selector struct {
			Labels map[string]string `json:"matchLabels"`
		} `json:"selector"`
	} `json:"spec"`
	Status struct {
		Conditions []condition `json:"conditions"`
		Containers []container `json:"containerStatuses"`
		Init       []container `json:"initContainerStatuses"`
	} `json:"status"`
	// of an event
	About struct {
		Kind string `json:"kind"`
		Name string `json:"name"`
	} `json:"involvedObject"`
	Reason  string    `json:"reason"`
	Message string    `json:"message"`
	Last    time.Time `json:"lastTimestamp"`
}

type condition struct {
	Type    string    `json:"type"`
	Status  string    `json:"status"`
	Reason  string    `json:"reason"`
	Message string    `json:"message"`
	Since   time.Time `json:"lastTransitionTime"`
}

type container struct {
	State struct {
		Waiting struct {
			Reason  string `json:"reason"`
			Message string `json:"message"`
		} `json:"waiting"`
	} `json:"state"`
}

// Cause implements report.Cluster. What is deeper says more: pods before the
// ReplicaSets that make them, these before the workload, events last, but for
// those of claims, which pods wait for without saying why.
func (d *Destination) Cause(ctx context.Context, o report.Object) (report.Cause, error) {
	if o.Namespace == "" {
		return report.Cause{}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, d.patience)
	defer cancel()
	b := &behind{Destination: d, namespace: o.Namespace, names: map[string]bool{o.Name: true}}
	if err := b.read(ctx, o); err != nil {
		return report.Cause{}, fmt.Errorf("looking behind %s: %w", o, err)
	}
	return b.cause(), nil
}

// behind is what was read about an object.
type behind struct {
	*Destination
	namespace               string
	names                   map[string]bool // the object, and all that it owns
	own, sets, pods, events []thing
}

func (b *behind) read(ctx context.Context, o report.Object) (err error) {
	if kind, ok := workloads[schema.GroupKind{Group: o.Group, Kind: o.Kind}]; ok {
		if found, err := b.workload(ctx, kind, o.Name); err != nil || !found {
			return err
		}
	}
	b.events, err = b.list(ctx, events, "", "type=Warning")
	return err
}

// workload reads one with its pods, and reports whether it is there.
func (b *behind) workload(ctx context.Context, kind schema.GroupVersionResource, name string) (bool, error) {
	object, err := b.objects.Resource(kind).Namespace(b.namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	var t thing
	if err == nil {
		err = runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &t)
	}
	if err != nil {
		return false, denied(err)
	}
	b.own = []thing{t}
	chosen := labels.SelectorFromSet(t.Spec.Selector.Labels).String()
	if chosen == "" {
		return true, nil
	}
	if b.pods, err = b.list(ctx, pods, chosen, ""); err != nil {
		return true, err
	}
	b.sets, err = b.list(ctx, sets, chosen, "")
	return true, err
}

// list reads the first page: what is wrong with many is wrong with the first.
func (b *behind) list(ctx context.Context, of schema.GroupVersionResource, labels, fields string) ([]thing, error) {
	l, err := b.objects.Resource(of).Namespace(b.namespace).List(ctx, metav1.ListOptions{LabelSelector: labels, FieldSelector: fields, Limit: page})
	if err != nil {
		return nil, denied(err)
	}
	all := make([]thing, len(l.Items))
	for i, object := range l.Items {
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &all[i]); err != nil {
			return nil, err
		}
		if of != events {
			b.names[all[i].Metadata.Name] = true
		}
	}
	return all, nil
}

// denied says which rights a look needs.
func denied(err error) error {
	if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
		return fault.Hintf("get of workloads and list of pods, replicasets and events in tenants' namespaces are needed", "asking Kubernetes: %w", err)
	}
	return explain(err)
}

// cause returns the deepest cause that something names. A deadline is the end
// of a wait, and no cause while anything else is.
func (b *behind) cause() report.Cause {
	late := report.Cause{}
	for _, look := range []func(func(report.Cause) bool){b.fromPods, b.from(b.sets, "ReplicaSet"), b.from(b.own, ""), b.fromEvents} {
		found := report.Cause{}
		look(func(c report.Cause) bool {
			switch c.Code = report.CauseIn(c.Says); c.Code {
			case "":
				return false
			case report.Deadline:
				late = c
				return false
			}
			found = c
			return true
		})
		if found.Code == report.Claim {
			return b.claim(found)
		}
		if found.Code != "" {
			return found
		}
	}
	return late
}

// fromPods says what containers wait for, and why pods are not scheduled.
func (b *behind) fromPods(say func(report.Cause) bool) {
	for _, p := range b.pods {
		object := "Pod " + b.namespace + "/" + p.Metadata.Name
		command := fmt.Sprintf("kubectl -n %s describe pod %s", b.namespace, p.Metadata.Name)
		for _, c := range append(p.Status.Init, p.Status.Containers...) {
			w := c.State.Waiting
			if w.Reason != "" && say(report.Cause{Object: object, Says: said(w.Reason, w.Message), Since: p.Metadata.Created, Command: command}) {
				return
			}
		}
		for _, c := range p.Status.Conditions {
			if c.Status == "False" && say(report.Cause{Object: object, Says: said(c.Reason, c.Message), Since: c.Since, Command: command}) {
				return
			}
		}
	}
}

// from says what the conditions of objects say.
func (b *behind) from(all []thing, kind string) func(func(report.Cause) bool) {
	return func(say func(report.Cause) bool) {
		for _, t := range all {
			object := kind
			if object == "" {
				object = t.Kind
			}
			for _, c := range t.Status.Conditions {
				if say(report.Cause{Object: object + " " + b.namespace + "/" + t.Metadata.Name, Says: said(c.Reason, c.Message), Since: c.Since,
					Command: fmt.Sprintf("kubectl -n %s describe %s %s", b.namespace, object, t.Metadata.Name)}) {
					return
				}
			}
		}
	}
}

// fromEvents says what was told of the object and of what it owns, the newest first.
func (b *behind) fromEvents(say func(report.Cause) bool) {
	for _, e := range slices.Backward(b.events) {
		if b.names[e.About.Name] && say(b.told(e)) {
			return
		}
	}
}

// claim returns what the newest event of a claim says, else what the pod says
// that waits for it.
func (b *behind) claim(pod report.Cause) report.Cause {
	for _, e := range slices.Backward(b.events) {
		if e.About.Kind == "PersistentVolumeClaim" {
			c := b.told(e)
			c.Code = report.Claim
			return c
		}
	}
	return pod
}

func (b *behind) told(e thing) report.Cause {
	return report.Cause{Object: e.About.Kind + " " + b.namespace + "/" + e.About.Name, Says: said(e.Reason, e.Message), Since: e.Last,
		Command: fmt.Sprintf("kubectl -n %s describe %s %s", b.namespace, e.About.Kind, e.About.Name)}
}

func said(reason, message string) string {
	if message == "" {
		return report.Line(reason)
	}
	return report.Line(reason + ": " + message)
}

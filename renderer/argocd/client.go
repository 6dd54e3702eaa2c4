package argocd

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/gatorcloud/sluice/renderer/backoff"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

const (
	// most bounds the bytes of an answer: 500 Applications with all their resources.
	most = 512 << 20
	// patience bounds a call with all that client-go repeats of it.
	patience = time.Minute
)

// Client speaks to one API server. It is safe for concurrent use.
type Client struct {
	namespace string
	objects   dynamic.ResourceInterface
	tables    rest.Interface // what a dynamic client cannot ask for
	transport http.RoundTripper
	patience  time.Duration
	again     backoff.Pauses // before a watch that failed is begun again
}

// New returns a client of a server; Argo CD's Applications are in the namespace.
func New(a *Access, namespace string) (*Client, error) {
	if wrong := rest.IsValidPathSegmentName(namespace); namespace == "" || len(wrong) > 0 {
		return nil, fault.Hintf("name the namespace of Argo CD's Applications", "there is no namespace %q", namespace)
	}
	client, transport, err := dial(a)
	if err != nil {
		return nil, err
	}
	return &Client{
		namespace: namespace, objects: dynamic.New(client).Resource(group.WithResource(resource)).Namespace(namespace),
		tables: client, transport: transport, patience: patience,
		again: backoff.Pauses{First: time.Second, Most: time.Minute},
	}, nil
}

// group is that of Applications.
var group = schema.GroupVersion{Group: "argoproj.io", Version: "v1alpha1"}

// dial returns a client of a server with bounds on all that it answers.
func dial(a *Access) (rest.Interface, http.RoundTripper, error) {
	config, of := dynamic.ConfigFor(a), group
	config.APIPath, config.GroupVersion = "/apis", &of
	config.UserAgent, config.WarningHandler = "sluice", rest.NoWarnings{}
	config.QPS = -1 // the server says when it is too much
	transport, err := rest.TransportFor(config)
	if err != nil {
		return nil, nil, fault.Hintf(look, "connecting to %q: %s", config.Host, flat(err))
	}
	client, err := rest.RESTClientForConfigAndClient(config, &http.Client{
		Transport: bounded{transport, most},
		// No redirect takes the credentials elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
	if err != nil {
		return nil, nil, fault.Hintf(look, "connecting to %q: %s", config.Host, flat(err))
	}
	return client, transport, nil
}

// Quiet keeps client-go, which also logs what it returns, from writing to
// stderr. It is for the whole process, so that main has to ask for it.
func Quiet() { klog.SetSlogLogger(slog.New(slog.DiscardHandler)) }

// Close gives idle connections back.
func (c *Client) Close() { utilnet.CloseIdleConnectionsFor(c.transport) }

// get reads one Application, as far as into has fields for it. It fails with
// errGone when there is none.
func (c *Client) get(ctx context.Context, name string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	object, err := c.objects.Get(ctx, name, metav1.GetOptions{})
	if err = explain(err); err == nil {
		err = runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, into)
	}
	if err != nil {
		return fmt.Errorf("reading Application %q: %w", name, err)
	}
	return nil
}

// list reads one page of Applications.
func (c *Client) list(ctx context.Context, o metav1.ListOptions) (*unstructured.UnstructuredList, error) {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	l, err := c.objects.List(ctx, o)
	return l, explain(err)
}

// patch merges a change into an Application.
func (c *Client) patch(ctx context.Context, name string, change []byte, o metav1.PatchOptions) error {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	_, err := c.objects.Patch(ctx, name, types.MergePatchType, change, o)
	return explain(err)
}

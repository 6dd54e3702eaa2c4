// Package kube reads and changes any object of a lab's cluster over client-go:
// get, list, watch, server-side apply, merge patch and delete.
//
// It knows no types: an object is a map. It keeps which kinds the server has
// and asks again for one that is unknown, so that a custom resource can be used
// right after its definition. It waits for nothing; callers know what for.
package kube

import (
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
)

// Client speaks to one API server. It is safe for concurrent use.
type Client struct {
	http    *http.Client
	objects dynamic.Interface
	found   discovery.DiscoveryInterface
	kinds   *restmapper.DeferredDiscoveryRESTMapper
}

// Open reads a kubeconfig and returns a client of its current context.
func Open(kubeconfig string) (*Client, error) {
	c, err := open(kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	return c, nil
}

func open(kubeconfig string) (*Client, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS, config.WarningHandler = -1, rest.NoWarnings{}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	objects, err := dynamic.NewForConfigAndClient(config, client)
	if err != nil {
		return nil, err
	}
	found, err := discovery.NewDiscoveryClientForConfig(config) // its calls have no context, but a time limit of their own
	if err != nil {
		return nil, err
	}
	return &Client{http: client, objects: objects, found: found, kinds: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(found))}, nil
}

// Close gives the idle connections back.
func (c *Client) Close() { utilnet.CloseIdleConnectionsFor(c.http.Transport) }

// IsNotFound tells whether the server said that the object or its kind is not there.
func IsNotFound(err error) bool { return apierrors.IsNotFound(err) || meta.IsNoMatchError(err) }

// Namespaced returns every kind that the server lists in namespaces, each in the
// version that it prefers.
func (c *Client) Namespaced() ([]Ref, error) {
	lists, err := c.found.ServerPreferredNamespacedResources()
	if err != nil {
		return nil, fmt.Errorf("asking for the server's kinds: %w", err)
	}
	var all []Ref
	for _, list := range discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "get"}}, lists) {
		for _, r := range list.APIResources {
			all = append(all, Ref{APIVersion: list.GroupVersion, Kind: r.Kind})
		}
	}
	return all, nil
}

// place returns where the API has what ref names.
func (c *Client) place(ref Ref) (dynamic.ResourceInterface, error) {
	kind := schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind)
	found, err := c.kinds.RESTMapping(kind.GroupKind(), kind.Version)
	if meta.IsNoMatchError(err) {
		c.kinds.Reset() // its definition may be newer than the last look
		found, err = c.kinds.RESTMapping(kind.GroupKind(), kind.Version)
	}
	if err != nil {
		return nil, fmt.Errorf("looking up kind %q of %q: %w", ref.Kind, ref.APIVersion, err)
	}
	if found.Scope.Name() == meta.RESTScopeNameNamespace && ref.Namespace != "" {
		return c.objects.Resource(found.Resource).Namespace(ref.Namespace), nil
	}
	return c.objects.Resource(found.Resource), nil
}

package argocd

import (
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"

	_ "k8s.io/client-go/plugin/pkg/client/auth" // users of a kubeconfig that log in by OpenID Connect
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Access is how to reach and convince one API server.
type Access = rest.Config

// Options say which cluster of which kubeconfig.
type Options struct {
	// File is a kubeconfig; empty are those of KUBECONFIG, or ~/.kube/config.
	File string
	// Context is a context's name; empty is the current one.
	Context string
}

// look is the hint for a kubeconfig that says nothing usable.
const look = "check the kubeconfig with kubectl config view"

// Kubeconfig returns how to reach the cluster that a kubeconfig names. It is
// read as kubectl reads it, except that a server must prove who it is: a token
// goes to nobody else.
func Kubeconfig(o Options) (*Access, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = o.File
	all, err := load(rules)
	if err != nil {
		return nil, err
	}
	name := cmp.Or(o.Context, all.CurrentContext)
	switch chosen, there := all.Contexts[name]; {
	case !there:
		there := slices.Sorted(maps.Keys(all.Contexts))
		return nil, fault.Hintf(fault.DidYouMean(name, there, "choose one of "+fault.List(there)), "reading kubeconfig: there is no context %q", name)
	case all.Clusters[chosen.Cluster] == nil:
		return nil, fault.Hintf(look, "reading kubeconfig: context %q names cluster %q, which is not there", name, chosen.Cluster)
	case all.AuthInfos[chosen.AuthInfo] == nil && chosen.AuthInfo != "": // kubectl would ask as nobody
		return nil, fault.Hintf(look, "reading kubeconfig: context %q names user %q, who is not there", name, chosen.AuthInfo)
	}
	access, err := clientcmd.NewNonInteractiveClientConfig(*all, name, &clientcmd.ConfigOverrides{}, rules).ClientConfig()
	if err != nil {
		return nil, fault.Hintf(look, "reading kubeconfig: %s", flat(err))
	}
	return access, proven(access)
}

// load reads the files of a kubeconfig.
func load(rules *clientcmd.ClientConfigLoadingRules) (*api.Config, error) {
	var missing error
	rules.Warner = func(err error) { missing = err }
	all, err := rules.Load()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		missing = err
	case err != nil:
		return nil, fault.Hintf(look, "reading kubeconfig: %s", flat(err))
	case missing == nil && api.IsConfigEmpty(all):
		missing = errors.New("there is none, or nothing in it")
	}
	if missing != nil {
		return nil, fault.Hintf("name a kubeconfig, or set KUBECONFIG", "reading kubeconfig: %w", missing)
	}
	return all, nil
}

// flat returns an error's text on one line; client-go gives some of them several.
func flat(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// proven refuses a server that anybody could answer for.
func proven(a *Access) error {
	at, err := url.Parse(a.Host)
	if err != nil || at.Host == "" || at.Scheme != "https" && !net.ParseIP(at.Hostname()).IsLoopback() {
		return fault.Hintf("give the cluster an https URL", "reading kubeconfig: server %q is none", a.Host)
	}
	if a.Insecure {
		return fault.Hintf("give the cluster its certificate-authority-data", "reading kubeconfig: server %q: insecure-skip-tls-verify is refused", a.Host)
	}
	return nil
}

// InCluster returns how the pod that this process runs in reaches its own
// cluster. Its token is replaced on disk every hour and read anew.
func InCluster() (*Access, error) {
	access, err := rest.InClusterConfig()
	if errors.Is(err, rest.ErrNotInCluster) {
		return nil, fault.Hintf("name a kubeconfig, or run in a pod", "looking for the pod's own cluster: %w", err)
	}
	if err == nil && access.CAFile == "" { // client-go would trust the system's authorities instead
		err = errors.New("the certificate authority cannot be read")
	}
	if err != nil {
		return nil, fault.Hintf("let the pod have its account's token: automountServiceAccountToken: true", "reading the pod's account: %w", err)
	}
	return access, nil
}

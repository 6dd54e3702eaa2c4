// Package argoflags is the set of flags by which commands find the Argo CD of
// each environment.
//
// One Argo CD may serve all environments, or each has its own: the flag
// --argocd-kubeconfig is repeated then. Nothing is opened here.
package argoflags

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// InCluster is the kubeconfig that means the account of the pod.
const InCluster = "in-cluster"

// Flag is the flag that names clusters.
const Flag = "argocd-kubeconfig"

// Cluster is where an Argo CD runs.
type Cluster struct {
	// Kubeconfig is a file, or InCluster.
	Kubeconfig string
	// Context of the kubeconfig; empty is the current one.
	Context string
	// Namespace of the Applications.
	Namespace string
}

// String returns the cluster as the flag has it.
func (c Cluster) String() string {
	if c.Context == "" {
		return c.Kubeconfig
	}
	return c.Kubeconfig + "#" + c.Context
}

// Flags holds the values. Use Add, then Clusters after parsing.
type Flags struct {
	places    []string
	namespace string
}

// Add adds the flags to a command's set; without says what a command does not
// do without them.
func (f *Flags) Add(set *pflag.FlagSet, without string) {
	set.StringArrayVar(&f.places, Flag, nil, "kubeconfig `file` of the cluster that Argo CD runs in, file#context, or "+InCluster+
		"; env=file for one environment, repeated for more; without it "+without)
	set.StringVar(&f.namespace, "argocd-namespace", "argocd", "`namespace` of Argo CD's Applications")
}

// Clusters says which Argo CD each environment has.
type Clusters struct {
	rest  Cluster // of the environments that are not named; zero for none
	named map[ident.Environment]Cluster
}

// Clusters returns what the flags say.
func (f *Flags) Clusters() (Clusters, error) {
	all := Clusters{named: map[ident.Environment]Cluster{}}
	for _, text := range f.places {
		env, place := split(text)
		file, context, _ := cutLast(place, "#")
		c := Cluster{file, context, f.namespace}
		_, twice := all.named[env]
		switch {
		case file == "", file == InCluster && context != "":
			return Clusters{}, fault.Hintf("give FILE, FILE#CONTEXT or "+InCluster+", with ENV= before it for one environment", "reading --%s: %q names no kubeconfig", Flag, text)
		case twice, env.IsZero() && all.rest != Cluster{}:
			return Clusters{}, fault.Hintf("name one for each environment, and at most one for all others", "reading --%s: %q is the second of its environment", Flag, text)
		case env.IsZero():
			all.rest = c
		default:
			all.named[env] = c
		}
	}
	return all, nil
}

// split takes the environment off a value; a file may have = in its name, too.
func split(text string) (ident.Environment, string) {
	name, place, found := strings.Cut(text, "=")
	env, err := ident.Parse[ident.EnvironmentKind](name)
	if !found || err != nil {
		return ident.Environment{}, text
	}
	return env, place
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// Of returns the cluster of an environment's Argo CD, if it has one.
func (c Clusters) Of(env ident.Environment) (Cluster, bool) {
	if own, ok := c.named[env]; ok {
		return own, true
	}
	return c.rest, c.rest != Cluster{}
}

// All returns every cluster once, sorted.
func (c Clusters) All() []Cluster {
	all := slices.Collect(maps.Values(c.named))
	if c.rest != (Cluster{}) {
		all = append(all, c.rest)
	}
	slices.SortFunc(all, func(a, b Cluster) int { return cmp.Compare(a.String(), b.String()) })
	return slices.Compact(all)
}

//go:build e2e

package e2e

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// objects are what an environment's namespaces hold, and these themselves.
type objects map[kube.Ref]kube.Object

// objects reads every object of every kind, but those that the cluster itself makes.
func (f *forge) objects() objects {
	f.t.Helper()
	kinds, err := f.client.Namespaced()
	if err != nil {
		f.t.Fatal(err)
	}
	found := objects{}
	for _, kind := range append(kinds, kube.Ref{APIVersion: "v1", Kind: "Namespace"}) {
		list, _, err := f.client.List(f.t.Context(), kind)
		if err != nil {
			f.t.Fatal(err)
		}
		for _, o := range list {
			at := o.Ref()
			if kind.Kind == "Namespace" {
				at.Namespace = at.Name
			}
			if strings.HasPrefix(at.Namespace, f.name+"-") && !clusters(o) {
				found[o.Ref()] = o
			}
		}
	}
	if len(found) < 20 {
		f.t.Fatalf("there are %d objects only", len(found))
	}
	return found
}

// clusters reports whether the cluster made an object by itself, or for another one.
func clusters(o kube.Object) bool {
	if owners, _ := o.Field("metadata", "ownerReferences").([]any); len(owners) > 0 {
		return true
	}
	switch o.Text("kind") {
	case "Event", "Endpoints", "EndpointSlice", "Lease":
		return true
	case "ServiceAccount":
		return o.Text("metadata", "name") == "default"
	case "ConfigMap":
		return o.Text("metadata", "name") == "kube-root-ca.crt"
	}
	return false
}

// changes count the objects that changed, as "Kind/name in ring", and those
// that changed in nothing but sluice's and Argo CD's marks.
type changes struct {
	Objects map[string]int
	Folded  int
}

func (c *changes) count(object, ring string, n int) {
	if c.Objects == nil {
		c.Objects = map[string]int{}
	}
	if ring == "" {
		ring = "the environment"
	}
	c.Objects[object+" in "+ring] += n
}

// changes are those that a plan lists.
func (p planned) changes() changes {
	c := changes{Folded: p.Folded}
	for _, x := range p.Changes {
		if x.Tenants == 0 {
			c.count(x.Object, "", 1)
		}
		for ring, n := range x.Rings {
			c.count(x.Object, ring, n)
		}
	}
	return c
}

// changes are those between two looks at the cluster. An object that was made
// anew, or written without a change, is one too.
func (f *forge) changes(before, after objects) changes {
	var c changes
	refs := slices.Collect(maps.Keys(before))
	for ref := range after {
		if _, ok := before[ref]; !ok {
			refs = append(refs, ref)
		}
	}
	for _, ref := range refs {
		was, is := before[ref], after[ref]
		_, moves := is["status"] // its own controller writes it
		written := !moves && was.Text("metadata", "resourceVersion") != is.Text("metadata", "resourceVersion")
		switch {
		case !reflect.DeepEqual(content(was, false), content(is, false)):
			c.count(ref.Kind+"/"+f.anyone(ref), f.ring(ref), 1)
		case content(was, true) != content(is, true):
			c.Folded++
		case written:
			c.count(ref.Kind+"/"+f.anyone(ref)+", written as it was,", f.ring(ref), 1)
		}
	}
	return c
}

// anyone is the name of an object as a plan has it.
func (f *forge) anyone(ref kube.Ref) string {
	for tenant := range sold {
		if ref.Kind == "Namespace" && ref.Name == f.namespace(tenant) {
			return "<namespace>"
		}
	}
	return ref.Name
}

// ring is that of the tenant whose an object is; empty for the environment's own.
func (f *forge) ring(ref kube.Ref) string {
	namespace := ref.Namespace
	if ref.Kind == "Namespace" {
		namespace = ref.Name
	}
	return ringOf[strings.TrimPrefix(namespace, f.name+"-")]
}

// content is what was asked for of an object, as JSON, with or without marks;
// not what the cluster added.
func content(o kube.Object, marked bool) string {
	if o == nil {
		return ""
	}
	added := func(key string) bool {
		return key == "deployment.kubernetes.io/revision" || key == "kubectl.kubernetes.io/last-applied-configuration" ||
			strings.HasPrefix(key, "pv.kubernetes.io/") || strings.HasPrefix(key, "volume.kubernetes.io/")
	}
	mark := func(key string) bool {
		return strings.HasPrefix(key, "gatorcloud.io/") || strings.HasPrefix(key, "argocd.argoproj.io/")
	}
	kept := map[string]any{"uid": o.Text("metadata", "uid")}
	for _, field := range []string{"labels", "annotations"} {
		all, _ := o.Field("metadata", field).(map[string]any)
		some := maps.Clone(all)
		maps.DeleteFunc(some, func(key string, _ any) bool { return added(key) || !marked && mark(key) })
		kept[field] = some
	}
	for key, value := range o {
		if key != "metadata" && key != "status" {
			kept[key] = value
		}
	}
	if spec, ok := kept["spec"].(map[string]any); ok && o.Text("kind") == "PersistentVolumeClaim" {
		spec = maps.Clone(spec)
		delete(spec, "volumeName")
		kept["spec"] = spec
	}
	data, err := json.Marshal(kept)
	if err != nil {
		panic(err) // it came as JSON
	}
	return string(data)
}

// pods are those that were ever seen.
func (f *forge) pods() map[timeline.Object]bool {
	seen := map[timeline.Object]bool{}
	for _, e := range f.log.Events() {
		if e.Object.Kind == "Pod" {
			seen[e.Object] = true
		}
	}
	return seen
}

// begun counts the Deployments, as changes do, that have pods which were not seen before.
func (f *forge) begun(before map[timeline.Object]bool) map[string]int {
	owners := map[timeline.Object]bool{}
	for pod := range f.pods() {
		if parts := strings.Split(pod.Name, "-"); !before[pod] && len(parts) > 2 {
			owners[timeline.Object{Kind: "Deployment", Namespace: pod.Namespace, Name: strings.Join(parts[:len(parts)-2], "-")}] = true
		}
	}
	var c changes
	for o := range owners {
		c.count("Deployment/"+o.Name, f.ring(kube.Ref{Kind: o.Kind, Namespace: o.Namespace, Name: o.Name}), 1)
	}
	return c.Objects
}

// restarts counts the Deployments of which a plan says that they get new pods.
func (p planned) restarts() map[string]int {
	some := planned{}
	for _, x := range p.Changes {
		if strings.HasPrefix(x.Object, "Deployment/") && (x.Impact == "restart" || x.Impact == "add") {
			some.Changes = append(some.Changes, x)
		}
	}
	return some.changes().Objects
}

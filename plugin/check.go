package plugin

import (
	"strconv"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/policy"
)

// States of an overlay, as its descriptor names them.
const (
	stateActive    = "active"
	stateSuspended = "suspended"
	stateRetained  = "retained"
)

// rules is what every object of a build must keep.
type rules struct {
	namespace string
	// owner allows the namespace itself: the tenant's base, and environment-shared components.
	owner bool
	// cluster allows some kinds that belong to no namespace: environment-shared components only.
	cluster bool
	state   string
	hosts   policy.Hosts
	graph   *graph
	allowed *allowed
}

// objects reads and checks the manifests of a build; it fails on the first that
// breaks a rule, and when there are none.
func (r rules) objects(out []byte) (docs [][]byte, all []object, err error) {
	docs, all = make([][]byte, 0, 32), make([]object, 0, 32)
	for s := newStream(out); s.more(); {
		doc, o, err := s.next()
		if err != nil {
			return nil, nil, because(ReasonOutput, err)
		}
		for _, check := range [...]func(object) error{alone, r.inNamespace, r.endsSometime, r.restsWhenEnded, r.inWave} {
			if err := check(o); err != nil {
				return nil, nil, err
			}
		}
		if err := r.authority(o, doc); err != nil {
			return nil, nil, err
		}
		docs, all = append(docs, doc), append(all, o)
	}
	if len(docs) == 0 {
		return nil, nil, refuse(ReasonEmpty, "an empty result would make Argo CD prune everything: render the directory again",
			"directory generates nothing")
	}
	return docs, all, nil
}

// alone refuses what is several objects for Argo CD, of which the checks would
// see the outermost.
func alone(o object) error {
	if !o.items {
		return nil
	}
	return refuse(ReasonAuthority, "publish a version that writes each object by itself", "%s has the field items, whose objects Argo CD would apply in its place", o.id())
}

// inNamespace refuses objects that are not the directory's to write. That an
// object carries a namespace proves nothing: Argo CD clears that of kinds that
// have none.
func (r rules) inNamespace(o object) error {
	const hint = "a version writes into its tenant's namespace only; publish a version without this object"
	switch {
	case o.is("", "Namespace"):
		if r.owner && o.name == r.namespace && o.namespace == "" {
			return nil
		}
		return refuse(ReasonNamespace, hint, "%s is not this directory's to write", o.id())
	case o.namespace == "" || manifest.ClusterScoped(o.group(), o.kind):
		if r.cluster && manifest.SharedMayWrite(o.group(), o.kind) {
			return nil
		}
		return refuse(ReasonNamespace, hint, "%s belongs to no namespace", o.id())
	case o.namespace != r.namespace:
		return refuse(ReasonNamespace, hint, "%s is in namespace %s, not in %q", o.id(), fault.Clip(o.namespace), r.namespace)
	case !r.owner && manifest.OfNamespace(o.group(), o.kind, o.name):
		return refuse(ReasonNamespace, hint, "%s is that of the tenant's namespace itself", o.id())
	case o.group() == "argoproj.io" && (o.kind == "Application" || o.kind == "ApplicationSet" || o.kind == "AppProject"):
		return refuse(ReasonNamespace, hint, "%s would drive Argo CD itself", o.id())
	}
	return nil
}

// authority refuses an object that takes more than belongs to the directory, by
// the rules that its version was published by.
func (r rules) authority(o object, doc []byte) error {
	if !policy.Concerns(o.group(), o.kind, doc) {
		return nil
	}
	key := r.key(doc)
	if r.allowed.has(key) {
		return nil
	}
	all, err := decodeObject(doc)
	if err != nil {
		return err
	}
	if faults := policy.Check(all, policy.Place{Namespace: r.namespace, Shared: r.cluster, Hosts: r.hosts}); len(faults) > 0 {
		return because(ReasonAuthority, faults[0])
	}
	r.allowed.add(key)
	return nil
}

// endsSometime refuses a workload that could be neither ready nor failed for
// ever: it would block its Application for good.
func (r rules) endsSometime(o object) error {
	if !o.is("apps", "Deployment") && !o.is("argoproj.io", "Rollout") {
		return nil
	}
	if n, err := strconv.Atoi(o.deadline); err != nil || n <= 0 {
		return refuse(ReasonDeadline, "publish a version in which spec.progressDeadlineSeconds is set",
			"%s has no progressDeadlineSeconds", o.id())
	}
	return nil
}

// restsWhenEnded refuses what still runs after the end of an authorisation.
func (r rules) restsWhenEnded(o object) error {
	const hint = "an ended authorisation runs nothing: render the tenant again; if it comes back, mend the version's base"
	switch {
	case r.state == stateActive || r.state == "":
		return nil
	case r.state == stateRetained && o.kind != "PersistentVolumeClaim" && o.kind != "ConfigMap":
		return refuse(ReasonRunning, hint, "authorisation is %s and %s is not data", r.state, o.id())
	case o.busy() != "":
		return refuse(ReasonRunning, hint, "authorisation is %s and %s %s", r.state, o.id(), o.busy())
	case o.component == manifest.ComponentRoutes:
		return refuse(ReasonRunning, hint, "authorisation is %s and %s still leads to it", r.state, o.id())
	}
	return nil
}

// inWave refuses an object that would be applied earlier or later than the
// dependency graph says.
func (r rules) inWave(o object) error {
	const hint = "waves and graph come from the version: publish a version, or render again if the base was edited"
	if r.graph == nil {
		return nil
	}
	want, known := r.graph.bucket(o.component)
	switch {
	case o.component == manifest.ComponentRetained && r.state == stateRetained:
		return nil // the marker that keeps a base without data from being empty
	case !known:
		return refuse(ReasonWave, hint, "%s is of component %s, which the graph does not have", o.id(), fault.Clip(o.component))
	case o.wave != strconv.Itoa(want) && !(o.wave == "" && want == 0):
		return refuse(ReasonWave, hint, "%s of component %q is in wave %s, the graph says %d", o.id(), o.component, fault.Clip(o.wave), want)
	}
	return nil
}

// busy says what an object of a kind that runs pods still does; it is empty for
// one at rest. Kinds that the catalog declares are looked at when their version
// is published: a directory does not say how they rest.
func (o object) busy() string {
	for _, w := range manifest.Workloads() {
		if !o.is(w.Group, w.Kind) {
			continue
		}
		switch {
		case w.Rest == manifest.RestReplicas && o.replicas != "0":
			return "has " + orDefault(o.replicas) + " replicas"
		case w.Rest == manifest.RestSuspend && o.suspend != "true":
			return "is not suspended"
		case w.Rest == manifest.RestNodeSelector && !o.nodeSelector:
			return "runs on every node"
		case w.Rest == manifest.RestPausedAt && o.pausedAt != "0", w.Rest == manifest.RestPaused && o.paused != "true":
			return "is not paused"
		}
	}
	return ""
}

func orDefault(replicas string) string {
	if replicas == "" {
		return "the default number of"
	}
	return fault.Clip(replicas)
}

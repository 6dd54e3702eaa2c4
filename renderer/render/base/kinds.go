package base

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/strict"
	"github.com/gatorcloud/sluice/renderer/render/shape"
)

// soundKinds are the kinds of custom resources that run no pods and that Argo
// CD does not wait for without an end; a group alone stands for all its kinds.
func soundKinds() []string {
	return []string{
		"acme.cert-manager.io", "apisix.apache.org", "argoproj.io/AnalysisTemplate", "bitnami.com/SealedSecret", "cert-manager.io",
		"external-secrets.io/ClusterSecretStore", "external-secrets.io/ExternalSecret", "external-secrets.io/SecretStore",
		"generators.external-secrets.io", "keda.sh/TriggerAuthentication",
		"monitoring.coreos.com/AlertmanagerConfig", "monitoring.coreos.com/PodMonitor", "monitoring.coreos.com/Probe",
		"monitoring.coreos.com/PrometheusRule", "monitoring.coreos.com/ScrapeConfig", "monitoring.coreos.com/ServiceMonitor",
	}
}

// workloads returns the kinds that run pods in v: those that sluice knows and
// those that the version declares.
func workloads(v *catalog.Version) []manifest.Workload {
	all := manifest.Workloads()
	for _, k := range v.Kinds {
		all = append(all, k.Workload())
	}
	return all
}

// workloadOf returns what all says of the kind of o, nil for nothing.
func workloadOf(all []manifest.Workload, o object) *manifest.Workload {
	if n := slices.IndexFunc(all, func(w manifest.Workload) bool { return o.is(w.Group, w.Kind) }); n >= 0 {
		return &all[n]
	}
	return nil
}

// know tells objects what a version declares of their kinds.
func know(v *catalog.Version, objects []object) []object {
	all := workloads(v)
	for i, o := range objects {
		objects[i].workload = workloadOf(all, o)
	}
	return objects
}

// lasting refuses objects that nobody stops when a right has ended, that hold
// their ring for ever, or that Git is no place for. It is part of the proof and
// not of the build: a version that was published before it was asked for is
// rendered as ever.
func (b *Base) lasting() []error {
	var faults []error
	for _, p := range b.parts {
		for _, o := range p.objects {
			refuse := func(hint, format string, args ...any) {
				faults = append(faults, fmt.Errorf("component %q: %w", p.name, fault.Hintf(hint, "%s: "+format, append([]any{o}, args...)...)))
			}
			checkKind(b.Version, o, refuse)
			checkPause(o, refuse)
			checkSecret(o, refuse)
			checkNodePorts(b.Version, o, refuse)
			if o.is("autoscaling", "HorizontalPodAutoscaler") {
				refuse("remove it: how many run is the tenant's parameter replicas, and 0 while suspended", "a version may not scale itself")
			}
			checkImages(o, refuse)
		}
	}
	return append(append(faults, b.autoscaled()...), b.ignoredSizes()...)
}

// checkKind refuses kinds that nobody knows to stop, and those that Argo CD may
// wait for without an end.
func checkKind(v *catalog.Version, o object, refuse refusal) {
	sound := slices.ContainsFunc(soundKinds(), func(k string) bool { return k == o.group || k == o.group+"/"+o.kind })
	known := o.workload != nil || sound
	declared := o.workload != nil && workloadOf(manifest.Workloads(), o) == nil
	checked := slices.ContainsFunc(v.Kinds, func(k catalog.Kind) bool { return o.is(k.Group, k.Kind) && k.Health != nil })
	switch {
	case checked && sound:
		refuse("remove health", "kind %q of group %q: sluice has a check of its own", o.kind, o.group)
	case endless(o.group) && (declared || !known) && !checked:
		refuse("declare health: {condition: Ready} for the kind under kinds in the version's description, or use another kind",
			"kind %q of group %q has a check in Argo CD that may wait for ever", o.kind, o.group)
	case o.podTemplate() == nil && holdsPods(o.fields):
		refuse("write its template and suspend under kinds in the version's description", "kind %q runs pods, and nobody knows how they stop", o.kind)
	case !known && manifest.CustomGroup(o.group) && v.Sharing != catalog.SharingEnvironment:
		refuse("write the kind under kinds in the version's description, with template and suspend if it runs pods",
			"kind %q of group %q is unknown: it may run pods that nobody stops", o.kind, o.group)
	}
}

// holdsPods reports whether a list of containers is anywhere below v: entries
// with an image, under the name that all pod templates have.
func holdsPods(v any) bool {
	switch x := v.(type) {
	case map[string]any:
		for key, below := range x {
			if key == "containers" && hasImage(below) || holdsPods(below) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(x, holdsPods)
	}
	return false
}

func hasImage(v any) bool {
	list, _ := v.([]any)
	return slices.ContainsFunc(list, func(item any) bool {
		c, _ := item.(map[string]any)
		_, ok := c["image"]
		return ok
	})
}

// checkPause refuses workloads that are published paused: Argo CD would wait
// for somebody who resumes them.
func checkPause(o object, refuse refusal) {
	spec := at(o.fields, "spec")
	for _, field := range []struct {
		of    map[string]any
		name  string
		kinds []string
	}{
		{spec, "paused", []string{"apps/Deployment", "argoproj.io/Rollout"}},
		{at(spec, "updateStrategy"), "paused", []string{"apps.kruise.io/CloneSet"}},
		{spec, "suspend", []string{"batch/Job"}},
	} {
		if field.of[field.name] == true && slices.Contains(field.kinds, o.group+"/"+o.kind) {
			refuse("remove it", "%s: true waits for somebody who resumes it", field.name)
		}
	}
}

// checkImages refuses images of custom workloads that are not pinned.
func checkImages(o object, refuse refusal) {
	for _, image := range imagesOf(o) {
		if ref := parseImage(image); manifest.CustomGroup(o.group) && (ref.name == "" || !catalog.Pins(ref.tag, ref.digest)) {
			refuse(hintImage, "image %q is not pinned", image)
		}
	}
}

// checkNodePorts refuses ports of nodes in what every tenant has for himself: the
// first takes them, and the Service of the second cannot be made.
func checkNodePorts(v *catalog.Version, o object, refuse refusal) {
	if v.Sharing == catalog.SharingEnvironment || !o.is("", "Service") {
		return
	}
	spec := at(o.fields, "spec")
	ports, _ := spec["ports"].([]any)
	taken := []any{spec["healthCheckNodePort"]}
	for _, p := range ports {
		if port, ok := p.(map[string]any); ok {
			taken = append(taken, port["nodePort"])
		}
	}
	for _, port := range taken {
		if port != nil {
			refuse("remove it, and Kubernetes finds one", "the port %v of a node can be one tenant's alone", port)
		}
	}
}

// checkSecret refuses secrets that anybody who reads Git would have.
func checkSecret(o object, refuse refusal) {
	if o.is("", "Secret") && len(at(o.fields, "data"))+len(at(o.fields, "stringData")) > 0 {
		refuse("use an ExternalSecret or a SealedSecret, or a Job that makes it and says so in the annotation "+shape.Provides,
			"a secret would stand in Git for everybody")
	}
}

// runs reports whether o runs pods, or scales what does.
func (o object) runs() bool {
	return o.workload != nil && (len(o.workload.Template) > 0 || o.workload.Rest != "")
}

// rests returns an error when o, as a suspended overlay has it, is not at rest.
func rests(o object) error {
	if o.workload == nil || o.workload.Rest == "" {
		return nil
	}
	names := restPath(*o.workload)
	last := len(names) - 1
	var want any
	if err := strict.YAML([]byte(o.workload.Value), maxManifestBytes, &want); err != nil {
		return err
	}
	if got := at(o.fields, names[:last]...)[names[last]]; !reflect.DeepEqual(got, want) {
		return fault.Hintf("remove the replacement that writes there, or mend the kind's suspend", "%s: %s is %v and not %v", o, o.workload.Rest, got, want)
	}
	return nil
}

package base

import (
	"maps"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/policy"
	"github.com/gatorcloud/sluice/renderer/render/shape"
)

// marksDomain is the prefix of the labels and annotations that are sluice's own.
const marksDomain = "gatorcloud.io/"

// check returns the faults of an object before it is marked with m.
func check(m mark, o object) []error {
	v := m.version
	var faults []error
	refuse := func(hint, format string, args ...any) {
		faults = append(faults, fault.Hintf(hint, "%s: "+format, append([]any{o}, args...)...))
	}
	switch {
	case o.is("", "Namespace"):
		refuse("remove it: sluice makes the namespaces", "namespaces are not a version's to make")
	case v.Sharing != catalog.SharingEnvironment && manifest.ClusterScoped(o.group, o.kind):
		refuse("move it into an environment-shared component", "kind %q belongs to no namespace", o.kind)
	}
	if o.group == "argoproj.io" && o.kind != "Rollout" && o.kind != "AnalysisTemplate" {
		refuse("remove it: the Applications are rendered", "kind %q would drive Argo CD itself", o.kind)
	}
	if _, ok := at(o.fields, "metadata")["namespace"]; ok {
		refuse("remove it: the overlay sets the namespace", "metadata.namespace is set")
	}
	if o.is("", "ConfigMap") && o.name == "parameters" {
		refuse("rename it", "the name is that of the overlay's parameters")
	}
	if o.is("", "Pod") || o.is("apps", "ReplicaSet") || o.is("", "ReplicationController") {
		refuse("use a Deployment, StatefulSet, DaemonSet or Job", "kind %q cannot be updated or suspended", o.kind)
	}
	if fate := at(o.fields, "spec", "persistentVolumeClaimRetentionPolicy")["whenDeleted"]; fate == "Delete" && m.data == catalog.DataKeep {
		refuse("write data: delete in the component, or remove the policy", "persistentVolumeClaimRetentionPolicy deletes what the component keeps")
	}
	checkMarks(o, refuse)
	checkWorkload(v, o, refuse)
	return faults
}

type refusal func(hint, format string, args ...any)

// checkMarks refuses labels and annotations that are sluice's or Argo CD's to set.
func checkMarks(o object, refuse refusal) {
	metadata := at(o.fields, "metadata")
	for _, key := range slices.Sorted(maps.Keys(at(metadata, "labels"))) {
		if policy.Drives(key) {
			refuse("remove it", "label %q is set by sluice", key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(at(metadata, "annotations"))) {
		switch {
		case strings.HasPrefix(key, "helm.sh/hook"):
			refuse("vendor the chart without its hooks and tests; a component of its own runs before another", "annotation %q: hooks are not run", key)
		case key == "helm.sh/resource-policy":
			refuse("say data: keep or data: delete in the component", "annotation %q is not read", key)
		case key == compareOptions, key == manifest.AnnotationSyncOptions:
			value, _ := at(metadata, "annotations")[key].(string)
			if option, hint := policy.Option(key, value, false); option != "" {
				refuse(hint, "annotation %q: option %q is not a version's to set", key, option)
			}
		case key == "gatorcloud.io/progress-deadline":
			if value, _ := at(metadata, "annotations")[key].(string); !policy.Deadline(value) {
				refuse("write seconds, at most a day", "annotation %q: %q is no time to wait", key, value)
			}
		case key != shape.Provides && policy.Drives(key):
			refuse("remove it", "annotation %q is set by sluice", key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(at(o.podTemplate(), "metadata", "labels"))) {
		if strings.HasPrefix(key, marksDomain) {
			refuse("remove it", "label %q of the pods is set by sluice", key)
		}
	}
}

// checkWorkload refuses workloads that could hang for ever or not be updated.
func checkWorkload(v *catalog.Version, o object, refuse refusal) {
	spec := at(o.fields, "spec")
	switch {
	case o.is("apps", "Deployment"), o.is("argoproj.io", "Rollout"):
		if n, ok := spec["progressDeadlineSeconds"].(int64); !ok || n <= 0 {
			refuse("write spec.progressDeadlineSeconds: what never fails blocks its Application for good", "progressDeadlineSeconds is missing")
		}
	case o.is("batch", "Job"):
		if !strings.HasSuffix(o.name, "-"+v.Version) {
			refuse("end the name in -"+v.Version+": a Job's template cannot change, so each version has its own", "the name does not end in the version")
		}
		if _, ok := spec["ttlSecondsAfterFinished"]; ok {
			refuse("remove it: Argo CD would run the Job again", "ttlSecondsAfterFinished removes the Job that Git asks for")
		}
	}
	if o.podTemplate() == nil {
		if o.workload != nil && len(o.workload.Template) > 0 {
			refuse("write the pods into the object itself", "%s is missing", strings.Join(o.workload.Template, "."))
		}
		return
	}
	pods, selector := at(o.podTemplate(), "metadata", "labels"), at(spec, "selector", "matchLabels")
	for _, key := range slices.Sorted(maps.Keys(selector)) {
		if pods[key] != selector[key] {
			refuse("give the pod template the label", "the selector's label %q is not on the pods", key)
		}
	}
}

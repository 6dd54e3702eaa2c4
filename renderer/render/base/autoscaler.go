package base

import (
	"fmt"
	"slices"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// liveReplicas is what the tenant level leaves to an autoscaler: a number that
// runs. A 0, which suspension wrote, is written over: no autoscaler leaves it.
const liveReplicas = "select(.spec.replicas > 0) | .spec.replicas"

// autoscaler makes the HorizontalPodAutoscaler of a version that scales itself.
// Only overlays of tenants with maxReplicas have it, and only while they are
// active; the workload keeps the number in Git, which is the least.
func (b *builder) autoscaler() {
	a := b.version.Autoscale
	if a == nil {
		return
	}
	n := slices.IndexFunc(b.parts, func(p part) bool { return p.name == a.Component.String() })
	if n < 0 {
		return // it could not be rendered
	}
	scaled := slices.DeleteFunc(slices.Clone(b.parts[n].objects), func(o object) bool { return !b.scaled[o.identity()] })
	if len(scaled) != 1 {
		b.add("autoscale", fault.Hintf("write the parameter replicas to spec.replicas of one Deployment, StatefulSet, Rollout or CloneSet of the component",
			"component %q has %d workloads that the parameter replicas scales, not one", a.Component, len(scaled)))
		return
	}
	target := scaled[0]
	b.add("autoscale", requests(target, a.Metric)...)
	o := hpa(target, a)
	mark{version: b.version, component: b.parts[n].name, bucket: b.bucket(a), data: catalog.DataDelete}.apply(o)
	b.scaler = &o
	b.places = append(b.places, writes("replicas", o, "spec.minReplicas"), writes(catalog.MaxReplicasParameter, o, "spec.maxReplicas"))
}

// bucket returns the bucket of the component that scales itself.
func (b *builder) bucket(a *catalog.Autoscale) int {
	return slices.IndexFunc(b.version.Buckets(), func(components []catalog.Component) bool {
		return slices.ContainsFunc(components, func(c catalog.Component) bool { return c.Name == a.Component })
	})
}

// scales reports whether the parameter replicas, written to a field of o, is
// the number that an autoscaler may change: sluice knows that the kind has a
// scale, and how it comes to rest.
func scales(parameter, field string, o object) bool {
	w := workloadOf(manifest.Workloads(), o)
	return parameter == "replicas" && field == "spec.replicas" && w != nil && w.Rest == manifest.RestReplicas
}

// requests refuses containers of which nobody can say how much they use of
// what they asked for: their autoscaler would never act.
func requests(o object, metric string) (faults []error) {
	list, _ := at(o.podTemplate(), "spec")["containers"].([]any)
	for _, item := range list {
		c, _ := item.(map[string]any)
		_, asks := at(c, "resources", "requests")[metric]
		if _, bound := at(c, "resources", "limits")[metric]; !asks && !bound {
			faults = append(faults, fault.Hintf("write resources.requests."+metric, "%s: container %q requests no %s, so its use cannot be compared", o, fmt.Sprint(c["name"]), metric))
		}
	}
	return faults
}

// hpa returns the autoscaler of a workload, of the same name.
func hpa(of object, a *catalog.Autoscale) object {
	apiVersion, _ := of.fields["apiVersion"].(string)
	return object{group: "autoscaling", version: "v2", kind: "HorizontalPodAutoscaler", name: of.name, fields: map[string]any{
		"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
		"metadata": map[string]any{"name": of.name, "annotations": map[string]any{manifest.AnnotationAutoscaler: "sluice"}},
		"spec": map[string]any{
			"scaleTargetRef": map[string]any{"apiVersion": apiVersion, "kind": of.kind, "name": of.name},
			"minReplicas":    int64(1), "maxReplicas": int64(1),
			"metrics": []any{map[string]any{"type": "Resource", "resource": map[string]any{
				"name": a.Metric, "target": map[string]any{"type": "Utilization", "averageUtilization": int64(a.Target)}}}},
		},
	}}
}

// writes is a replacement of a field of o by a parameter.
func writes(parameter string, o object, field string) replacement {
	return replacement{Source: source{Kind: "ConfigMap", Name: "parameters", FieldPath: "data." + parameter},
		Targets: []target{{Select: selector{Group: o.group, Kind: o.kind, Name: o.name}, FieldPaths: []string{field}}}}
}

// leftAlone returns what Argo CD leaves to the autoscaler o; nil without one.
func leftAlone(o *object) *manifest.IgnoreDifference {
	if o == nil {
		return nil
	}
	ref := at(o.fields, "spec", "scaleTargetRef")
	of, err := newObject(map[string]any{"apiVersion": ref["apiVersion"], "kind": ref["kind"], "metadata": map[string]any{"name": ref["name"]}})
	if err != nil {
		return nil
	}
	return &manifest.IgnoreDifference{Group: of.group, Kind: of.kind, Name: of.name, JQPathExpressions: []string{liveReplicas}}
}

package base

import (
	"fmt"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// autoscaled refuses a number of replicas on what an autoscaler of the version
// scales: Argo CD would write the one as often as the other writes its own.
func (b *Base) autoscaled() (faults []error) {
	scaled := map[identity]object{}
	for _, p := range b.parts {
		for _, o := range p.objects {
			if o.is("autoscaling", "HorizontalPodAutoscaler") || o.is("keda.sh", "ScaledObject") {
				scaled[scaleTarget(o)] = o
			}
		}
	}
	for _, p := range b.parts {
		for _, o := range p.objects {
			by, ok := scaled[identity{kind: o.kind, name: o.name}]
			if _, fixed := at(o.fields, "spec")["replicas"]; ok && fixed {
				faults = append(faults, fmt.Errorf("component %q: %w", p.name, fault.Hintf("remove spec.replicas from the one, or the other",
					"%s has spec.replicas, which %s writes too", o, by)))
			}
		}
	}
	return faults
}

// scaleTarget returns kind and name of what an autoscaler scales.
func scaleTarget(o object) identity {
	ref := at(o.fields, "spec", "scaleTargetRef")
	kind, _ := ref["kind"].(string)
	name, _ := ref["name"].(string)
	if kind == "" {
		kind = "Deployment" // KEDA's default
	}
	return identity{kind: kind, name: name}
}

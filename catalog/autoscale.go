package catalog

import (
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Autoscale lets one workload of a version run more replicas than a tenant
// bought, up to the authorisation's maxReplicas.
type Autoscale struct {
	// Component holds the workload that the parameter replicas scales.
	Component ident.Component `json:"component"`
	// Metric is the resource that is watched: cpu or memory.
	Metric string `json:"metric"`
	// Target is the average use that is kept, in per cent of what the containers request.
	Target int `json:"target"`
}

// MaxReplicasParameter is the parameter that overlays of a version that scales
// itself have beside the built-in ones.
const MaxReplicasParameter = "maxReplicas"

type documentAutoscale struct {
	Component string `json:"component"`
	Metric    string `json:"metric"`
	Target    int    `json:"target"`
}

// autoscale checks what the version says of scaling itself; package base looks
// for the workload.
func (c *checker) autoscale(v *Version, doc *documentAutoscale) {
	if doc == nil {
		return
	}
	v.Autoscale = &Autoscale{Metric: doc.Metric, Target: doc.Target}
	n := slices.IndexFunc(v.Components, func(x Component) bool { return x.Name.String() == doc.Component && x.Sharing == SharingNone })
	switch {
	case c.ref.Shared:
		c.refuse("remove it: nobody buys replicas of a shared component", "autoscale is for products only")
	case n < 0:
		c.refuse("name a component that is deployed with the version", "autoscale: component %q is none of the version's own", doc.Component)
	default:
		v.Autoscale.Component = v.Components[n].Name
	}
	if doc.Metric != "cpu" && doc.Metric != "memory" {
		c.refuse("use cpu or memory", "autoscale: metric %q is unknown", doc.Metric)
	}
	if doc.Target < 1 || doc.Target > 100 {
		c.refuse("use 1 to 100, per cent of what the containers request", "autoscale: target %d is out of range", doc.Target)
	}
	if properties, _ := v.Parameters["properties"].(map[string]any); properties[MaxReplicasParameter] != nil {
		c.refuse("give the parameter another name", "autoscale: parameter %q is the authorisation's", MaxReplicasParameter)
	}
}

package plugin

import "github.com/gatorcloud/sluice/renderer/model/manifest"

// node is a place in an object: a mapping that is followed, or a value that
// the checks want. Both ways to read an object are led by it.
type node uint8

const (
	nodeOther node = iota
	nodeTop
	nodeMetadata
	nodeLabels
	nodeAnnotations
	nodeSpec
	nodeTemplate
	nodePodSpec
	nodeNodeSelector
	nodeAPIVersion // here the values begin, those that are texts first
	nodeKind
	nodeName
	nodeNamespace
	nodeComponent
	nodeWave
	nodePausedAt
	nodePaused
	nodeReplicas // here those that are numbers or truth values
	nodeDeadline
	nodeSuspend
)

// place is a node under its key.
type place struct {
	key  string
	node node
}

// places are the nodes below a node.
var places = [...][]place{
	nodeTop:         {{"apiVersion", nodeAPIVersion}, {"kind", nodeKind}, {"metadata", nodeMetadata}, {"spec", nodeSpec}},
	nodeMetadata:    {{"name", nodeName}, {"namespace", nodeNamespace}, {"labels", nodeLabels}, {"annotations", nodeAnnotations}},
	nodeLabels:      {{manifest.LabelComponent, nodeComponent}},
	nodeAnnotations: {{manifest.AnnotationWave, nodeWave}, {"autoscaling.keda.sh/paused-replicas", nodePausedAt}, {"autoscaling.keda.sh/paused", nodePaused}},
	nodeSpec:        {{"replicas", nodeReplicas}, {"progressDeadlineSeconds", nodeDeadline}, {"suspend", nodeSuspend}, {"template", nodeTemplate}},
	nodeTemplate:    {{"spec", nodePodSpec}},
	nodePodSpec:     {{"nodeSelector", nodeNodeSelector}},
	nodeSuspend:     nil,
}

// child returns what is under key of n. Keys are told apart by case, as
// Kubernetes does.
func (n node) child(key []byte) node {
	for _, p := range places[n] {
		if string(key) == p.key {
			return p.node
		}
	}
	return nodeOther
}

// value reports whether n is a value, not a mapping.
func (n node) value() bool { return n >= nodeAPIVersion }

// text reports whether n is a value that has to be a string.
func (n node) text() bool { return n >= nodeAPIVersion && n < nodeReplicas }

// at returns where the value n is kept.
func (o *object) at(n node) *string {
	return [...]*string{
		&o.apiVersion, &o.kind, &o.name, &o.namespace, &o.component, &o.wave, &o.pausedAt, &o.paused, &o.replicas, &o.deadline, &o.suspend,
	}[n-nodeAPIVersion]
}

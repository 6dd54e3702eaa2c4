package shape

import (
	"path"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// inside refuses a path that leads out of the volume it belongs to.
func (c *checker) inside(place, name string) {
	if path.IsAbs(name) || slices.Contains(strings.Split(name, "/"), "..") {
		c.refuse("write a path inside the volume, without ..", "%s %q leads out of it", place, name)
	}
}

// volume checks what a volume says of itself; links check what it refers to.
func (c *checker) volume(v corev1.Volume) {
	place := "volume \"" + v.Name + "\": "
	if e := v.EmptyDir; e != nil && e.SizeLimit != nil && e.SizeLimit.Sign() < 0 {
		c.refuse("use 0 or more", "%ssizeLimit %s is negative", place, e.SizeLimit)
	}
	var items []corev1.KeyToPath
	if v.ConfigMap != nil {
		items = append(items, v.ConfigMap.Items...)
	}
	if v.Secret != nil {
		items = append(items, v.Secret.Items...)
	}
	if v.Projected != nil {
		for _, s := range v.Projected.Sources {
			if s.ConfigMap != nil {
				items = append(items, s.ConfigMap.Items...)
			}
			if s.Secret != nil {
				items = append(items, s.Secret.Items...)
			}
		}
	}
	for _, item := range items {
		c.inside(place+"path", item.Path)
	}
}

// podField is a field of pods that an environment variable may have.
var podField = regexp.MustCompile(`^(metadata\.(name|namespace|uid)|metadata\.(labels|annotations)\['[^']+'\]|spec\.(nodeName|serviceAccountName)|status\.(hostIPs?|podIPs?))$`)

// computed is a resource that a container can be told of.
var computed = regexp.MustCompile(`^(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-.+)$`)

// source checks what an environment variable gets of its own pod.
func (c *checker) source(place string, s *corev1.EnvVarSource) {
	if r := s.FieldRef; r != nil && !podField.MatchString(r.FieldPath) {
		c.refuse("use metadata.name, metadata.namespace, metadata.labels['...'], status.podIP and the like", "%sfieldPath %q is no field that a variable may have", place, r.FieldPath)
	}
	if r := s.ResourceFieldRef; r != nil && !computed.MatchString(r.Resource) {
		c.refuse("use limits.cpu, limits.memory, requests.cpu and the like", "%sresource %q is none that a variable may have", place, r.Resource)
	}
}

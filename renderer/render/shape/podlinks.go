package shape

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// workload checks what the pods of o refer to.
func (l *links) workload(o *Object) {
	pod := o.Pod.Spec
	if o.Selector != nil {
		l.apart(o)
	}
	mountable := l.volumes(o)
	for _, c := range containers(pod) {
		for _, m := range c.VolumeMounts {
			if !mountable[m.Name] {
				l.refuse(o, "add the volume, or mend the name", "container %q mounts %q, which is no volume", c.Name, m.Name)
			}
		}
		l.environment(o, c)
		for _, p := range []*corev1.Probe{c.ReadinessProbe, c.LivenessProbe, c.StartupProbe} {
			l.probe(o, c, p)
		}
		l.hooks(o, c)
	}
	if name := pod.ServiceAccountName; name != "" && name != "default" {
		l.needs(o, "ServiceAccount", name, "serviceAccountName")
	}
}

// apart refuses a workload that selects the pods of another one too: their
// controllers would fight.
func (l *links) apart(o *Object) {
	selector, err := metav1.LabelSelectorAsSelector(o.Selector)
	if err != nil || selector.Empty() {
		return // said by Check
	}
	for _, other := range l.pods(selector) {
		if other != o && other.Selector != nil {
			l.refuse(o, "give each its own label in selector and template", "its selector takes the pods of %s too", other)
		}
	}
}

// volumes checks the sources of volumes and returns the names that can be mounted.
func (l *links) volumes(o *Object) map[string]bool {
	names := map[string]bool{}
	for _, v := range o.Pod.Spec.Volumes {
		names[v.Name] = true
		by := "volume \"" + v.Name + "\""
		switch {
		case v.ConfigMap != nil:
			l.config(o, v.ConfigMap.Name, v.ConfigMap.Optional, v.ConfigMap.Items, by)
		case v.Secret != nil:
			l.optional(o, "Secret", v.Secret.SecretName, v.Secret.Optional, by)
		case v.PersistentVolumeClaim != nil:
			l.needs(o, "PersistentVolumeClaim", v.PersistentVolumeClaim.ClaimName, by)
		case v.Projected != nil:
			for _, s := range v.Projected.Sources {
				if s.ConfigMap != nil {
					l.config(o, s.ConfigMap.Name, s.ConfigMap.Optional, s.ConfigMap.Items, by)
				}
				if s.Secret != nil {
					l.optional(o, "Secret", s.Secret.Name, s.Secret.Optional, by)
				}
			}
		}
	}
	for _, t := range templates(o) {
		names[t] = true
	}
	return names
}

// templates returns the names of a StatefulSet's claim templates.
func templates(o *Object) []string {
	var names []string
	if s, ok := o.Typed.(*appsv1.StatefulSet); ok {
		for _, t := range s.Spec.VolumeClaimTemplates {
			names = append(names, t.Name)
		}
	}
	return names
}

// optional checks a reference that may say that it need not be there.
func (l *links) optional(o *Object, kind, name string, optional *bool, by string) *Object {
	if optional != nil && *optional {
		return nil
	}
	return l.needs(o, kind, name, by)
}

// config checks a reference to a ConfigMap and to keys of it.
func (l *links) config(o *Object, name string, optional *bool, items []corev1.KeyToPath, by string) {
	target := l.optional(o, "ConfigMap", name, optional, by)
	for _, item := range items {
		l.key(o, target, item.Key, by)
	}
}

// key checks that a ConfigMap, nil for none that is known, has a key.
func (l *links) key(o, config *Object, key, by string) {
	if config == nil {
		return
	}
	c, ok := config.Typed.(*corev1.ConfigMap)
	if !ok {
		return
	}
	_, text := c.Data[key]
	_, data := c.BinaryData[key]
	if !text && !data {
		l.refuse(o, "add the key, or mend its name", "%s needs key %q of %s, which has none", by, key, config)
	}
}

func (l *links) environment(o *Object, c corev1.Container) {
	for _, from := range c.EnvFrom {
		by := "container \"" + c.Name + "\""
		if from.ConfigMapRef != nil {
			l.optional(o, "ConfigMap", from.ConfigMapRef.Name, from.ConfigMapRef.Optional, by)
		}
		if from.SecretRef != nil {
			l.optional(o, "Secret", from.SecretRef.Name, from.SecretRef.Optional, by)
		}
	}
	for _, e := range c.Env {
		if e.ValueFrom == nil {
			continue
		}
		by := "environment variable \"" + e.Name + "\""
		if r := e.ValueFrom.ConfigMapKeyRef; r != nil && (r.Optional == nil || !*r.Optional) {
			l.key(o, l.needs(o, "ConfigMap", r.Name, by), r.Key, by)
		}
		if r := e.ValueFrom.SecretKeyRef; r != nil {
			l.optional(o, "Secret", r.Name, r.Optional, by)
		}
	}
}

// probe checks the named port of a probe.
func (l *links) probe(o *Object, c corev1.Container, p *corev1.Probe) {
	_, port := handled(p)
	l.named(o, c, port, "is probed")
}

// named refuses the name of a port that a container does not have.
func (l *links) named(o *Object, c corev1.Container, port intstr.IntOrString, how string) {
	if port.Type == intstr.String && port.StrVal != "" && !namesPort(c, port.StrVal) {
		l.refuse(o, "mend the port, or name it in the container", "container %q %s at port %q, which it has not", c.Name, how, port.StrVal)
	}
}

// hooks checks the named ports of what a container is told when it begins and ends.
func (l *links) hooks(o *Object, c corev1.Container) {
	if c.Lifecycle == nil {
		return
	}
	for _, h := range []*corev1.LifecycleHandler{c.Lifecycle.PostStart, c.Lifecycle.PreStop} {
		if h != nil && h.HTTPGet != nil {
			l.named(o, c, h.HTTPGet.Port, "is told of its beginning or end")
		}
	}
}

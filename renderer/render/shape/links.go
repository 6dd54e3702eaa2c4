package shape

import (
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Provides is the annotation by which an object says what it, or whoever acts
// on it, makes in the cluster: Kind/name, several separated by commas. Pods
// behind a Service are written as Endpoints/<service>.
const Provides = "gatorcloud.io/provides"

// links is a set of objects that find each other by name in one namespace.
type links struct {
	objects []*Object
	around  []*Object
	there   map[string]*Object // by Kind/name; nil for what is made by others
	faults  []error
}

// Links returns the references of objects that mean nothing: that no object of
// theirs or of those around them is, and that nobody says to provide. The ones
// around are not judged themselves.
func Links(objects, around []*Object) []error {
	l := &links{objects: objects, around: around, there: map[string]*Object{"ConfigMap/kube-root-ca.crt": nil}}
	for _, o := range slices.Concat(objects, around) {
		for _, name := range provided(o) {
			l.there[name] = nil
		}
	}
	for _, o := range slices.Concat(around, objects) {
		l.there[o.Kind+"/"+o.Name] = o
	}
	for _, o := range objects {
		l.check(o)
	}
	return l.faults
}

// provided returns what an object says to make, and what objects of well-known
// controllers make without saying so.
func provided(o *Object) []string {
	var names []string
	for name := range strings.SplitSeq(o.Annotations[Provides], ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	if i, ok := o.Typed.(*networkingv1.Ingress); ok && (o.Annotations["cert-manager.io/issuer"] != "" || o.Annotations["cert-manager.io/cluster-issuer"] != "") {
		for _, t := range i.Spec.TLS {
			names = append(names, "Secret/"+t.SecretName)
		}
	}
	return append(names, o.makes...)
}

func (l *links) refuse(o *Object, hint, format string, args ...any) {
	l.faults = append(l.faults, fault.Hintf(hint, "%s: "+format, append([]any{o}, args...)...))
}

// find returns an object; ok without one says that others make it.
func (l *links) find(kind, name string) (o *Object, ok bool) {
	o, ok = l.there[kind+"/"+name]
	return o, ok
}

// needs refuses a reference to what is not there.
func (l *links) needs(o *Object, kind, name, by string) *Object {
	target, ok := l.find(kind, name)
	if !ok {
		l.refuse(o, "add it to the version, mend the name, or write "+Provides+": "+kind+"/"+name+" on the object that makes it",
			"%s needs %s %q, which is not there", by, kind, name)
	}
	return target
}

func (l *links) check(o *Object) {
	if o.Pod != nil {
		l.workload(o)
	}
	for _, r := range o.asks {
		l.asked(o, r)
	}
	switch x := o.Typed.(type) {
	case *appsv1.StatefulSet:
		if x.Spec.ServiceName != "" {
			l.needs(o, "Service", x.Spec.ServiceName, "serviceName")
		}
	case *corev1.Service:
		l.service(o, x.Spec)
	case *policyv1.PodDisruptionBudget:
		l.selects(o, x.Spec.Selector)
	case *networkingv1.NetworkPolicy:
		if len(x.Spec.PodSelector.MatchLabels)+len(x.Spec.PodSelector.MatchExpressions) > 0 {
			l.selects(o, &x.Spec.PodSelector)
		}
	case *networkingv1.Ingress:
		l.ingress(o, x.Spec)
	case *autoscalingv2.HorizontalPodAutoscaler:
		l.needs(o, x.Spec.ScaleTargetRef.Kind, x.Spec.ScaleTargetRef.Name, "scaleTargetRef")
	}
}

// pods returns the workloads whose pods have the labels.
func (l *links) pods(s labels.Selector) []*Object {
	var found []*Object
	for _, o := range slices.Concat(l.objects, l.around) {
		if o.Pod != nil && s.Matches(labels.Set(o.Pod.Labels)) {
			found = append(found, o)
		}
	}
	return found
}

// selects refuses a selector that means no pods.
func (l *links) selects(o *Object, s *metav1.LabelSelector) []*Object {
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		l.refuse(o, "mend the selector", "its selector: %w", err)
		return nil
	}
	found := l.pods(selector)
	if _, made := l.find("Endpoints", o.Name); len(found) == 0 && !made {
		l.refuse(o, "mend its labels, or write "+Provides+": Endpoints/"+o.Name+" on the object that makes the pods",
			"it selects no pods by %s", selector)
	}
	return found
}

// service checks pods and named ports of a Service that selects its pods itself.
func (l *links) service(o *Object, s corev1.ServiceSpec) {
	if len(s.Selector) == 0 || s.Type == corev1.ServiceTypeExternalName {
		return
	}
	found := l.selects(o, metav1.SetAsLabelSelector(s.Selector))
	for _, p := range s.Ports {
		named := p.TargetPort.Type == intstr.String && p.TargetPort.StrVal != ""
		if named && len(found) > 0 && !slices.ContainsFunc(found, func(w *Object) bool { return hasPort(w.Pod.Spec, p.TargetPort.StrVal) }) {
			l.refuse(o, "mend targetPort, or name the port of the container", "it sends port %d to %q of %s, which has no port of that name", p.Port, p.TargetPort.StrVal, found[0])
		}
	}
}

// hasPort reports whether a container names a port so.
func hasPort(pod corev1.PodSpec, name string) bool {
	return slices.ContainsFunc(containers(pod), func(c corev1.Container) bool { return namesPort(c, name) })
}

func namesPort(c corev1.Container, name string) bool {
	return slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.Name == name })
}

// port refuses a port that a Service, nil for none that is known, does not have.
func (l *links) port(o, target *Object, port networkingv1.ServiceBackendPort) {
	if target == nil {
		return
	}
	if service, ok := target.Typed.(*corev1.Service); ok && !slices.ContainsFunc(service.Spec.Ports, func(p corev1.ServicePort) bool {
		return p.Port == port.Number || port.Name != "" && p.Name == port.Name
	}) {
		l.refuse(o, "mend the port", "it sends to port %d %q of %s, which has no such port", port.Number, port.Name, target)
	}
}

func (l *links) ingress(o *Object, s networkingv1.IngressSpec) {
	backend := func(b *networkingv1.IngressBackend) {
		if b == nil || b.Service == nil {
			return
		}
		l.port(o, l.needs(o, "Service", b.Service.Name, "a backend"), b.Service.Port)
	}
	backend(s.DefaultBackend)
	for _, r := range s.Rules {
		if r.HTTP != nil {
			for _, p := range r.HTTP.Paths {
				backend(&p.Backend)
			}
		}
	}
	for _, t := range s.TLS {
		if t.SecretName != "" {
			l.needs(o, "Secret", t.SecretName, "tls")
		}
	}
}

package base_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// links checks that what the objects of one overlay say of each other is so.
// around are objects that the overlay finds in its cluster: the shared
// components that the version requires.
type links struct {
	objects []*object
	around  []*object
	faults  []string
}

// checkLinks returns every broken link, in order.
func checkLinks(objects, around []*object) []string {
	l := &links{objects: objects, around: around}
	seen := map[string]bool{}
	for _, o := range objects {
		if seen[o.String()] {
			l.fault(o, "is there twice")
		}
		seen[o.String()] = true
		l.check(o)
	}
	slices.Sort(l.faults)
	return slices.Compact(l.faults)
}

func (l *links) fault(o *object, format string, args ...any) {
	l.faults = append(l.faults, o.String()+" "+fmt.Sprintf(format, args...))
}

func (l *links) check(o *object) {
	if o.pod != nil {
		l.workload(o)
	}
	l.addresses(o)
	switch x := o.typed.(type) {
	case *appsv1.Deployment:
		if x.Spec.ProgressDeadlineSeconds == nil {
			l.fault(o, "has no progressDeadlineSeconds")
		}
		l.ownSelector(o, x.Spec.Selector)
	case *appsv1.StatefulSet:
		l.ownSelector(o, x.Spec.Selector)
		if s := l.service(x.Spec.ServiceName); s == nil || s.Spec.ClusterIP != corev1.ClusterIPNone {
			l.fault(o, "has no headless service %q", x.Spec.ServiceName)
		}
	case *corev1.Service:
		l.servicePorts(o, x)
	case *policyv1.PodDisruptionBudget:
		l.selected(o, x.Spec.Selector)
	case *networkingv1.NetworkPolicy:
		l.policy(o, x)
	case *rbacv1.RoleBinding:
		l.binding(o, x)
	case *apisixRoute:
		l.route(o, x)
	case *apisixTLS:
		l.tls(o, x)
	case *apisixUpstream:
		l.upstream(o, x)
	}
}

// find returns an object of the overlay, or nil.
func (l *links) find(kind, name string) *object {
	for _, o := range l.objects {
		if o.Kind == kind && o.Name == name {
			return o
		}
	}
	return nil
}

// service returns a Service of the overlay or of what is around it, or nil.
func (l *links) service(name string) *corev1.Service {
	for _, o := range append(slices.Clone(l.objects), l.around...) {
		if s, ok := o.typed.(*corev1.Service); ok && s.Name == name {
			return s
		}
	}
	return nil
}

// pods returns the workloads whose pods have the labels.
func (l *links) pods(selector labels.Selector) []*object {
	var found []*object
	for _, o := range l.objects {
		if o.pod != nil && selector.Matches(labels.Set(o.pod.Labels)) {
			found = append(found, o)
		}
	}
	return found
}

// selected returns the workloads that a selector means: at least one, and none
// by an empty selector.
func (l *links) selected(o *object, s *metav1.LabelSelector) []*object {
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil || selector.Empty() {
		l.fault(o, "has no usable selector (%v)", err)
		return nil
	}
	found := l.pods(selector)
	if len(found) == 0 {
		l.fault(o, "selects no pods by %s", selector)
	}
	return found
}

// ownSelector checks that a workload selects its own pods and no other's.
func (l *links) ownSelector(o *object, s *metav1.LabelSelector) {
	if found := l.selected(o, s); len(found) != 1 || found[0] != o {
		l.fault(o, "selects %v", found)
	}
}

func (l *links) servicePorts(o *object, s *corev1.Service) {
	selected := l.selected(o, metav1.SetAsLabelSelector(s.Spec.Selector))
	for _, p := range s.Spec.Ports {
		target := p.TargetPort
		if target == (intstr.IntOrString{}) {
			target = intstr.FromInt32(p.Port)
		}
		for _, w := range selected {
			if !hasPort(w.pod.Spec, target) {
				l.fault(o, "sends port %q to %s of %s, which has no such port", p.Name, target.String(), w)
			}
		}
	}
}

// hasPort reports whether some container of the pod declares the port.
func hasPort(pod corev1.PodSpec, port intstr.IntOrString) bool {
	return slices.ContainsFunc(containers(pod), func(c corev1.Container) bool { return declares(c, port) })
}

func declares(c corev1.Container, port intstr.IntOrString) bool {
	return slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool {
		return port.Type == intstr.String && p.Name == port.StrVal || port.Type == intstr.Int && p.ContainerPort == port.IntVal
	})
}

func containers(pod corev1.PodSpec) []corev1.Container {
	return append(slices.Clone(pod.InitContainers), pod.Containers...)
}

func (l *links) policy(o *object, p *networkingv1.NetworkPolicy) {
	selected := l.selected(o, &p.Spec.PodSelector)
	for _, rule := range p.Spec.Ingress {
		for _, port := range rule.Ports {
			for _, w := range selected {
				if port.Port != nil && !hasPort(w.pod.Spec, *port.Port) {
					l.fault(o, "admits port %s of %s, which has no such port", port.Port, w)
				}
			}
		}
		for _, from := range rule.From {
			if from.PodSelector != nil && len(from.PodSelector.MatchLabels) > 0 {
				l.selected(o, from.PodSelector)
			}
		}
	}
	// A policy with egress rules closes all else: names must still resolve.
	resolves := func(r networkingv1.NetworkPolicyEgressRule) bool {
		return slices.ContainsFunc(r.Ports, func(p networkingv1.NetworkPolicyPort) bool { return p.Port != nil && p.Port.IntVal == 53 })
	}
	if len(p.Spec.Egress) > 0 && !slices.ContainsFunc(p.Spec.Egress, resolves) {
		l.fault(o, "lets nobody resolve a name")
	}
}

func (l *links) binding(o *object, b *rbacv1.RoleBinding) {
	if l.find(b.RoleRef.Kind, b.RoleRef.Name) == nil {
		l.fault(o, "binds %s/%s, which is not there", b.RoleRef.Kind, b.RoleRef.Name)
	}
	for _, s := range b.Subjects {
		if l.find(s.Kind, s.Name) == nil {
			l.fault(o, "binds to %s/%s, which is not there", s.Kind, s.Name)
		}
		if s.Namespace != o.Namespace {
			l.fault(o, "binds to %s/%s of namespace %q", s.Kind, s.Name, s.Namespace)
		}
	}
}

func (l *links) route(o *object, r *apisixRoute) {
	for _, h := range r.Spec.HTTP {
		for _, b := range h.Backends {
			l.backend(o, b.ServiceName, b.ServicePort)
		}
		if len(h.Match.Hosts) == 0 || len(h.Match.Paths) == 0 {
			l.fault(o, "takes %q of any host or path", h.Name)
		}
	}
	for _, s := range r.Spec.Stream {
		l.backend(o, s.Backend.ServiceName, s.Backend.ServicePort)
	}
}

// backend checks that a route's or upstream's Service has the port.
func (l *links) backend(o *object, name string, port int32) {
	target := l.find("Service", name)
	if target == nil {
		l.fault(o, "sends to service %q, which is not there", name)
		return
	}
	if !servesPort(target.typed.(*corev1.Service), port) {
		l.fault(o, "sends to port %d of service %q, which has no such port", port, name)
	}
	if target.wave >= o.wave {
		l.fault(o, "is applied in wave %d, its service %q in wave %d", o.wave, name, target.wave)
	}
}

func servesPort(s *corev1.Service, port int32) bool {
	return slices.ContainsFunc(s.Spec.Ports, func(p corev1.ServicePort) bool { return p.Port == port })
}

func (l *links) tls(o *object, x *apisixTLS) {
	secrets := []apisixSecret{x.Spec.Secret}
	if x.Spec.Client != nil {
		secrets = append(secrets, x.Spec.Client.CASecret)
	}
	for _, s := range secrets {
		l.secret(o, s.Name)
		if s.Namespace != o.Namespace {
			l.fault(o, "takes secret %q from namespace %q", s.Name, s.Namespace)
		}
	}
	for _, host := range x.Spec.Hosts {
		if !l.routed(host) {
			l.fault(o, "has a certificate for %q, which no route takes", host)
		}
	}
}

func (l *links) routed(host string) bool {
	return slices.ContainsFunc(l.objects, func(o *object) bool {
		r, ok := o.typed.(*apisixRoute)
		return ok && slices.ContainsFunc(r.Spec.HTTP, func(h apisixHTTP) bool { return slices.Contains(h.Match.Hosts, host) })
	})
}

func (l *links) upstream(o *object, u *apisixUpstream) {
	for _, p := range u.Spec.PortLevelSettings {
		l.backend(o, u.Name, p.Port)
	}
}

// secret checks that a secret is there before o: as an object, or made by a
// Job of an earlier wave that may make it.
func (l *links) secret(o *object, name string) {
	if s := l.find("Secret", name); s != nil {
		l.before(o, s)
		return
	}
	for _, job := range l.objects {
		if !slices.Contains(job.provided(), name) {
			continue
		}
		if job.wave >= o.wave {
			l.fault(o, "is applied in wave %d, its secret %q made in wave %d", o.wave, name, job.wave)
		}
		if !l.mayMake(job, name) {
			l.fault(job, "has no right to make secret %q", name)
		}
		return
	}
	l.fault(o, "needs secret %q, which nothing makes", name)
}

// mayMake reports whether a role bound to the job's account lets it keep the secret.
func (l *links) mayMake(job *object, secret string) bool {
	for _, o := range l.objects {
		b, ok := o.typed.(*rbacv1.RoleBinding)
		if !ok || !slices.ContainsFunc(b.Subjects, func(s rbacv1.Subject) bool { return s.Name == job.pod.Spec.ServiceAccountName }) {
			continue
		}
		role := l.find("Role", b.RoleRef.Name)
		if role == nil {
			continue
		}
		for _, r := range role.typed.(*rbacv1.Role).Rules {
			if slices.Contains(r.ResourceNames, secret) && slices.Contains(r.Verbs, "get") {
				return true
			}
		}
	}
	return false
}

// before checks that what o refers to is not applied after it.
func (l *links) before(o, target *object) {
	if target.wave > o.wave {
		l.fault(o, "is applied in wave %d, its %s in wave %d", o.wave, target, target.wave)
	}
}

var address = regexp.MustCompile(`([a-z][a-z0-9.-]*[a-z0-9]):([0-9]{2,5})\b`)

// addresses checks every "<service>:<port>" in arguments, environment and
// configuration: the service has the port, and belongs to the component itself
// or to one that is Healthy before.
func (l *links) addresses(o *object) {
	for _, text := range texts(o) {
		for _, m := range address.FindAllStringSubmatch(variable.ReplaceAllString(text, "value"), -1) {
			host := m[1][strings.LastIndexByte(m[1], '.')+1:]
			if strings.HasSuffix(m[1], ".svc") {
				host, _, _ = strings.Cut(m[1], ".")
			}
			l.address(o, host, m[2])
		}
	}
}

func (l *links) address(o *object, host, port string) {
	prefix, _, _ := strings.Cut(o.Name, "-")
	s := l.service(host)
	if s == nil {
		if strings.HasPrefix(host, prefix+"-") || strings.Contains(host, "identity") || strings.Contains(host, "license") {
			l.fault(o, "connects to %s:%s, which is no service", host, port)
		}
		return
	}
	if !slices.ContainsFunc(s.Spec.Ports, func(p corev1.ServicePort) bool { return fmt.Sprint(p.Port) == port }) {
		l.fault(o, "connects to port %s of service %q, which has no such port", port, host)
	}
	if target := l.find("Service", host); target != nil && target.component() != o.component() && target.wave >= o.wave {
		l.fault(o, "is applied in wave %d and connects to service %q of wave %d: depend on component %q",
			o.wave, host, target.wave, target.component())
	}
}

// texts returns the strings of o that may hold an address.
func texts(o *object) []string {
	if c, ok := o.typed.(*corev1.ConfigMap); ok {
		return slices.Collect(maps.Values(c.Data))
	}
	if o.pod == nil {
		return nil
	}
	var out []string
	for _, c := range containers(o.pod.Spec) {
		out = append(append(out, c.Args...), c.Command...)
		for _, e := range c.Env {
			out = append(out, e.Value)
		}
	}
	return out
}

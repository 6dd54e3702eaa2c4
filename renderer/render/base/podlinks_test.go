package base_test

import (
	"regexp"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// workload checks the pods of o.
func (l *links) workload(o *object) {
	pod := o.pod.Spec
	claims := l.volumes(o)
	for _, c := range containers(pod) {
		l.container(o, c)
		for _, m := range c.VolumeMounts {
			if !slices.ContainsFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Name == m.Name }) && !slices.Contains(claims, m.Name) {
				l.fault(o, "mounts %q, which is no volume", m.Name)
			}
		}
	}
	l.propagation(o)
	l.spread(o)
	if sa := pod.ServiceAccountName; sa != "" && sa != "default" {
		l.object(o, "ServiceAccount", sa)
	} else if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
		l.fault(o, "hands its pods a token that they do not need")
	}
	if job, ok := o.typed.(*batchv1.Job); ok {
		if job.Spec.ActiveDeadlineSeconds == nil || job.Spec.BackoffLimit == nil {
			l.fault(o, "may run or be retried for ever")
		}
	}
}

// object checks that an object that o refers to is there, and not later.
func (l *links) object(o *object, kind, name string) *object {
	target := l.find(kind, name)
	if target == nil {
		l.fault(o, "needs %s/%s, which is not there", kind, name)
		return nil
	}
	l.before(o, target)
	return target
}

// volumes checks the sources of o's volumes and that each is mounted. It
// returns the names of its claim templates.
func (l *links) volumes(o *object) []string {
	for _, v := range o.pod.Spec.Volumes {
		switch {
		case v.ConfigMap != nil:
			l.object(o, "ConfigMap", v.ConfigMap.Name)
		case v.Secret != nil:
			l.secret(o, v.Secret.SecretName)
		case v.PersistentVolumeClaim != nil:
			l.object(o, "PersistentVolumeClaim", v.PersistentVolumeClaim.ClaimName)
			l.oneWriter(o, v.PersistentVolumeClaim.ClaimName)
		case v.EmptyDir != nil && v.EmptyDir.Medium == corev1.StorageMediumMemory && v.EmptyDir.SizeLimit == nil:
			l.fault(o, "has a tmpfs %q without a size", v.Name)
		}
		if !mounted(o.pod.Spec, v.Name) {
			l.fault(o, "does not mount its volume %q", v.Name)
		}
	}
	var names []string
	if s, ok := o.typed.(*appsv1.StatefulSet); ok {
		for _, t := range s.Spec.VolumeClaimTemplates {
			names = append(names, t.Name)
			if !mounted(o.pod.Spec, t.Name) {
				l.fault(o, "does not mount its claim %q", t.Name)
			}
			// The API server fills them in, and Argo CD then sees a difference for ever.
			if t.APIVersion == "" || t.Kind == "" {
				l.fault(o, "has a claim template %q without apiVersion and kind", t.Name)
			}
			if len(t.Labels) > 0 {
				l.fault(o, "has labels on the claim template %q", t.Name)
			}
		}
	}
	return names
}

func mounted(pod corev1.PodSpec, volume string) bool {
	return slices.ContainsFunc(containers(pod), func(c corev1.Container) bool {
		return slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == volume })
	})
}

// oneWriter checks that no second pod mounts a claim, not even while rolling.
func (l *links) oneWriter(o *object, claim string) {
	if d, ok := o.typed.(*appsv1.Deployment); ok && d.Spec.Strategy.Type != appsv1.RecreateDeploymentStrategyType {
		l.fault(o, "rolls with claim %q mounted twice", claim)
	}
	for _, other := range l.objects {
		if other == o || other.pod == nil {
			continue
		}
		for _, v := range other.pod.Spec.Volumes {
			if v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ClaimName == claim {
				l.fault(o, "shares claim %q with %s", claim, other)
			}
		}
	}
}

// propagation checks that a mount that is handed on has a privileged giver and a taker.
func (l *links) propagation(o *object) {
	given, taken := map[string]bool{}, map[string]bool{}
	for _, c := range containers(o.pod.Spec) {
		for _, m := range c.VolumeMounts {
			switch {
			case m.MountPropagation == nil:
			case *m.MountPropagation == corev1.MountPropagationBidirectional:
				given[m.Name] = true
				if c.SecurityContext == nil || c.SecurityContext.Privileged == nil || !*c.SecurityContext.Privileged {
					l.fault(o, "container %q hands on mounts of %q without being privileged", c.Name, m.Name)
				}
			case *m.MountPropagation == corev1.MountPropagationHostToContainer:
				taken[m.Name] = true
			}
		}
	}
	for name := range given {
		if !taken[name] {
			l.fault(o, "hands on mounts of %q and nobody takes them", name)
		}
	}
	for name := range taken {
		if !given[name] {
			l.fault(o, "takes mounts of %q and nobody hands them on", name)
		}
	}
}

// spread checks that rules about the pod's own kind select the pod.
func (l *links) spread(o *object) {
	check := func(s *metav1.LabelSelector) {
		selector, err := metav1.LabelSelectorAsSelector(s)
		if err != nil || selector.Empty() || !selector.Matches(labels.Set(o.pod.Labels)) {
			l.fault(o, "keeps away from pods other than its own (%s)", selector)
		}
	}
	for _, c := range o.pod.Spec.TopologySpreadConstraints {
		check(c.LabelSelector)
	}
	if a := o.pod.Spec.Affinity; a != nil && a.PodAntiAffinity != nil {
		for _, term := range a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
			check(term.PodAffinityTerm.LabelSelector)
		}
	}
}

var pinned = regexp.MustCompile(`^registry\.gatorcloud\.io/[a-z]+/[a-z-]+:[0-9][0-9A-Za-z._-]*$`)

func (l *links) container(o *object, c corev1.Container) {
	if !pinned.MatchString(c.Image) {
		l.fault(o, "container %q has image %q", c.Name, c.Image)
	}
	r := c.Resources
	if r.Requests.Cpu().IsZero() || r.Requests.Memory().IsZero() || r.Limits.Memory().IsZero() {
		l.fault(o, "container %q has no requests or no memory limit, which a quota asks for", c.Name)
	} else if r.Limits.Memory().Cmp(*r.Requests.Memory()) < 0 {
		l.fault(o, "container %q asks for more memory than its limit", c.Name)
	}
	if s := c.SecurityContext; s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem {
		l.fault(o, "container %q can write to its image", c.Name)
	} else if s.Privileged == nil && (s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation) {
		l.fault(o, "container %q may gain privileges", c.Name)
	}
	if p := o.pod.Spec.SecurityContext; p == nil || p.RunAsNonRoot == nil || !*p.RunAsNonRoot {
		l.fault(o, "may run as root")
	}
	l.probes(o, c)
	l.environment(o, c)
}

func (l *links) probes(o *object, c corev1.Container) {
	probes := []*corev1.Probe{c.ReadinessProbe, c.LivenessProbe, c.StartupProbe}
	for _, p := range probes {
		switch {
		case p == nil:
		case p.HTTPGet != nil && !declares(c, p.HTTPGet.Port):
			l.fault(o, "container %q is probed at port %s, which it has not", c.Name, p.HTTPGet.Port.String())
		case p.GRPC != nil && !slices.ContainsFunc(c.Ports, func(x corev1.ContainerPort) bool { return x.ContainerPort == p.GRPC.Port }):
			l.fault(o, "container %q is probed at port %d, which it has not", c.Name, p.GRPC.Port)
		}
	}
	_, job := o.typed.(*batchv1.Job)
	_, cron := o.typed.(*batchv1.CronJob)
	if !job && !cron && c.ReadinessProbe == nil && c.StartupProbe == nil {
		l.fault(o, "container %q never says that it is ready", c.Name)
	}
}

var variable = regexp.MustCompile(`\$\(([A-Z_]+)\)`)

// environment checks references of the container's environment, and that each
// $(NAME) in it and in the arguments is a name that is known there.
func (l *links) environment(o *object, c corev1.Container) {
	known, early := map[string]bool{}, map[string]bool{}
	for _, from := range c.EnvFrom {
		if from.SecretRef != nil {
			l.secret(o, from.SecretRef.Name)
		}
		if from.ConfigMapRef != nil {
			if m := l.object(o, "ConfigMap", from.ConfigMapRef.Name); m != nil {
				for k := range m.typed.(*corev1.ConfigMap).Data {
					known[k] = true
				}
			}
		}
	}
	for _, e := range c.Env {
		for _, m := range variable.FindAllStringSubmatch(e.Value, -1) {
			// The kubelet expands only what stands before it in env.
			if !early[m[1]] {
				l.fault(o, "container %q: %s uses $(%s), which is not set before it", c.Name, e.Name, m[1])
			}
		}
		known[e.Name], early[e.Name] = true, true
		if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
			l.secret(o, e.ValueFrom.SecretKeyRef.Name)
		}
		if e.ValueFrom != nil && e.ValueFrom.ConfigMapKeyRef != nil {
			l.object(o, "ConfigMap", e.ValueFrom.ConfigMapKeyRef.Name)
		}
	}
	for _, arg := range append(slices.Clone(c.Command), c.Args...) {
		for _, m := range variable.FindAllStringSubmatch(arg, -1) {
			if !known[m[1]] {
				l.fault(o, "container %q: argument %q uses $(%s), which is not set", c.Name, arg, m[1])
			}
		}
	}
	l.loopback(o, c)
}

// loopback checks that an address on 127.0.0.1 is served in the same pod: by a
// container that says in its arguments that it listens there.
func (l *links) loopback(o *object, c corev1.Container) {
	for _, arg := range c.Args {
		_, at, found := strings.Cut(arg, "://127.0.0.1:")
		if !found {
			continue
		}
		serves := func(x corev1.Container) bool { return slices.Contains(x.Args, "--listen=127.0.0.1:"+at) }
		if !slices.ContainsFunc(o.pod.Spec.Containers, serves) {
			l.fault(o, "container %q connects to 127.0.0.1:%s, where nothing in its pod listens", c.Name, at)
		}
	}
}

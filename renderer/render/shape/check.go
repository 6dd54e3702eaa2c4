package shape

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// checker collects the faults of one object.
type checker struct {
	object *Object
	faults []error
}

func (c *checker) refuse(hint, format string, args ...any) {
	c.faults = append(c.faults, fault.Hintf(hint, "%s: "+format, append([]any{c.object}, args...)...))
}

// all refuses what a rule of Kubernetes' own says of a value.
func (c *checker) all(path, value string, said []string) {
	if len(said) > 0 {
		c.refuse(kubernetes(said[0]), "%s %s is not allowed", path, fault.Clip(value))
	}
}

// list refuses what rules of Kubernetes' own say.
func (c *checker) list(said field.ErrorList) {
	for _, e := range said {
		c.refuse(kubernetes(e.Detail), "%s %s is not allowed", e.Field, fault.Clip(fmt.Sprint(e.BadValue)))
	}
}

// kubernetes makes a hint of what Kubernetes says, less its examples.
func kubernetes(said string) string {
	said, _, _ = strings.Cut(said, " (e.g. ")
	return "Kubernetes says: " + strings.Join(strings.Fields(said), " ")
}

// Check returns why the API server would refuse an object whose fields have
// their types.
func Check(o *Object) []error {
	c := &checker{object: o}
	metadata := field.NewPath("metadata")
	c.list(metavalidation.ValidateLabels(o.Labels, metadata.Child("labels")))
	c.list(apivalidation.ValidateAnnotations(o.Annotations, metadata.Child("annotations")))
	c.name()
	if o.Selector != nil {
		c.selector()
	}
	if o.Pod != nil {
		c.list(metavalidation.ValidateLabels(o.Pod.Labels, field.NewPath("spec", "template", "metadata", "labels")))
		c.list(apivalidation.ValidateAnnotations(o.Pod.Annotations, field.NewPath("spec", "template", "metadata", "annotations")))
		c.pod(o.Pod.Spec)
	}
	c.kind()
	return c.faults
}

// name checks the names that are shorter than an object's.
func (c *checker) name() {
	switch c.object.Typed.(type) {
	case *corev1.Service:
		c.all("metadata.name", c.object.Name, validation.IsDNS1035Label(c.object.Name))
	case *batchv1.CronJob:
		if len(c.object.Name) > 52 {
			c.refuse("shorten it: the names of its Jobs are longer by 11", "metadata.name %q has more than 52 characters", c.object.Name)
		}
	case *batchv1.Job:
		if len(c.object.Name) > 63 {
			c.refuse("shorten it: its pods have it as a label", "metadata.name %q has more than 63 characters", c.object.Name)
		}
	case *appsv1.StatefulSet:
		c.all("metadata.name", c.object.Name, validation.IsDNS1123Label(c.object.Name))
	}
}

// selector checks that a workload selects its own pods.
func (c *checker) selector() {
	selector, err := metav1.LabelSelectorAsSelector(c.object.Selector)
	switch {
	case err != nil:
		c.refuse("mend spec.selector", "spec.selector: %w", err)
	case selector.Empty():
		c.refuse("write spec.selector.matchLabels", "spec.selector is empty")
	case c.object.Pod != nil && !selector.Matches(labels.Set(c.object.Pod.Labels)):
		c.refuse("give the pod template the labels of the selector", "spec.selector %s does not select its own pods", selector)
	}
}

// kind checks the rules of single kinds.
func (c *checker) kind() {
	switch x := c.object.Typed.(type) {
	case *appsv1.Deployment:
		c.replicas(x.Spec.Replicas)
		c.restart(corev1.RestartPolicyAlways)
		c.rollout(x.Spec)
	case *appsv1.StatefulSet:
		c.replicas(x.Spec.Replicas)
		c.restart(corev1.RestartPolicyAlways)
		for _, t := range x.Spec.VolumeClaimTemplates {
			c.claim("spec.volumeClaimTemplates", t.Spec)
		}
	case *appsv1.DaemonSet:
		c.restart(corev1.RestartPolicyAlways)
	case *batchv1.Job:
		c.restart(corev1.RestartPolicyNever, corev1.RestartPolicyOnFailure)
		c.replicas(x.Spec.BackoffLimit)
	case *batchv1.CronJob:
		c.restart(corev1.RestartPolicyNever, corev1.RestartPolicyOnFailure)
		if _, err := cron.ParseStandard(x.Spec.Schedule); err != nil || strings.Contains(x.Spec.Schedule, "TZ=") {
			c.refuse("write five fields, or @daily and the like; spec.timeZone for a time zone", "spec.schedule %s is none", fault.Clip(x.Spec.Schedule))
		}
		if zone := x.Spec.TimeZone; zone != nil {
			if _, err := time.LoadLocation(*zone); err != nil || *zone == "" || *zone == "Local" {
				c.refuse("write a name of the IANA table, such as Asia/Shanghai", "spec.timeZone %s is none", fault.Clip(*zone))
			}
		}
	case *rbacv1.Role:
		c.rules(x.Rules)
	case *rbacv1.ClusterRole:
		c.rules(x.Rules)
	case *corev1.Service:
		c.service(x.Spec)
	case *corev1.ConfigMap:
		c.keys(x.Data, x.BinaryData)
		for _, k := range slices.Sorted(maps.Keys(x.BinaryData)) {
			if _, twice := x.Data[k]; twice {
				c.refuse("remove one of them", "the key %q is in data and in binaryData", k)
			}
		}
	case *corev1.Secret:
		c.keys(x.StringData, x.Data)
	case *corev1.PersistentVolumeClaim:
		c.claim("spec", x.Spec)
	case *networkingv1.Ingress:
		c.ingress(x.Spec)
	case *networkingv1.NetworkPolicy:
		c.policy(x.Spec)
	case *policyv1.PodDisruptionBudget:
		if (x.Spec.MinAvailable == nil) == (x.Spec.MaxUnavailable == nil) {
			c.refuse("write one of them", "spec needs either minAvailable or maxUnavailable")
		}
	case *autoscalingv2.HorizontalPodAutoscaler:
		if least := x.Spec.MinReplicas; x.Spec.MaxReplicas < 1 || least != nil && (*least < 0 || *least > x.Spec.MaxReplicas) {
			c.refuse("write 1 <= minReplicas <= maxReplicas", "spec.maxReplicas %d does not fit", x.Spec.MaxReplicas)
		}
	}
}

// rules checks that each rule allows something.
func (c *checker) rules(all []rbacv1.PolicyRule) {
	for i, r := range all {
		switch {
		case len(r.Verbs) == 0:
			c.refuse("write verbs, such as [get, list, watch]", "rules[%d] has no verbs", i)
		case len(r.NonResourceURLs) == 0 && (len(r.Resources) == 0 || len(r.APIGroups) == 0):
			c.refuse("write apiGroups ([\"\"] for the core) and resources", "rules[%d] has no apiGroups or no resources", i)
		}
	}
}

func (c *checker) replicas(n *int32) {
	if n != nil && *n < 0 {
		c.refuse("use 0 or more", "a number of its spec, %d, is negative", *n)
	}
}

// rollout checks the way in which a Deployment comes to new pods.
func (c *checker) rollout(s appsv1.DeploymentSpec) {
	c.oneOf("spec.strategy.type", string(s.Strategy.Type), "", "RollingUpdate", "Recreate")
	if s.Strategy.Type == appsv1.RecreateDeploymentStrategyType && s.Strategy.RollingUpdate != nil {
		c.refuse("remove one of them", "spec.strategy is Recreate and has rollingUpdate")
	}
	if d := s.ProgressDeadlineSeconds; d != nil && s.MinReadySeconds >= *d {
		c.refuse("make the deadline longer", "spec.minReadySeconds %d is no less than spec.progressDeadlineSeconds %d", s.MinReadySeconds, *d)
	}
	if r := s.Strategy.RollingUpdate; r != nil {
		c.share("spec.strategy.rollingUpdate.maxSurge", r.MaxSurge)
		c.share("spec.strategy.rollingUpdate.maxUnavailable", r.MaxUnavailable)
	}
	if r := s.Strategy.RollingUpdate; r != nil && r.MaxSurge != nil && r.MaxUnavailable != nil && zero(r.MaxSurge) && zero(r.MaxUnavailable) {
		c.refuse("let one of them be more", "spec.strategy.rollingUpdate lets nothing move: maxSurge and maxUnavailable are 0")
	}
}

// share checks a number or a share of some.
func (c *checker) share(path string, v *intstr.IntOrString) {
	switch {
	case v == nil:
	case v.Type == intstr.String:
		c.all(path, v.StrVal, validation.IsValidPercent(v.StrVal))
	case v.IntVal < 0:
		c.refuse("use 0 or more", "%s %d is negative", path, v.IntVal)
	}
}

// zero reports whether a number or share is none.
func zero(v *intstr.IntOrString) bool {
	n, err := intstr.GetScaledValueFromIntOrPercent(v, 100, true)
	return err == nil && n == 0
}

// restart checks the restart policy, which is Always where none is written.
func (c *checker) restart(allowed ...corev1.RestartPolicy) {
	p := c.object.Pod.Spec.RestartPolicy
	if p == "" {
		p = corev1.RestartPolicyAlways
	}
	if !slices.Contains(allowed, p) {
		c.refuse(fmt.Sprintf("write restartPolicy: %s", allowed[0]), "its pods have restartPolicy %s", fault.Clip(string(p)))
	}
	if allowed[0] == corev1.RestartPolicyAlways && c.object.Pod.Spec.ActiveDeadlineSeconds != nil {
		c.refuse("remove it: only Jobs end", "its pods have activeDeadlineSeconds")
	}
}

func (c *checker) service(s corev1.ServiceSpec) {
	c.oneOf("spec.type", string(s.Type), "", "ClusterIP", "NodePort", "LoadBalancer", "ExternalName")
	if s.Type == corev1.ServiceTypeExternalName {
		c.all("spec.externalName", s.ExternalName, validation.IsDNS1123Subdomain(strings.TrimSuffix(s.ExternalName, ".")))
		return
	}
	if len(s.Ports) == 0 && s.ClusterIP != corev1.ClusterIPNone {
		c.refuse("write spec.ports", "it has no ports")
	}
	names, ports := map[string]bool{}, map[string]bool{}
	for i, p := range s.Ports {
		path := fmt.Sprintf("spec.ports[%d]", i)
		c.port(path+".port", p.Port)
		if p.TargetPort.StrVal == "" && p.TargetPort.IntVal != 0 {
			c.port(path+".targetPort", p.TargetPort.IntVal)
		}
		if p.NodePort != 0 && (p.NodePort < 30000 || p.NodePort > 32767) {
			c.refuse("remove it, and Kubernetes finds one", "%s.nodePort %d is not in the range of clusters, 30000 to 32767", path, p.NodePort)
		}
		c.oneOf(path+".protocol", string(p.Protocol), "", "TCP", "UDP", "SCTP")
		switch {
		case len(s.Ports) > 1 && p.Name == "":
			c.refuse("name each port of several", "%s has no name", path)
		case names[p.Name]:
			c.refuse("give it another name", "%s: the name %q is there twice", path, p.Name)
		case p.Name != "":
			c.all(path+".name", p.Name, validation.IsDNS1123Label(p.Name))
		}
		key := fmt.Sprintf("%d %s", p.Port, cmp.Or(p.Protocol, corev1.ProtocolTCP))
		if ports[key] {
			c.refuse("use another port", "%s: port %d is there twice", path, p.Port)
		}
		names[p.Name], ports[key] = true, true
	}
}

func (c *checker) port(path string, n int32) {
	if n < 1 || n > 65535 {
		c.refuse("use 1 to 65535", "%s %d is no port", path, n)
	}
}

func (c *checker) oneOf(path, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		c.refuse("use one of "+strings.TrimPrefix(strings.Join(allowed, ", "), ", "), "%s %s is not known", path, fault.Clip(value))
	}
}

// keys checks the keys of a ConfigMap or Secret.
func (c *checker) keys(text map[string]string, data map[string][]byte) {
	names := make([]string, 0, len(text)+len(data))
	for k := range text {
		names = append(names, k)
	}
	for k := range data {
		names = append(names, k)
	}
	slices.Sort(names)
	for _, k := range names {
		c.all("the key", k, validation.IsConfigMapKey(k))
	}
}

func (c *checker) claim(path string, s corev1.PersistentVolumeClaimSpec) {
	if len(s.AccessModes) == 0 {
		c.refuse("write accessModes: [ReadWriteOnce]", "%s has no accessModes", path)
	}
	for _, m := range s.AccessModes {
		c.oneOf(path+".accessModes", string(m), "ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")
	}
	if s.Resources.Requests.Storage().Sign() <= 0 {
		c.refuse("write resources.requests.storage", "%s asks for no storage", path)
	}
	if s.StorageClassName != nil && *s.StorageClassName != "" {
		c.all(path+".storageClassName", *s.StorageClassName, validation.IsDNS1123Subdomain(*s.StorageClassName))
	}
}

func (c *checker) ingress(s networkingv1.IngressSpec) {
	for i, r := range s.Rules {
		host := strings.TrimPrefix(r.Host, "*.")
		if host != "" {
			c.all(fmt.Sprintf("spec.rules[%d].host", i), r.Host, validation.IsDNS1123Subdomain(host))
		}
		if r.HTTP == nil {
			continue
		}
		for j, p := range r.HTTP.Paths {
			path := fmt.Sprintf("spec.rules[%d].http.paths[%d]", i, j)
			if p.PathType == nil {
				c.refuse("write pathType: Prefix", "%s has no pathType", path)
				continue
			}
			c.oneOf(path+".pathType", string(*p.PathType), "Exact", "Prefix", "ImplementationSpecific")
			if !strings.HasPrefix(p.Path, "/") && !(p.Path == "" && *p.PathType == networkingv1.PathTypeImplementationSpecific) {
				c.refuse("begin it with /", "%s.path %s is no absolute path", path, fault.Clip(p.Path))
			}
		}
	}
}

package shape

import (
	"cmp"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/json"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/quantity"
)

// Object is an object in the type that the API server decodes it into.
type Object struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	// Typed is of k8s.io/api; nil for a custom kind.
	Typed any
	// Pod is the pod template of what runs pods, custom kinds too; nil for others.
	Pod *corev1.PodTemplateSpec
	// Selector is what a workload knows its pods by; nil where the API server makes it.
	Selector *metav1.LabelSelector
	// Bytes is the size of the object in JSON.
	Bytes int

	makes []string    // Kind/name of what the controllers of custom kinds make of it
	asks  []reference // what the controllers of custom kinds look for
}

// String returns the object as errors name it.
func (o *Object) String() string { return fmt.Sprintf("%s %q", o.Kind, o.Name) }

// groups are the API groups that k8s.io/api has: a kind of them that it does
// not know is a mistake, any other group is a custom one.
var groups = sync.OnceValue(func() map[string]bool {
	known := map[string]bool{}
	for _, v := range scheme.Scheme.PrioritizedVersionsAllGroups() {
		known[v.Group] = true
	}
	return known
})

// Decode reads an object's JSON. It refuses fields that its type does not have
// and values that do not fit.
func Decode(text []byte) (*Object, error) {
	o := &Object{Bytes: len(text)}
	if err := json.UnmarshalCaseSensitivePreserveInts(text, o); err != nil {
		return nil, unfit(err)
	}
	kind := schema.FromAPIVersionAndKind(o.APIVersion, o.Kind)
	if stable := served(kind); stable != "" {
		return nil, fault.Hintf("write apiVersion: "+stable, "%s: Kubernetes no longer serves %s", o, o.APIVersion)
	}
	typed, err := scheme.Scheme.New(kind)
	switch {
	case err == nil:
		o.Typed = typed
	case groups()[kind.Group]:
		return nil, fault.Hintf("mend apiVersion or kind; Kubernetes may have dropped the version", "%s: there is no %s in %s", o, o.Kind, o.APIVersion)
	default:
		return o, o.custom(text)
	}
	unknown, err := json.UnmarshalStrict(text, o.Typed)
	if quantity.IsMisread(err) {
		return nil, fmt.Errorf("%s: %w", o, amiss(text))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o, unfit(err))
	}
	if len(unknown) > 0 {
		return nil, fmt.Errorf("%s: %w", o, unfit(errors.Join(unknown...)))
	}
	o.workload()
	return o, nil
}

// served returns the version in which Kubernetes serves a kind of its own, if
// the given one is a preview of it, which it has dropped or will drop.
func served(kind schema.GroupVersionKind) string {
	preview := strings.Contains(kind.Version, "alpha") || strings.Contains(kind.Version, "beta")
	if !preview || !groups()[kind.Group] {
		return ""
	}
	if kind.Group == "extensions" {
		return "of the group that has the kind now, apps/v1 or networking.k8s.io/v1"
	}
	for _, v := range scheme.Scheme.PrioritizedVersionsForGroup(kind.Group) {
		if !strings.Contains(v.Version, "alpha") && !strings.Contains(v.Version, "beta") && scheme.Scheme.Recognizes(v.WithKind(kind.Kind)) {
			return v.String()
		}
	}
	return ""
}

// misplaced matches what the decoder says of a value of another type.
var misplaced = regexp.MustCompile(`cannot unmarshal (\w+) into Go struct field [^.\s]*\.(\S+) of type \S*?(\w+)$`)

// unfit says in one line what the decoder said.
func unfit(err error) error {
	text := strings.ReplaceAll(err.Error(), "json: ", "")
	text = strings.Join(strings.Fields(text), " ")
	if m := misplaced.FindStringSubmatch(text); m != nil {
		text = fmt.Sprintf("field %q is a %s and takes a %s", m[2], m[1], m[3])
	}
	return fault.Hintf("see kubectl explain for the fields of the kind and their types", "%s", text)
}

// amounts are fields that hold amounts by their names, and fields that hold one.
var amounts = map[string]bool{
	"requests": true, "limits": true, "hard": true, "capacity": true, "default": true, "defaultRequest": true, "min": true, "max": true,
	"sizeLimit": true, "divisor": true,
}

// amiss names an amount of an object that is none, which the decoder does not.
func amiss(text []byte) error {
	const hint = "write it like 500m, 2 or 10Gi"
	var o any
	if err := stdjson.Unmarshal(text, &o); err == nil {
		if at, value := misread("", o, false); at != "" {
			return fault.Hintf(hint, "field %q: %s is no amount", at, fault.Clip(value))
		}
	}
	return fault.Hintf(hint, "an amount is none")
}

// misread returns where the first text stands, by the order of names, that is
// no amount and stands where one does.
func misread(at string, v any, amount bool) (where, value string) {
	switch v := v.(type) {
	case string:
		if amount && !quantity.Is(v) {
			return at, v
		}
	case []any:
		for i, item := range v {
			if where, value = misread(fmt.Sprintf("%s[%d]", at, i), item, false); where != "" {
				return where, value
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if where, value = misread(strings.TrimPrefix(at+"."+name, "."), v[name], amount || amounts[name]); where != "" {
				return where, value
			}
		}
	}
	return "", ""
}

// custom reads the pods of a custom kind that has a pod template where
// workloads have it.
func (o *Object) custom(text []byte) error {
	o.makes, o.asks = made(text, o), asked(text, o)
	var w struct {
		Spec struct {
			Selector *metav1.LabelSelector `json:"selector"`
			Template stdjson.RawMessage    `json:"template"`
		} `json:"spec"`
	}
	if err := json.UnmarshalCaseSensitivePreserveInts(text, &w); err != nil {
		return nil //nolint:nilerr // spec has another form
	}
	var probe struct {
		Spec struct {
			Containers []map[string]any `json:"containers"`
		} `json:"spec"`
	}
	if err := json.UnmarshalCaseSensitivePreserveInts(w.Spec.Template, &probe); err != nil || len(probe.Spec.Containers) == 0 {
		return nil //nolint:nilerr // no pods
	}
	o.Pod, o.Selector = &corev1.PodTemplateSpec{}, w.Spec.Selector
	unknown, err := json.UnmarshalStrict(w.Spec.Template, o.Pod)
	if err := errors.Join(append(unknown, err)...); err != nil {
		return fmt.Errorf("%s: spec.template: %w", o, unfit(err))
	}
	return nil
}

// made returns what well-known controllers make of custom objects.
func made(text []byte, o *Object) []string {
	var s struct {
		Spec struct {
			SecretName string `json:"secretName"`
			Target     struct {
				Name string `json:"name"`
			} `json:"target"`
		} `json:"spec"`
	}
	_ = json.UnmarshalCaseSensitivePreserveInts(text, &s) // another form makes nothing
	group, _, _ := strings.Cut(o.APIVersion, "/")
	switch group + "/" + o.Kind {
	case "cert-manager.io/Certificate":
		return []string{"Secret/" + s.Spec.SecretName}
	case "bitnami.com/SealedSecret":
		return []string{"Secret/" + o.Name}
	case "external-secrets.io/ExternalSecret":
		return []string{"Secret/" + cmp.Or(s.Spec.Target.Name, o.Name)}
	}
	return nil
}

// workload fills in pods and selector.
func (o *Object) workload() {
	switch w := o.Typed.(type) {
	case *appsv1.Deployment:
		o.Pod, o.Selector = &w.Spec.Template, orNone(w.Spec.Selector)
	case *appsv1.StatefulSet:
		o.Pod, o.Selector = &w.Spec.Template, orNone(w.Spec.Selector)
	case *appsv1.DaemonSet:
		o.Pod, o.Selector = &w.Spec.Template, orNone(w.Spec.Selector)
	case *batchv1.Job:
		o.Pod, o.Selector = &w.Spec.Template, w.Spec.Selector
	case *batchv1.CronJob:
		o.Pod = &w.Spec.JobTemplate.Spec.Template
	}
}

// orNone makes a selector that must be there and is not one that selects nothing.
func orNone(s *metav1.LabelSelector) *metav1.LabelSelector {
	if s == nil {
		return &metav1.LabelSelector{}
	}
	return s
}

// containers returns all containers of a pod.
func containers(pod corev1.PodSpec) []corev1.Container {
	return append(append([]corev1.Container{}, pod.InitContainers...), pod.Containers...)
}

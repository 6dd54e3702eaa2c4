package base_test

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// object is one rendered object, decoded into the type that the API server
// would decode it into.
type object struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	typed any
	wave  int
	// pod is the pod template of a workload.
	pod *corev1.PodTemplateSpec
}

func (o *object) String() string { return o.Kind + "/" + o.Name }

func (o *object) component() string { return o.Labels[manifest.LabelComponent] }

// kinds are the types that content may use; each call returns fresh ones.
func kinds() map[string]any {
	return map[string]any{
		"apps/v1 Deployment":                       &appsv1.Deployment{},
		"apps/v1 StatefulSet":                      &appsv1.StatefulSet{},
		"batch/v1 CronJob":                         &batchv1.CronJob{},
		"batch/v1 Job":                             &batchv1.Job{},
		"v1 ConfigMap":                             &corev1.ConfigMap{},
		"v1 PersistentVolumeClaim":                 &corev1.PersistentVolumeClaim{},
		"v1 Service":                               &corev1.Service{},
		"v1 ServiceAccount":                        &corev1.ServiceAccount{},
		"networking.k8s.io/v1 NetworkPolicy":       &networkingv1.NetworkPolicy{},
		"policy/v1 PodDisruptionBudget":            &policyv1.PodDisruptionBudget{},
		"rbac.authorization.k8s.io/v1 Role":        &rbacv1.Role{},
		"rbac.authorization.k8s.io/v1 RoleBinding": &rbacv1.RoleBinding{},
		"apisix.apache.org/v2 ApisixRoute":         &apisixRoute{},
		"apisix.apache.org/v2 ApisixTls":           &apisixTLS{},
		"apisix.apache.org/v2 ApisixUpstream":      &apisixUpstream{},
	}
}

// The APISIX types hold the fields of the v2 custom resources that the content
// uses; strict decoding refuses any other.
type (
	apisixRoute struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              struct {
			IngressClassName string         `json:"ingressClassName"`
			HTTP             []apisixHTTP   `json:"http"`
			Stream           []apisixStream `json:"stream"`
		} `json:"spec"`
	}
	apisixHTTP struct {
		Name     string `json:"name"`
		Priority int    `json:"priority"`
		Match    struct {
			Hosts   []string `json:"hosts"`
			Methods []string `json:"methods"`
			Paths   []string `json:"paths"`
		} `json:"match"`
		Backends  []apisixBackend `json:"backends"`
		Websocket bool            `json:"websocket"`
		Timeout   *apisixTimeout  `json:"timeout"`
		Plugins   []struct {
			Name   string         `json:"name"`
			Enable bool           `json:"enable"`
			Config map[string]any `json:"config"`
		} `json:"plugins"`
	}
	apisixStream struct {
		Name     string `json:"name"`
		Protocol string `json:"protocol"`
		Match    struct {
			IngressPort int    `json:"ingressPort"`
			Host        string `json:"host"`
		} `json:"match"`
		Backend apisixBackend `json:"backend"`
	}
	apisixBackend struct {
		ServiceName        string `json:"serviceName"`
		ServicePort        int32  `json:"servicePort"`
		ResolveGranularity string `json:"resolveGranularity"`
	}
	apisixTimeout struct {
		Connect string `json:"connect"`
		Send    string `json:"send"`
		Read    string `json:"read"`
	}
	apisixSecret struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
	}
	apisixTLS struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              struct {
			IngressClassName string       `json:"ingressClassName"`
			Hosts            []string     `json:"hosts"`
			Secret           apisixSecret `json:"secret"`
			Client           *struct {
				CASecret apisixSecret `json:"caSecret"`
				Depth    int          `json:"depth"`
				Skip     []string     `json:"skip_mtls_uri_regex"`
			} `json:"client"`
		} `json:"spec"`
	}
	apisixUpstream struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              struct {
			IngressClassName  string         `json:"ingressClassName"`
			Retries           *int           `json:"retries"`
			Timeout           *apisixTimeout `json:"timeout"`
			PortLevelSettings []struct {
				Port         int32  `json:"port"`
				Scheme       string `json:"scheme"`
				LoadBalancer struct {
					Type   string `json:"type"`
					HashOn string `json:"hashOn"`
					Key    string `json:"key"`
				} `json:"loadbalancer"`
			} `json:"portLevelSettings"`
		} `json:"spec"`
	}
)

// decodeStream decodes the output of a build. Whatever the API server's types
// do not know is an error.
func decodeStream(t *testing.T, stream []byte) []*object {
	t.Helper()
	var objects []*object
	for doc := range bytes.SplitSeq(stream, []byte("\n---\n")) {
		o, err := decodeObject(doc)
		if err != nil {
			t.Errorf("decoding object: %v\n%s", err, doc)
			continue
		}
		objects = append(objects, o)
	}
	return objects
}

func decodeObject(doc []byte) (*object, error) {
	data, err := yaml.YAMLToJSONStrict(doc)
	if err != nil {
		return nil, err
	}
	o := &object{}
	if err := json.UnmarshalCaseSensitivePreserveInts(data, o); err != nil {
		return nil, err
	}
	o.typed = kinds()[o.APIVersion+" "+o.Kind]
	if o.typed == nil {
		return nil, fmt.Errorf("unknown kind %s %s", o.APIVersion, o.Kind)
	}
	unknown, err := json.UnmarshalStrict(data, o.typed)
	if err := errors.Join(append(unknown, err)...); err != nil {
		return nil, fmt.Errorf("%s: %w", o, err)
	}
	if w := o.Annotations[manifest.AnnotationWave]; w != "" {
		if o.wave, err = strconv.Atoi(w); err != nil {
			return nil, fmt.Errorf("%s: sync wave: %w", o, err)
		}
	}
	o.pod = podOf(o.typed)
	return o, nil
}

func podOf(typed any) *corev1.PodTemplateSpec {
	switch w := typed.(type) {
	case *appsv1.Deployment:
		return &w.Spec.Template
	case *appsv1.StatefulSet:
		return &w.Spec.Template
	case *batchv1.Job:
		return &w.Spec.Template
	case *batchv1.CronJob:
		return &w.Spec.JobTemplate.Spec.Template
	}
	return nil
}

// provided returns the secrets that a Job makes while it runs.
func (o *object) provided() []string {
	var names []string
	for ref := range strings.SplitSeq(o.Annotations["gatorcloud.io/provides"], ",") {
		if name, ok := strings.CutPrefix(ref, "Secret/"); ok {
			names = append(names, name)
		}
	}
	return names
}

package shape

import (
	"cmp"
	"fmt"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/json"
)

// reference is what a custom object names in its namespace.
type reference struct {
	kind, name, by string
	port           *intstr.IntOrString // of a Service; nil where none is named
}

// asked returns what well-known controllers look for, by name, for a custom
// object: a route to a Service that is misspelt answers 503 and is Healthy.
func asked(text []byte, o *Object) []reference {
	switch o.GroupVersionKind().GroupKind().String() {
	case "ApisixRoute.apisix.apache.org":
		return route(text)
	case "ScaledObject.keda.sh":
		var s struct {
			Spec struct {
				Target struct {
					Kind string `json:"kind"`
					Name string `json:"name"`
				} `json:"scaleTargetRef"`
			} `json:"spec"`
		}
		_ = json.UnmarshalCaseSensitivePreserveInts(text, &s) // its schema tells another form
		return []reference{{kind: cmp.Or(s.Spec.Target.Kind, "Deployment"), name: s.Spec.Target.Name, by: "scaleTargetRef"}}
	}
	return nil
}

// backend is where a route sends to.
type backend struct {
	ServiceName string             `json:"serviceName"`
	ServicePort intstr.IntOrString `json:"servicePort"`
}

// route returns what an ApisixRoute sends to.
func route(text []byte) []reference {
	var r struct {
		Spec struct {
			HTTP []struct {
				Name      string    `json:"name"`
				Backends  []backend `json:"backends"`
				Upstreams []struct {
					Name string `json:"name"`
				} `json:"upstreams"`
				Config string `json:"plugin_config_name"`
				Of     string `json:"plugin_config_namespace"`
			} `json:"http"`
			Stream []struct {
				Name    string  `json:"name"`
				Backend backend `json:"backend"`
			} `json:"stream"`
		} `json:"spec"`
	}
	_ = json.UnmarshalCaseSensitivePreserveInts(text, &r) // its schema tells another form
	var out []reference
	service := func(rule string, b backend) {
		out = append(out, reference{"Service", b.ServiceName, fmt.Sprintf("a backend of %q", rule), &b.ServicePort})
	}
	for _, h := range r.Spec.HTTP {
		for _, b := range h.Backends {
			service(h.Name, b)
		}
		for _, u := range h.Upstreams {
			out = append(out, reference{kind: "ApisixUpstream", name: u.Name, by: fmt.Sprintf("an upstream of %q", h.Name)})
		}
		if h.Config != "" && h.Of == "" {
			out = append(out, reference{kind: "ApisixPluginConfig", name: h.Config, by: fmt.Sprintf("plugin_config_name of %q", h.Name)})
		}
	}
	for _, s := range r.Spec.Stream {
		service(s.Name, s.Backend)
	}
	return out
}

// asked refuses what is not there.
func (l *links) asked(o *Object, r reference) {
	target := l.needs(o, r.kind, r.name, r.by)
	if r.port != nil {
		l.port(o, target, networkingv1.ServiceBackendPort{Name: r.port.StrVal, Number: r.port.IntVal})
	}
}

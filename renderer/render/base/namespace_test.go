package base

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// namespaced is a template that uses the namespace wherever charts do.
const namespaced = `apiVersion: v1
kind: ConfigMap
metadata: {name: demo-peers, namespace: {{ .Release.Namespace }}}
data:
  whole: {{ .Release.Namespace }}
  host: "demo-0.demo.{{ .Release.Namespace }}.svc.cluster.local"
  two: "a.{{ .Release.Namespace }}.svc,b.{{ .Release.Namespace }}.svc"
  same: {{ eq .Release.Namespace "default" | quote }}
  flag: --namespace={{ .Release.Namespace }}
  dashes: {{ .Release.Namespace }}-{{ .Release.Namespace }}-x
  dotted.key: {{ .Release.Namespace }}
  file: |
    # for {{ .Release.Namespace | quote }}
    host a.{{ .Release.Namespace }}.svc
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: demo, namespace: {{ .Release.Namespace }}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: demo}
subjects: [{kind: ServiceAccount, name: made-elsewhere, namespace: {{ .Release.Namespace }}}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: demo, annotations: {example.com/of: {{ .Release.Namespace }}}}
spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: {{ .Release.Namespace }}}}}]}]}
`

// A chart's namespace is the tenant's, in every state and whatever its form.
func TestNamespaceReachesObjects(t *testing.T) {
	b := build(t, map[string]string{extraFile: namespaced})
	for _, ns := range []string{"t", "1000", "tenant-1000006", "a-" + strings.Repeat("b-", 30) + "c"} {
		for _, active := range []string{"active", "suspended"} {
			got := state(t, b, active, map[string]string{"namespace": ns})
			data := at(got["ConfigMap/demo-peers"].fields, "data")
			for key, want := range map[string]string{
				"whole": ns, "host": "demo-0.demo." + ns + ".svc.cluster.local", "two": "a." + ns + ".svc,b." + ns + ".svc", "same": "false",
				"flag": "--namespace=" + ns, "dashes": ns + "-" + ns + "-x", "dotted.key": ns, "file": "# for \"" + ns + "\"\nhost a." + ns + ".svc\n",
			} {
				if data[key] != want {
					t.Errorf("%s, %s: data %q = %v, want %q", ns, active, key, data[key], want)
				}
			}
			subjects, _ := got["RoleBinding/demo"].fields["subjects"].([]any)
			if len(subjects) != 1 || subjects[0].(map[string]any)["namespace"] != ns {
				t.Errorf("%s, %s: subjects = %v", ns, active, subjects)
			}
			policy := got["NetworkPolicy/demo"].fields
			if of := at(policy, "metadata", "annotations")["example.com/of"]; of != ns {
				t.Errorf("%s, %s: annotation = %v", ns, active, of)
			}
			rule := at(policy, "spec")["ingress"].([]any)[0].(map[string]any)["from"].([]any)[0].(map[string]any)
			if name := at(rule, "namespaceSelector", "matchLabels")["kubernetes.io/metadata.name"]; name != ns {
				t.Errorf("%s, %s: selector = %v", ns, active, name)
			}
		}
	}
}

// A version's own replacement of a field has the last word.
func TestOwnReplacementFollowsTheNamespace(t *testing.T) {
	b := build(t, map[string]string{
		extraFile: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: demo-peers}\ndata: {host: 'a.{{ .Release.Namespace }}.svc'}\n",
		replaceFile: text(t, replaceFile) + "- source: {kind: ConfigMap, name: parameters, fieldPath: data.greeting}\n" +
			"  targets:\n  - select: {kind: ConfigMap, name: demo-peers}\n    fieldPaths: [data.host]\n    options: {delimiter: ., index: 0}\n",
	})
	got := state(t, b, "active", map[string]string{"namespace": "ns", "greeting": "hello"})
	if host := at(got["ConfigMap/demo-peers"].fields, "data")["host"]; host != "hello.ns.svc" {
		t.Errorf("host = %v, want hello.ns.svc", host)
	}
}

// The API versions and the Kubernetes of a component are those that its chart finds.
func TestComponentCapabilities(t *testing.T) {
	extra := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: demo-extra}\ndata: {a: '{{ .Capabilities.APIVersions.Has \"monitoring.coreos.com/v1\" }}{{ .Capabilities.APIVersions.Has \"policy/v1beta1\" }}{{ .Capabilities.KubeVersion }}'}\n"
	for product, want := range map[string]string{
		text(t, "product.yaml"): "falsefalsev1.31.0",
		strings.Replace(text(t, "product.yaml"), "source: helm\n", "source: helm\n  apiVersions: [monitoring.coreos.com/v1]\n", 1): "truefalsev1.31.0",
		strings.Replace(text(t, "product.yaml"), "source: helm\n", "source: helm\n  kubeVersion: v1.34.2\n", 1):                    "falsefalsev1.34.2",
	} {
		got := state(t, build(t, map[string]string{"product.yaml": product, extraFile: extra}), "active", nil)
		if a := at(got["ConfigMap/demo-extra"].fields, "data")["a"]; a != want {
			t.Errorf("capabilities = %v, want %s", a, want)
		}
	}
}

// Whatever the text, the replacements give the tenant's namespace in the
// mark's place, or there is an error.
func TestReplacementsOfAnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOfN(rapid.SampledFrom([]string{namespaceMark, namespaceMark, ".", "-", "/", "a", " ", "\n", "ä", "·", "="}), 1, 9).Draw(t, "pieces")
		text := strings.Join(pieces, "")
		f := finder{object: object{kind: "ConfigMap", name: "x"}}
		f.find(nil, map[string]any{"data": map[string]any{"a": text}})
		got := text
		for _, r := range f.found {
			o := r.Targets[0].Options
			if o == nil {
				got = "tenant-1-x"
				continue
			}
			parts := strings.Split(got, o.Delimiter)
			parts[o.Index] = "tenant-1-x"
			got = strings.Join(parts, o.Delimiter)
		}
		if want := strings.ReplaceAll(text, namespaceMark, "tenant-1-x"); len(f.faults) == 0 && got != want {
			t.Errorf("replacements of %q give %q, want %q", text, got, want)
		}
		if between := slices.Equal(pieces, []string{".", namespaceMark, "."}); between && len(f.faults) > 0 {
			t.Errorf("%q is refused: %v", text, f.faults)
		}
	})
}

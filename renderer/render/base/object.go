package base

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/strict"
)

// maxManifestBytes bounds the manifests of one component.
const maxManifestBytes = 4 << 20

// object is a Kubernetes object: its identity and its fields. Integers are int64.
type object struct {
	group, version, kind, name string
	fields                     map[string]any
	workload                   *manifest.Workload // what is known of the kind, nil for nothing
}

// String returns the object as errors name it.
func (o object) String() string { return o.kind + " " + fmt.Sprintf("%q", o.name) }

// identity is what two objects in one namespace may not both have.
type identity struct{ group, kind, name string }

func (o object) identity() identity { return identity{o.group, o.kind, o.name} }

// parseObjects splits manifests into objects as kubectl and Argo CD do: at
// lines that begin with "---". Empty documents are left out.
func parseObjects(manifests []byte) ([]object, error) {
	if err := strict.Check(manifests, maxManifestBytes); err != nil {
		return nil, err
	}
	var out []object
	for _, doc := range documents(manifests) {
		var fields map[string]any
		if blank(doc) {
			continue
		}
		if err := strict.YAML(doc, maxManifestBytes, &fields); err != nil {
			return nil, err
		}
		if len(fields) == 0 {
			continue
		}
		o, err := newObject(fields)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

// documents splits a text before lines that are "---", with or without more behind.
func documents(text []byte) [][]byte {
	var out [][]byte
	start := 0
	for at := 0; at < len(text); {
		end := len(text)
		if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		if bytes.HasPrefix(text[at:end], []byte("---")) {
			out = append(out, text[start:at])
			start = end
		}
		at = end
	}
	return append(out, text[start:])
}

// blank reports whether doc has nothing but comments.
func blank(doc []byte) bool {
	for line := range bytes.Lines(doc) {
		if t := bytes.TrimSpace(line); len(t) > 0 && t[0] != '#' {
			return false
		}
	}
	return true
}

func newObject(fields map[string]any) (object, error) {
	o := object{fields: fields}
	apiVersion, _ := fields["apiVersion"].(string)
	o.kind, _ = fields["kind"].(string)
	if group, version, ok := strings.Cut(apiVersion, "/"); ok {
		o.group, o.version = group, version
	} else {
		o.version = apiVersion
	}
	if apiVersion == "" || o.kind == "" {
		return o, fault.Hintf("write apiVersion and kind", "manifest has apiVersion %q and kind %q", apiVersion, o.kind)
	}
	if _, has := fields["items"]; has { // of whatever kind: Argo CD takes it for a list
		return o, fault.Hintf("write the objects as documents of their own", "manifest is a %s with items", o.kind)
	}
	metadata, _ := fields["metadata"].(map[string]any)
	o.name, _ = metadata["name"].(string)
	if !objectName(o.name) {
		return o, fault.Hintf("write metadata.name of a-z, 0-9, '-' and '.'", "%s: name %q is no object name", o.kind, o.name)
	}
	o.workload = workloadOf(manifest.Workloads(), o)
	delete(fields, "status")
	delete(metadata, "creationTimestamp")
	return o, nil
}

// objectName reports whether s is a DNS-1123 subdomain.
func objectName(s string) bool {
	edge := func(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }
	if s == "" || len(s) > 253 || !edge(s[0]) || !edge(s[len(s)-1]) {
		return false
	}
	for i := range len(s) {
		if !edge(s[i]) && s[i] != '-' && s[i] != '.' {
			return false
		}
	}
	return true
}

// kindOrder is the order in which Argo CD applies the objects of one wave.
func kindOrder() []string {
	return []string{
		"Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodDisruptionBudget", "ServiceAccount", "Secret",
		"ConfigMap", "StorageClass", "PersistentVolume", "PersistentVolumeClaim", "CustomResourceDefinition",
		"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "Service", "DaemonSet", "Deployment",
		"HorizontalPodAutoscaler", "StatefulSet", "Job", "CronJob", "IngressClass", "Ingress", "APIService",
	}
}

// sortObjects orders objects as Argo CD applies them, then by identity.
func sortObjects(objects []object) {
	order := kindOrder()
	rank := func(o object) int {
		if i := slices.Index(order, o.kind); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortFunc(objects, func(a, b object) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a.kind, b.kind),
			strings.Compare(a.name, b.name), strings.Compare(a.group, b.group))
	})
}

// encode writes objects as a YAML stream.
func encode(objects []object) ([]byte, error) {
	var b bytes.Buffer
	for i, o := range objects {
		if i > 0 {
			b.WriteString("---\n")
		}
		doc, err := yaml.Marshal(o.fields)
		if err != nil {
			return nil, fmt.Errorf("writing %s: %w", o, err)
		}
		b.Write(doc)
	}
	return b.Bytes(), nil
}

// at returns the mapping at path below m, and nil when there is none.
func at(m map[string]any, path ...string) map[string]any {
	for _, p := range path {
		m, _ = m[p].(map[string]any)
	}
	return m
}

// ensure returns the mapping at path below m and makes what is missing.
func ensure(m map[string]any, path ...string) map[string]any {
	for _, p := range path {
		next, ok := m[p].(map[string]any)
		if !ok {
			next = map[string]any{}
			m[p] = next
		}
		m = next
	}
	return m
}

// podTemplate returns the pod template of a workload, nil for other kinds.
func (o object) podTemplate() map[string]any {
	if o.workload == nil || len(o.workload.Template) == 0 {
		return nil
	}
	return at(o.fields, o.workload.Template...)
}

// is reports whether o is of a kind of a group.
func (o object) is(group, kind string) bool { return o.group == group && o.kind == kind }

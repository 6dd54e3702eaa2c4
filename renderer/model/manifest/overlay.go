package manifest

import (
	"bytes"
	"maps"
	"strings"
)

// Header is the first line of every rendered file that is read by people.
const Header = "# Rendered by sluice. Change the catalog, the fleet or the authorisation instead."

// KustomizationSpec is what differs between the kustomizations of overlays.
type KustomizationSpec struct {
	Namespace string
	// Tenant is the value of the tenant label; empty for environment-shared components.
	Tenant string
	// State is the folder of base/ that is built: active, autoscaled, suspended or retained.
	State string
}

// Kustomization returns the kustomization.yaml of an overlay.
func Kustomization(s KustomizationSpec) []byte {
	w := writer{make([]byte, 0, 512)}
	w.line(0, Header)
	w.line(0, "apiVersion: kustomize.config.k8s.io/v1beta1")
	w.line(0, "kind: Kustomization")
	w.str(0, "namespace", s.Namespace)
	if s.Tenant != "" {
		w.line(0, "labels:")
		w.line(0, "- pairs:")
		w.str(4, LabelTenant, s.Tenant)
		w.line(2, "includeTemplates: true")
	}
	w.line(0, "resources:")
	w.line(0, "- base/", s.State)
	w.line(0, "- parameters.yaml")
	w.line(0, "replacements:")
	w.line(0, "- path: base/replacements.yaml")
	return w.buf
}

// Parameters returns the parameters.yaml of an overlay: the ConfigMap that the
// replacements of its base read and that never reaches a cluster.
func Parameters(data map[string]string) []byte {
	w := writer{make([]byte, 0, 1024)}
	w.line(0, Header)
	w.line(0, "apiVersion: v1")
	w.line(0, "kind: ConfigMap")
	w.line(0, "metadata:")
	w.line(2, "name: parameters")
	w.line(2, "annotations:")
	w.line(4, AnnotationLocal, `: "true"`)
	w.strs(0, "data", data)
	return w.buf
}

// ReadParameters takes the names, sorted, and the values out of what Parameters
// wrote; any other file is not ok.
func ReadParameters(file []byte) (keys, values []string, ok bool) {
	keys, values = TakeParameters(file)
	data := make(map[string]string, len(keys))
	for i, k := range keys {
		data[k] = values[i]
	}
	return keys, values, keys != nil && bytes.Equal(file, Parameters(data))
}

// TakeParameters takes names and values out of a file that looks like what
// Parameters wrote; nothing of another.
func TakeParameters(file []byte) (keys, values []string) {
	const most = 24 // as a rule
	_, rest, ok := strings.Cut(string(file), "\ndata:\n")
	keys, values = make([]string, 0, most), make([]string, 0, most)
	for ok && rest != "" {
		var line, key, quoted string
		if line, rest, ok = strings.Cut(rest, "\n"); !ok {
			return nil, nil
		}
		if key, quoted, ok = strings.Cut(strings.TrimPrefix(line, "  "), ": "); !ok || !IsParameterName(key) {
			return nil, nil
		}
		v, ok := Unquote(quoted)
		if !ok {
			return nil, nil
		}
		keys, values = append(keys, key), append(values, v)
	}
	return keys, values
}

// IsParameterName reports whether k has the form of a parameter's name.
func IsParameterName(k string) bool {
	for i := range len(k) {
		c := k[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return k != ""
}

// Builtins are what a product's version gets to know of its place, as parameters.
type Builtins struct {
	Domain, Environment, Namespace, PopCode, PopID string
	Product, Version                               string
	TenantID, TenantName, TenantCode               string
	Replicas, Storage, StorageClass                string
	// MaxReplicas is empty for a version that does not scale itself.
	MaxReplicas string
}

// Data returns the parameters of an overlay: the built-in ones and those of
// the product, which may not have the same names.
func (s Builtins) Data(product map[string]string) map[string]string {
	data := map[string]string{
		"domain": s.Domain, "environment": s.Environment, "namespace": s.Namespace,
		"popCode": s.PopCode, "popId": s.PopID,
		"product": s.Product, "version": s.Version,
		"tenantId": s.TenantID, "tenantName": s.TenantName, "tenantCode": s.TenantCode,
		"replicas": s.Replicas, "storage": s.Storage, "storageClass": s.StorageClass,
	}
	if s.MaxReplicas != "" {
		data["maxReplicas"] = s.MaxReplicas
	}
	maps.Copy(data, product)
	return data
}

package kube

import (
	"fmt"
	"regexp"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// Object is any Kubernetes object as it stands in JSON; whole numbers are int64.
type Object map[string]any

// Ref names an object, or with an empty Name all of its kind, or with an empty Namespace too those of the cluster.
type Ref struct {
	APIVersion, Kind, Namespace, Name string
}

// String is the form that errors use: kind namespace/name.
func (r Ref) String() string {
	if r.Namespace == "" {
		return r.Kind + " " + r.Name
	}
	return r.Kind + " " + r.Namespace + "/" + r.Name
}

// Ref returns the name of o.
func (o Object) Ref() Ref {
	return Ref{o.Text("apiVersion"), o.Text("kind"), o.Text("metadata", "namespace"), o.Text("metadata", "name")}
}

// Field returns what stands below the keys, and nil if a key is missing.
func (o Object) Field(keys ...string) any {
	value, _, _ := unstructured.NestedFieldNoCopy(o, keys...)
	return value
}

// Text is Field for a string, and "" for anything else.
func (o Object) Text(keys ...string) string {
	s, _ := o.Field(keys...).(string)
	return s
}

var separator = regexp.MustCompile(`(?m)^---[ \t]*(#.*)?$`)

// Decode reads the objects of a YAML or JSON stream; empty documents are left out.
func Decode(data []byte) ([]Object, error) {
	var objects []Object
	for i, doc := range separator.Split(string(data), -1) {
		o, err := decode(doc)
		if err != nil {
			return nil, fmt.Errorf("reading document %d: %w", i+1, err)
		}
		if len(o) == 0 {
			continue
		}
		if o.Text("kind") == "" || o.Text("apiVersion") == "" {
			return nil, fmt.Errorf("reading document %d: no apiVersion or no kind", i+1)
		}
		objects = append(objects, o)
	}
	return objects, nil
}

// decode reads numbers as the client does: whole ones as int64.
func decode(doc string) (o Object, err error) {
	text, err := yaml.YAMLToJSON([]byte(doc))
	if err != nil {
		return nil, err
	}
	return o, json.Unmarshal(text, &o)
}

package stencil

import (
	"bytes"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// kustomize compares values with the names and namespaces of objects after
// replacements were made, to follow objects that were renamed. A value that
// equals one could change what happens, so the plan knows them all.

// maxNested bounds how deep texts inside texts are read.
const maxNested = 3

// texts notes what may be a name or a namespace in a file: values of the keys
// that hold them, those of JSON patches, and the same in texts inside.
func (p *Plan) texts(data []byte, nesting int) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var n yaml.Node
		if decoder.Decode(&n) != nil {
			return // the end, or no YAML: such files hold data of generators
		}
		p.scalars(&n, "", nesting)
	}
}

func (p *Plan) scalars(n *yaml.Node, key string, nesting int) {
	switch n.Kind {
	case yaml.ScalarNode:
		switch key {
		case "name", "value":
			p.names[n.Value] = true
			p.spaces[n.Value] = true
		case "namespace":
			p.spaces[n.Value] = true
		}
		if nesting < maxNested && strings.ContainsAny(n.Value, "\n{:") {
			p.texts([]byte(n.Value), nesting+1)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			p.scalars(n.Content[i+1], n.Content[i].Value, nesting)
		}
	default:
		for _, child := range n.Content {
			p.scalars(child, key, nesting)
		}
	}
}

// mayRefer reports whether kustomize could read a field as a reference to
// another object by name: more fields than its name references list.
func mayRefer(path []string) bool {
	for _, step := range path {
		if step == "labels" || step == "matchLabels" {
			return false
		}
	}
	for _, step := range path[max(0, len(path)-2):] {
		lower := strings.ToLower(step)
		for _, word := range []string{"name", "ref", "secret", "configmap", "service", "subject"} {
			if strings.Contains(lower, word) {
				return true
			}
		}
	}
	return false
}

// named reports whether v may be the name that some object has or had.
func (p *Plan) named(v string) bool {
	if p.names[v] {
		return true
	}
	if p.renames {
		for name := range p.names {
			if strings.Contains(name, v) {
				return true
			}
		}
	}
	return false
}

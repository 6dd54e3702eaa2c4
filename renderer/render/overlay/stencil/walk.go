package stencil

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// walker looks for sentinels in objects and puts markers in their place.
type walker struct {
	alphabet
	sentinels []sentinel
	namespace string // that of the overlay
	plan      *Plan
	holes     []hole
}

// object makes holes of the scalars of one object. Where a value may stand
// without kustomize treating objects differently is decided here.
func (w *walker) object(n *yaml.Node) error {
	for _, path := range w.plan.paths {
		if intoScalar(n, path) {
			return fmt.Errorf("replacement at %q leads into a string", strings.Join(path, "."))
		}
	}
	if err := w.space(n); err != nil {
		return err
	}
	first := len(w.holes)
	if err := w.node(n, nil); err != nil {
		return err
	}
	for i := first; i < len(w.holes); i++ {
		if err := w.judge(&w.holes[i]); err != nil {
			return err
		}
	}
	return nil
}

// node walks what is below a node. kustomize lets objects share nodes, so
// children are replaced, not changed.
func (w *walker) node(n *yaml.Node, path []step) error {
	if n.Kind == yaml.AliasNode {
		return errors.New("an alias is left in the objects")
	}
	for i, child := range n.Content {
		s := step{"", true, n.Style}
		if n.Kind == yaml.MappingNode {
			if i%2 == 0 {
				if child.Kind != yaml.ScalarNode || w.split(child.Value, w.sentinels) != nil {
					return fmt.Errorf("a value stands in a key at %v", keys(path))
				}
				continue
			}
			s = step{n.Content[i-1].Value, false, n.Style}
		}
		below := append(slices.Clip(path), s)
		if child.Kind != yaml.ScalarNode {
			if err := w.node(child, below); err != nil {
				return err
			}
		} else if parts := w.split(child.Value, w.sentinels); parts != nil {
			if err := w.hole(child, parts, below); err != nil {
				return err
			}
			n.Content[i] = &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagString, Value: marker(len(w.holes) - 1)}
		}
	}
	return nil
}

// hole notes a scalar that values reached.
func (w *walker) hole(n *yaml.Node, parts []part, path []step) error {
	h := hole{parts: parts, path: path, tag: n.Tag, style: n.Style}
	h.refers = mayRefer(h.steps())
	h.space = path[len(path)-1].key == "namespace" && n.Value != w.namespace
	if err := h.locate(); err != nil {
		return err
	}
	w.holes = append(w.holes, h)
	return nil
}

// judge refuses holes in fields that decide what kustomize does.
func (w *walker) judge(h *hole) error {
	path := h.steps()
	switch {
	case len(path) == 1 && (path[0] == "kind" || path[0] == "apiVersion"),
		len(path) == 2 && path[0] == "metadata" && path[1] == "name":
		return fmt.Errorf("a value stands in %s", strings.Join(path, "."))
	case len(path) == 3 && path[1] == "annotations" &&
		(strings.Contains(path[2], "config.kubernetes.io") || strings.Contains(path[2], "kustomize")):
		return fmt.Errorf("a value stands in annotation %q, which kustomize reads", path[2])
	}
	for _, selector := range w.plan.selectors {
		if len(selector) == len(path) && compatible(selector, path) {
			return fmt.Errorf("a value stands in %s, by which a replacement selects", strings.Join(path, "."))
		}
	}
	return nil
}

// space checks that the object is in no namespace or in that of the overlay:
// objects are sorted and told apart by it.
func (w *walker) space(n *yaml.Node) error {
	if v := field(field(n, "metadata"), "namespace"); v != nil && v.Value != w.namespace {
		return fmt.Errorf("object is in namespace %q", v.Value)
	}
	return nil
}

func keys(path []step) []string { return (&hole{path: path}).steps() }

// field returns the value of a key of a mapping, nil if there is none.
func field(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// intoScalar reports whether a field path ends only beyond a scalar: kustomize
// then reads the scalar as YAML and writes it anew.
func intoScalar(n *yaml.Node, path []string) bool {
	if n == nil || len(path) == 0 {
		return false
	}
	switch n.Kind {
	case yaml.ScalarNode:
		return true
	case yaml.MappingNode:
		if path[0] != "*" {
			return intoScalar(field(n, path[0]), path[1:])
		}
		for i := 1; i < len(n.Content); i += 2 {
			if intoScalar(n.Content[i], path[1:]) {
				return true
			}
		}
	case yaml.SequenceNode:
		return slices.ContainsFunc(n.Content, func(child *yaml.Node) bool { return intoScalar(child, path[1:]) })
	}
	return false
}

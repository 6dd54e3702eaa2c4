package hermetic

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

const (
	hintSmaller = "split the directory, or raise the limit if it is honest"
	hintAlias   = "write the aliased part out"
)

// documents parses data as a stream of YAML documents within the limits and
// returns them with their size. Aliases count with what they stand for.
func documents(data []byte, limits Limits) ([]*yaml.Node, size, error) {
	var all []*yaml.Node
	total := size{}
	if len(data) > limits.File {
		return nil, total, fault.Hintf(hintSmaller, "%d bytes, at most %d are read", len(data), limits.File)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var node yaml.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) {
			return all, total, nil
		}
		if err != nil {
			return all, total, fmt.Errorf("parsing YAML: %w", err)
		}
		s, err := meter{limits, map[*yaml.Node]span{}}.measure(&node, 0)
		if err != nil {
			return all, total, err
		}
		total = total.plus(s.size)
		all = append(all, &node)
		if err := limits.check(total); err != nil {
			return all, total, err
		}
	}
}

// size is what a piece of input counts against the limits. pairs are the
// comparisons of keys: kustomize looks each key of a mapping up one by one.
type size struct{ bytes, nodes, reads, pairs int }

func (s size) plus(o size) size {
	return size{s.bytes + o.bytes, s.nodes + o.nodes, s.reads + o.reads, s.pairs + o.pairs}
}

// check refuses a size above the limits. The sums cannot overflow: each
// addend was checked before it was added.
func (l Limits) check(s size) error {
	switch {
	case s.bytes > l.Total:
		return fault.Hintf(hintSmaller, "input of more than %d bytes", l.Total)
	case s.nodes > l.Nodes:
		return fault.Hintf(hintSmaller, "input of more than %d YAML nodes", l.Nodes)
	case s.reads > l.Files:
		return fault.Hintf(hintSmaller, "more than %d files read", l.Files)
	}
	return nil
}

// meter measures one document.
type meter struct {
	limits Limits
	known  map[*yaml.Node]span // what anchors hold; open while it is being measured
}

// span is the size of a node and how many levels it nests.
type span struct {
	size
	levels int
	open   bool
}

func (m meter) measure(n *yaml.Node, depth int) (span, error) {
	if depth > m.limits.Depth {
		return span{}, fault.Hintf(hintSmaller, "line %d: nested deeper than %d levels", n.Line, m.limits.Depth)
	}
	if n.Kind == yaml.AliasNode {
		return m.alias(n, depth)
	}
	if n.Anchor != "" {
		m.known[n] = span{open: true}
	}
	total := span{size: size{bytes: len(n.Value) + 1, nodes: 1, pairs: pairs(n)}}
	for _, child := range n.Content {
		s, err := m.measure(child, depth+1)
		if err != nil {
			return span{}, err
		}
		total.size = total.plus(s.size)
		total.levels = max(total.levels, s.levels+1)
		if err := m.limits.check(total.size); err != nil {
			return span{}, err
		}
	}
	if n.Anchor != "" {
		m.known[n] = total
	}
	return total, nil
}

// pairs returns how often keys of a mapping are compared with each other.
func pairs(n *yaml.Node) int {
	if n.Kind != yaml.MappingNode {
		return 0
	}
	keys := len(n.Content) / 2
	return keys * keys
}

// alias returns what the alias stands for. One inside its own anchor has no end.
func (m meter) alias(n *yaml.Node, depth int) (span, error) {
	s, ok := m.known[n.Alias]
	if !ok || s.open {
		return span{}, fault.Hintf(hintAlias, "line %d: alias %q stands inside its own anchor", n.Line, n.Value)
	}
	if depth+s.levels > m.limits.Depth {
		return span{}, fault.Hintf(hintAlias, "line %d: alias %q nests deeper than %d levels", n.Line, n.Value, m.limits.Depth)
	}
	return s, nil
}

package strict

import (
	"sync"

	"go.yaml.in/yaml/v3"
)

// Lines knows on which line of a YAML text each value stands. The text is
// parsed when it is first asked. The zero value knows none.
type Lines struct{ root func() *yaml.Node }

// ReadLines returns the lines of a text; of one that is no YAML it knows none.
func ReadLines(data []byte) Lines {
	return Lines{sync.OnceValue(func() *yaml.Node {
		var doc yaml.Node
		if len(data) > maxExplained || yaml.Unmarshal(data, &doc) != nil || len(doc.Content) == 0 {
			return nil
		}
		return doc.Content[0]
	})}
}

// Of returns the line of the value at a path of keys (string) and indices
// (int), else that of the nearest value above it; 0 when it knows none.
func (l Lines) Of(path ...any) int {
	if l.root == nil {
		return 0
	}
	n, line := l.root(), 0
	for _, step := range path {
		if n == nil {
			break
		}
		n, line = child(n, step, line)
	}
	return line
}

// child returns the value at one step of a path with its line, which is that of
// its key; no value and the line from above when there is none.
func child(n *yaml.Node, step any, above int) (*yaml.Node, int) {
	switch step := step.(type) {
	case int:
		if n.Kind == yaml.SequenceNode && step >= 0 && step < len(n.Content) {
			return n.Content[step], n.Content[step].Line
		}
	case string:
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == step {
				return n.Content[i+1], n.Content[i].Line
			}
		}
	}
	return nil, above
}

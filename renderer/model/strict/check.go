package strict

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"go.yaml.in/yaml/v3"
)

const (
	// maxDepth is the deepest nesting of mappings and sequences that Check takes.
	maxDepth = 64
	// maxDocuments is the most documents that Check takes.
	maxDocuments = 2000
	// maxCopies is the most values that the aliases of a document stand for.
	maxCopies = 10_000
)

// Check refuses YAML of any number of documents that could mean something else
// than it seems to: anchors, aliases and merge keys, tags, keys that are no
// strings, and nesting deeper than 64. It costs memory in proportion to the
// text, decodes nothing and knows no form; use it before a text is handed to a
// parser without such bounds.
func Check(data []byte, max int) error { return check(data, max, false) }

// CheckShared is Check but for anchors, aliases and merge keys, which may stand
// for at most 10,000 values all together.
func CheckShared(data []byte, max int) error { return check(data, max, true) }

func check(data []byte, max int, shared bool) error {
	if len(data) > max {
		return fault.Hintf(fmt.Sprintf("at most %d bytes are allowed", max), "checking YAML: it has %d bytes", len(data))
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for documents := 1; ; documents++ {
		var n yaml.Node
		err := dec.Decode(&n)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fault.Hintf("write valid YAML", "checking YAML: %s", line(err))
		case documents > maxDocuments:
			return fault.Hintf("split the file", "checking YAML: line %d: more than %d documents", n.Line, maxDocuments)
		}
		if err := plain(&n, 0, shared); err != nil {
			return fmt.Errorf("checking YAML: line %w", err)
		}
		if shared && copies(&n, map[*yaml.Node]int{}) > maxCopies {
			return fault.Hintf("write the values out", "checking YAML: line %d: its anchors stand for themselves or for more than %d values", n.Line, maxCopies)
		}
	}
}

// plain refuses what Check refuses below n; its errors begin with the line's number.
func plain(n *yaml.Node, depth int, shared bool) error {
	switch {
	case !shared && (n.Kind == yaml.AliasNode || n.Anchor != ""):
		return fault.Hintf("write the value out", "%d: anchors and aliases are not allowed", n.Line)
	case n.Style&yaml.TaggedStyle != 0:
		return fault.Hintf("quote the value if it is a string", "%d: tag %q is not allowed", n.Line, n.Tag)
	case depth > maxDepth:
		return fault.Hintf("flatten the document", "%d: nested deeper than %d", n.Line, maxDepth)
	}
	for i, c := range n.Content {
		merge := shared && c.Tag == "!!merge" && c.Style&yaml.TaggedStyle == 0
		if n.Kind == yaml.MappingNode && i%2 == 0 && !merge && !stringKey(c) {
			return fault.Hintf("quote the key", "%d: key %q is not a string", c.Line, c.Value)
		}
		if err := plain(c, depth+1, shared); err != nil {
			return err
		}
	}
	return nil
}

// copies returns how many values the aliases below n stand for, at most a
// little more than maxCopies. known has the whole size of what anchors hold.
func copies(n *yaml.Node, known map[*yaml.Node]int) int {
	if n.Kind == yaml.AliasNode {
		size, ok := known[n.Alias]
		if !ok { // inside itself
			size = maxCopies
		}
		return min(1+size, maxCopies+1)
	}
	sum := 0
	for _, c := range n.Content {
		sum = min(sum+copies(c, known), maxCopies+1)
	}
	if n.Anchor != "" {
		known[n] = min(sum+nodes(n), maxCopies)
	}
	return sum
}

// nodes returns how many values are written below n.
func nodes(n *yaml.Node) int {
	sum := 1
	for _, c := range n.Content {
		sum += nodes(c)
	}
	return sum
}

// stringKey reports whether YAML 1.1 and 1.2 both read n as a string.
func stringKey(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode || n.Style&yaml.TaggedStyle != 0 {
		return true // refused with a better message
	}
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
		return false
	}
	return n.Style != 0 || !switchWord(n.Value)
}

// switchWord reports whether YAML 1.1 reads s, unquoted, as a boolean where
// YAML 1.2 reads a string.
func switchWord(s string) bool {
	switch strings.ToLower(s) {
	case "y", "n", "yes", "no", "on", "off":
		return true
	}
	return false
}

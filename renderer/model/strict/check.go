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
)

// Check refuses YAML of any number of documents that could mean something else
// than it seems to: anchors, aliases and merge keys, tags, keys that are no
// strings, and nesting deeper than 64. It costs memory in proportion to the
// text, decodes nothing and knows no form; use it before a text is handed to a
// parser without such bounds.
func Check(data []byte, max int) error {
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
		if err := plain(&n, 0); err != nil {
			return fmt.Errorf("checking YAML: line %w", err)
		}
	}
}

// plain refuses what Check refuses below n; its errors begin with the line's number.
func plain(n *yaml.Node, depth int) error {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return fault.Hintf("write the value out", "%d: anchors and aliases are not allowed", n.Line)
	case n.Style&yaml.TaggedStyle != 0:
		return fault.Hintf("quote the value if it is a string", "%d: tag %q is not allowed", n.Line, n.Tag)
	case depth > maxDepth:
		return fault.Hintf("flatten the document", "%d: nested deeper than %d", n.Line, maxDepth)
	}
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && !stringKey(c) {
			return fault.Hintf("quote the key", "%d: key %q is not a string", c.Line, c.Value)
		}
		if err := plain(c, depth+1); err != nil {
			return err
		}
	}
	return nil
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

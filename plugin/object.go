package plugin

import (
	"bytes"
	"fmt"
	"strings"
)

// object is what the checks need to know of one manifest. Values are as
// written, without quotes; "" stands for absent.
type object struct {
	apiVersion, kind, name, namespace string
	component, wave                   string // label and annotation
	replicas, deadline, suspend       string // of spec
	nodeSelector                      bool   // spec.template.spec.nodeSelector has an entry
	waveStart, waveEnd                int    // where the wave's value is written
}

// id names the object in messages.
func (o object) id() string { return fmt.Sprintf("%s %q", o.kind, o.name) }

// group returns the API group; "" for the core group.
func (o object) group() string {
	group, _, found := strings.Cut(o.apiVersion, "/")
	if !found {
		return ""
	}
	return group
}

// is reports whether o is of a kind of a group.
func (o object) is(group, kind string) bool { return o.kind == kind && o.group() == group }

// split cuts a stream of manifests into its documents. Inside a document no
// line can be "---": the writers indent everything that follows a key.
func split(stream []byte) [][]byte {
	if len(bytes.TrimSpace(stream)) == 0 {
		return nil
	}
	parts := make([][]byte, 0, 32)
	for {
		end := separatorAt(stream)
		if end < 0 {
			return append(parts, stream)
		}
		parts, stream = append(parts, stream[:end]), stream[end+len(separator):]
	}
}

// separator is the line between two documents.
const separator = "---\n"

// separatorAt returns where the next separator begins, -1 for nowhere. It looks
// for dashes first, because every line ends in a newline.
func separatorAt(stream []byte) int {
	for at := 0; ; at++ {
		i := bytes.Index(stream[at:], []byte(separator))
		if i < 0 {
			return -1
		}
		if at += i; at > 0 && stream[at-1] == '\n' {
			return at
		}
	}
}

// scan reads an object from a manifest in the form that kustomize prints:
// block style, two spaces a level, lists not indented. It is a hundred times
// faster than a YAML parser; what has another form is refused, not guessed.
func scan(doc []byte) (object, error) {
	if breaksOddly(doc) {
		return parse(doc)
	}
	var o object
	s := scanner{closed: -1}
	for start := 0; start < len(doc); {
		end := len(doc)
		if i := bytes.IndexByte(doc[start:], '\n'); i >= 0 {
			end = start + i
		}
		if line := doc[start:end]; !s.passes(line) {
			if err := s.line(line, end, &o); err != nil {
				return o, err
			}
		}
		start = end + 1
	}
	return o, o.check(doc)
}

func (o object) check(doc []byte) error {
	if o.apiVersion == "" || o.kind == "" || o.name == "" {
		return fmt.Errorf("manifest %s has no apiVersion, kind or name", clip(string(doc)))
	}
	return nil
}

// breaksOddly reports whether a text has a line break of YAML 1.1 other than
// the newline. They are printed as they are, inside quotes too.
func breaksOddly(doc []byte) bool {
	for _, b := range [...]string{"\r", "\u0085", "\u2028", "\u2029"} {
		if bytes.Contains(doc, []byte(b)) {
			return true
		}
	}
	return false
}

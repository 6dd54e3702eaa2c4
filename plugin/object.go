package plugin

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/gatorcloud/sluice/renderer/manifest"
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
	return bytes.SplitAfter(stream, []byte("\n---\n"))
}

// document returns a part of split without the separator.
func document(part []byte) []byte {
	return bytes.TrimSuffix(part, []byte("---\n"))
}

// scan reads an object from a manifest in the form that kustomize prints:
// block style, two spaces a level, lists not indented. It is a hundred times
// faster than a YAML parser; what has another form is refused, not guessed.
func scan(doc []byte) (object, error) {
	if breaksOddly(doc) {
		return parse(doc)
	}
	var o object
	s := scanner{open: make([]string, 0, 16), closed: -1}
	end := 0
	for line := range bytes.Lines(doc) {
		end += len(line)
		line = bytes.TrimSuffix(line, []byte("\n"))
		key, value, err := s.next(line)
		if err != nil {
			return o, err
		}
		if value == "" {
			continue
		}
		if err := o.set(s.open, key, value); err != nil {
			return o, err
		}
		if len(s.open) == 2 && o.mark(s.open, key) == &o.wave {
			o.waveStart, o.waveEnd = end-1-len(value), end-1
		}
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

// set keeps the value of key below the open keys if the checks want it.
func (o *object) set(open []string, key, value string) error {
	var field *string
	switch len(open) {
	case 0:
		field = o.top(key)
	case 1:
		field = o.second(open[0], key)
	case 2:
		field = o.mark(open, key)
	case 4:
		o.nodeSelector = o.nodeSelector || open[3] == "nodeSelector" && open[2] == "spec" && open[1] == "template" && open[0] == "spec"
	}
	if field == nil {
		return nil
	}
	var err error
	*field, err = scalar(value)
	return err
}

func (o *object) top(key string) *string {
	switch key {
	case "apiVersion":
		return &o.apiVersion
	case "kind":
		return &o.kind
	}
	return nil
}

func (o *object) second(parent, key string) *string {
	switch {
	case parent == "metadata" && key == "name":
		return &o.name
	case parent == "metadata" && key == "namespace":
		return &o.namespace
	case parent == "spec" && key == "replicas":
		return &o.replicas
	case parent == "spec" && key == "progressDeadlineSeconds":
		return &o.deadline
	case parent == "spec" && key == "suspend":
		return &o.suspend
	}
	return nil
}

func (o *object) mark(open []string, key string) *string {
	switch {
	case open[0] != "metadata":
	case open[1] == "labels" && key == manifest.LabelComponent:
		return &o.component
	case open[1] == "annotations" && key == manifest.AnnotationWave:
		return &o.wave
	}
	return nil
}

// scanner follows the keys that are open. Lists and scalars of several lines
// are passed over: nothing that the checks need lies inside one.
type scanner struct {
	open   []string // keys from the top to the current line's parent
	closed int      // lines deeper than this are part of a value; -1 for none
}

// next returns the key and the value of a line; both are "" for a line inside
// a value, and the value is "" for a key that opens a level.
func (s *scanner) next(line []byte) (key, value string, err error) {
	indent := len(line) - len(bytes.TrimLeft(line, " "))
	rest := line[indent:]
	switch {
	case len(rest) == 0, s.closed >= 0 && indent > s.closed:
		return "", "", nil
	case rest[0] == '-' && (len(rest) == 1 || rest[1] == ' '):
		s.closed = indent
		return "", "", s.cut(indent)
	case rest[0] == '?' || rest[0] == ':': // a key of more than 128 bytes, and its value
		s.closed = indent
		return "", "", s.cut(indent)
	case rest[0] == '#':
		return "", "", fmt.Errorf("manifest has a comment, which kustomize does not print")
	}
	s.closed = -1
	if err := s.cut(indent); err != nil {
		return "", "", err
	}
	key, value, err = pair(string(rest))
	if err != nil {
		return "", "", err
	}
	if value == "" {
		s.open = append(s.open, key)
		return key, "", nil
	}
	s.closed = indent
	return key, value, nil
}

// cut closes the levels that a line at indent is not part of.
func (s *scanner) cut(indent int) error {
	depth := indent / 2
	if indent%2 != 0 || depth > len(s.open) {
		return fmt.Errorf("manifest has an unexpected indentation of %d", indent)
	}
	s.open = s.open[:depth]
	return nil
}

// pair cuts "key: value" or "key:"; keys may be quoted.
func pair(line string) (key, value string, err error) {
	end := 0
	if line[0] == '"' || line[0] == '\'' {
		if end = strings.Index(line[1:], line[:1]+":") + 2; end < 2 {
			return "", "", fmt.Errorf("manifest has the line %s, which is no key", clip(line))
		}
	}
	before, after, found := strings.Cut(line[end:], ":")
	if !found || after != "" && after[0] != ' ' && !strings.Contains(after, ": ") && !strings.HasSuffix(after, ":") {
		return "", "", fmt.Errorf("manifest has the line %s, which is no key", clip(line))
	}
	if after != "" && after[0] != ' ' { // a colon inside a plain key
		return colonKey(line)
	}
	return line[:end] + before, strings.TrimLeft(after, " "), nil
}

// colonKey cuts a line whose plain key contains colons.
func colonKey(line string) (key, value string, err error) {
	if key, value, found := strings.Cut(line, ": "); found {
		return key, value, nil
	}
	return strings.TrimSuffix(line, ":"), "", nil
}

// scalar returns the string of a one-line YAML scalar.
func scalar(value string) (string, error) {
	switch value[0] {
	case '"':
		s, err := strconv.Unquote(value)
		if err != nil {
			return "", fmt.Errorf("manifest has the value %s, which cannot be read", clip(value))
		}
		return s, nil
	case '\'':
		return strings.ReplaceAll(strings.Trim(value, "'"), "''", "'"), nil
	case '|', '>', '&', '*', '!', '{', '[':
		return "", fmt.Errorf("manifest has the value %s where a word belongs", clip(value))
	}
	return value, nil
}

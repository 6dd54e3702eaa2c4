// Package strict decodes YAML and JSON that people or other systems wrote.
//
// It refuses what the usual decoders let pass: duplicate and unknown fields,
// fields that differ by case, anchors and aliases (a few hundred bytes of them
// can expand to gigabytes), more than one document, and input over a given
// size. Errors are one line.
package strict

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"go.yaml.in/yaml/v3"
	kjson "sigs.k8s.io/json"
	syaml "sigs.k8s.io/yaml"
)

// YAML decodes one YAML document of at most max bytes into out, by out's json tags.
func YAML(data []byte, max int, out any) error {
	if len(data) > max {
		return fault.Hintf(fmt.Sprintf("at most %d bytes are allowed", max), "decoding YAML: it has %d bytes", len(data))
	}
	if err := checkNodes(data); err != nil {
		return fmt.Errorf("decoding YAML: %w", err)
	}
	js, err := syaml.YAMLToJSONStrict(data)
	if err != nil {
		return fault.Hintf("write valid YAML with each key once", "decoding YAML: %s", line(err))
	}
	return decode("YAML", data, js, out)
}

// JSON decodes one JSON value of at most max bytes into out.
func JSON(data []byte, max int, out any) error {
	if len(data) > max {
		return fault.Hintf(fmt.Sprintf("at most %d bytes are allowed", max), "decoding JSON: it has %d bytes", len(data))
	}
	return decode("JSON", data, data, out)
}

// decode decodes the JSON that text was brought to. What a person can mend is
// worded by Misfit; the rest, and what Misfit does not see, as the decoder does.
func decode(form string, text, js []byte, out any) error {
	faults, err := kjson.UnmarshalStrict(js, out)
	if err == nil && len(faults) == 0 {
		return nil
	}
	if misfit := Misfit(text, out); misfit != nil {
		return fmt.Errorf("decoding %s: %w", form, misfit)
	}
	if err != nil {
		return fault.Hintf(fault.HintOf(err), "decoding %s: %w", form, oneLine{err})
	}
	var all []string
	for _, f := range faults {
		all = append(all, line(f))
	}
	return fault.Hintf("names are case-sensitive and each may occur once", "decoding %s: %s", form, strings.Join(all, ", "))
}

// checkNodes refuses anchors, aliases and further documents. Input without
// '&' and '*' cannot have the former, input without "---" and "..." not the
// latter, which spares it the second parse.
func checkNodes(data []byte) error {
	if !bytes.ContainsAny(data, "&*") && !bytes.Contains(data, []byte("---")) && !bytes.Contains(data, []byte("...")) {
		return nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for documents := 0; ; documents++ {
		var n yaml.Node
		if err := dec.Decode(&n); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fault.Hintf("write valid YAML with each key once", "%s", line(err))
		}
		if documents > 0 {
			return fault.Hintf("keep one document", "line %d: a second document begins", n.Line)
		}
		if err := checkNode(&n); err != nil {
			return err
		}
	}
}

func checkNode(n *yaml.Node) error {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return fault.Hintf("write the value out", "line %d: anchors and aliases are not allowed", n.Line)
	}
	for _, c := range n.Content {
		if err := checkNode(c); err != nil {
			return err
		}
	}
	return nil
}

func line(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// oneLine keeps an error on one line without hiding what it wraps.
type oneLine struct{ err error }

func (e oneLine) Error() string { return line(e.err) }
func (e oneLine) Unwrap() error { return e.err }

package plugin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"sigs.k8s.io/yaml"
)

const hintOutput = "a manifest is one YAML object with texts where Kubernetes wants texts: publish a version that is built to such"

// parse reads an object with the YAML library that Argo CD reads it with: the
// way for manifests that the scanner does not read.
func parse(doc []byte) (object, error) {
	var o object
	all, err := decodeObject(doc)
	if err != nil {
		return o, err
	}
	return o, o.fill(nodeTop, all)
}

// decodeObject decodes a manifest. It refuses what Argo CD would take for
// several objects: the library reads the first document and stops.
func decodeObject(doc []byte) (map[string]any, error) {
	for line := range bytes.Lines(doc) {
		if bytes.HasPrefix(line, []byte("---")) || bytes.HasPrefix(line, []byte("...")) {
			return nil, refuse(ReasonOutput, hintOutput, "manifest %s has the line %s, which ends a document", fault.Clip(string(doc)), fault.Clip(string(line)))
		}
	}
	if bytes.HasPrefix(bytes.TrimSpace(doc), []byte("{")) {
		return nil, refuse(ReasonOutput, hintOutput, "manifest %s is JSON, which may hold several objects", fault.Clip(string(doc)))
	}
	if !bytes.HasSuffix(doc, []byte("\n")) {
		doc = append(slices.Clip(doc), '\n') // Argo CD reads by lines
	}
	var all map[string]any
	if err := yaml.Unmarshal(doc, &all, exact); err != nil {
		return nil, refuse(ReasonOutput, hintOutput, "reading manifest %s: %s", fault.Clip(string(doc)), strings.Join(strings.Fields(err.Error()), " "))
	}
	return all, nil
}

// exact keeps the digits of numbers.
func exact(d *json.Decoder) *json.Decoder {
	d.UseNumber()
	return d
}

// fill takes in the mapping m, which is the node n.
func (o *object) fill(n node, m map[string]any) error {
	o.nodeSelector = o.nodeSelector || n == nodeNodeSelector && len(m) > 0
	for key, v := range m {
		o.items = o.items || n == nodeTop && key == "items"
		child := n.child([]byte(key))
		text, isText := v.(string)
		switch {
		case child == nodeOther, v == nil:
		case child.text():
			if !isText {
				return refuse(ReasonOutput, hintOutput, "%s of the manifest is no text", fault.Clip(key))
			}
			*o.at(child) = text
		case child.value():
			raw, err := json.Marshal(v)
			if err != nil {
				return fmt.Errorf("reading %s of a manifest: %w", fault.Clip(key), err)
			}
			*o.at(child) = string(raw)
		default:
			nested, _ := v.(map[string]any)
			if err := o.fill(child, nested); err != nil {
				return err
			}
		}
	}
	return nil
}

// withWave returns doc, of which scan read o, in another wave. It fails when
// the object has no wave yet.
func withWave(doc []byte, o object, wave int) ([]byte, error) {
	value := strconv.Itoa(wave)
	if o.wave == "" {
		return nil, fmt.Errorf("object has no annotation %s", manifest.AnnotationWave)
	}
	if o.waveEnd > 0 {
		out := make([]byte, 0, len(doc)+4)
		out = append(out, doc[:o.waveStart]...)
		out = strconv.AppendQuote(out, value)
		return append(out, doc[o.waveEnd:]...), nil
	}
	all, err := decodeObject(doc)
	if err != nil {
		return nil, err
	}
	metadata, _ := all["metadata"].(map[string]any)
	annotations, ok := metadata["annotations"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("manifest %s has no annotations", fault.Clip(string(doc)))
	}
	annotations[manifest.AnnotationWave] = value
	return yaml.Marshal(all)
}

package plugin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"sigs.k8s.io/yaml"
)

// parsed is what parse reads of an object.
type parsed struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name        string            `json:"name"`
		Namespace   string            `json:"namespace"`
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		Replicas json.RawMessage `json:"replicas"`
		Deadline json.RawMessage `json:"progressDeadlineSeconds"`
		Suspend  json.RawMessage `json:"suspend"`
		Template struct {
			Spec struct {
				NodeSelector map[string]string `json:"nodeSelector"`
			} `json:"spec"`
		} `json:"template"`
	} `json:"spec"`
}

// parse reads an object with a YAML parser: the way for manifests that scan
// does not follow line by line.
func parse(doc []byte) (object, error) {
	var p parsed
	if err := yaml.Unmarshal(doc, &p); err != nil {
		return object{}, fmt.Errorf("reading manifest %s: %w", clip(string(doc)), err)
	}
	word := func(raw json.RawMessage) string { return string(bytes.Trim(raw, `"`)) }
	o := object{apiVersion: p.APIVersion, kind: p.Kind, name: p.Metadata.Name, namespace: p.Metadata.Namespace,
		component: p.Metadata.Labels[manifest.LabelComponent], wave: p.Metadata.Annotations[manifest.AnnotationWave],
		replicas: word(p.Spec.Replicas), deadline: word(p.Spec.Deadline), suspend: word(p.Spec.Suspend),
		nodeSelector: len(p.Spec.Template.Spec.NodeSelector) > 0}
	return o, o.check(doc)
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
	var all map[string]any
	if err := yaml.Unmarshal(doc, &all); err != nil {
		return nil, fmt.Errorf("reading manifest %s: %w", clip(string(doc)), err)
	}
	metadata, _ := all["metadata"].(map[string]any)
	annotations, ok := metadata["annotations"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("manifest %s has no annotations", clip(string(doc)))
	}
	annotations[manifest.AnnotationWave] = value
	return yaml.Marshal(all)
}

package democmd

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"sigs.k8s.io/yaml"
)

// object is what the summary shows of a manifest.
type object struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Name        string            `json:"name"`
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		Replicas *int `json:"replicas"`
	} `json:"spec"`
}

// summarise prints the objects of a built overlay, wave by wave.
func summarise(w io.Writer, manifests []byte) error {
	waves := map[int][]string{}
	n := 0
	for doc := range bytes.SplitSeq(manifests, []byte("\n---\n")) {
		var o object
		if err := yaml.Unmarshal(doc, &o); err != nil {
			return fmt.Errorf("reading built overlay: %w", err)
		}
		text := strings.ToLower(o.Kind) + "/" + o.Metadata.Name
		if o.Spec.Replicas != nil {
			text += fmt.Sprintf(" (%d)", *o.Spec.Replicas)
		}
		wave, err := strconv.Atoi(o.Metadata.Annotations[manifest.AnnotationWave])
		if err != nil {
			return fmt.Errorf("reading built overlay: wave of %s: %w", text, err)
		}
		waves[wave] = append(waves[wave], text)
		n++
	}
	for _, wave := range slices.Sorted(maps.Keys(waves)) {
		fmt.Fprintf(w, "   wave %d: %s\n", wave, strings.Join(waves[wave], ", "))
	}
	_, err := fmt.Fprintf(w, "   %d objects\n", n)
	return err
}

package stock

import (
	"context"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
	"sigs.k8s.io/kustomize/kyaml/yaml/merge2"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// MergeValues returns what kustomize makes of the values of a chart that stand
// in a file and in the kustomization of a directory root: inline ones are above,
// or below with under set. Nulls remove what is below them; kustomize reads the
// file otherwise than helm does. It ends as Build does.
func MergeValues(ctx context.Context, root, file string, inline map[string]any, under bool) (map[string]any, error) {
	var merged map[string]any
	err := alone(ctx, root, func() (err error) {
		if merged, err = mergeValues(file, inline, under); err != nil {
			return fault.Hintf("write valuesMerge: replace, or mend the values", "merging valuesInline: %s", strings.Join(strings.Fields(err.Error()), " "))
		}
		return nil
	})
	if err != nil { // the merge may still be under way
		return nil, err
	}
	return merged, nil
}

func mergeValues(file string, inline map[string]any, under bool) (map[string]any, error) {
	above, err := yaml.FromMap(inline)
	if err != nil {
		return nil, err
	}
	below, err := yaml.Parse(file)
	if err != nil {
		return nil, err
	}
	if under {
		above, below = below, above
	}
	out, err := merge2.Merge(above, below, yaml.MergeOptions{})
	if err != nil || out.IsNil() {
		return nil, err
	}
	return out.Map()
}

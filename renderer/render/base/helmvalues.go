package base

import (
	"context"
	"fmt"
	"maps"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/strict"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay/stock"
)

// chartValues returns the values that kustomize gives to helm for an entry of
// helmCharts.
func chartValues(ctx context.Context, version *tree.Dir, x catalog.HelmChart) (map[string]any, error) {
	values := x.Inline
	if x.Values != "" {
		text, file, err := readValues(version, x.Values)
		if err != nil {
			return nil, err
		}
		values = file
		if len(x.Inline) > 0 {
			if values, err = stock.MergeValues(ctx, x.Dir, text, x.Inline, x.Merge == "merge"); err != nil {
				return nil, fmt.Errorf("values file %q: %w", x.Values, err)
			}
		}
	}
	for _, name := range x.Additional {
		_, above, err := readValues(version, name)
		if err != nil {
			return nil, err
		}
		values = stacked(values, above)
	}
	return values, nil
}

// readValues returns a file of values, as text too.
func readValues(version *tree.Dir, name string) (text string, values map[string]any, err error) {
	data, err := version.Read(name)
	if err != nil {
		return "", nil, fmt.Errorf("values file %q: %w", name, err)
	}
	if err = strict.Check(data, maxManifestBytes); err == nil {
		err = strict.YAML(data, maxManifestBytes, &values)
	}
	if err != nil {
		return "", nil, fmt.Errorf("values file %q: %w", name, err)
	}
	return string(data), values, nil
}

// stacked puts values above others, as helm does with files of values.
func stacked(below, above map[string]any) map[string]any {
	out := maps.Clone(below)
	if out == nil {
		out = map[string]any{}
	}
	for key, v := range above {
		a, isMap := v.(map[string]any)
		b, wasMap := out[key].(map[string]any)
		if isMap && wasMap {
			v = stacked(b, a)
		}
		out[key] = v
	}
	return out
}

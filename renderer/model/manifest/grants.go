package manifest

import (
	"fmt"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/strict"
)

// ParameterVersions is the plugin's parameter that says which versions an
// Application grants.
const ParameterVersions = "versions"

// ReadGrants returns the ring of a rendered ring Application and the versions
// that it grants. Names that do not pass their gate are left out: the file may
// have been edited.
func ReadGrants(data []byte) (ident.Ring, map[ident.Product]ident.Version, error) {
	var app map[string]any
	if err := strict.YAML(data, maxDescriptor, &app); err != nil {
		return ident.Ring{}, nil, fmt.Errorf("reading a ring's Application: %w", err)
	}
	name, _ := below(app, "metadata", "labels")[LabelRing].(string)
	ring, err := ident.Parse[ident.RingKind](name)
	if err != nil {
		return ident.Ring{}, nil, fmt.Errorf("reading a ring's Application: %w", err)
	}
	versions := map[ident.Product]ident.Version{}
	parameters, _ := below(app, "spec", "source", "plugin")["parameters"].([]any)
	for _, p := range parameters {
		parameter, _ := p.(map[string]any)
		if parameter["name"] != ParameterVersions {
			continue
		}
		for name, v := range below(parameter, "map") {
			text, _ := v.(string)
			product, badProduct := ident.Parse[ident.ProductKind](name)
			version, badVersion := ident.Parse[ident.VersionKind](text)
			if badProduct == nil && badVersion == nil {
				versions[product] = version
			}
		}
	}
	return ring, versions, nil
}

// below returns the map at a path of maps, or an empty one.
func below(m map[string]any, path ...string) map[string]any {
	for _, name := range path {
		m, _ = m[name].(map[string]any)
	}
	return m
}

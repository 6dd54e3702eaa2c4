package chart

import (
	"bytes"
	"errors"

	"github.com/santhosh-tekuri/jsonschema/v6"
	helm "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// checkSchemas checks the values of ch and of the charts in it against their
// values.schema.json, as helm does, but reads no schema from elsewhere.
func checkSchemas(ch *helm.Chart, values chartutil.Values) error {
	if ch.Schema != nil {
		if err := checkSchema(ch.Schema, values); err != nil {
			return fault.Hintf("mend the component's values", "chart %q: values.schema.json: %w", ch.Name(), oneLine(err))
		}
	}
	for _, sub := range ch.Dependencies() {
		raw, ok := values[sub.Name()]
		if !ok || raw == nil {
			continue
		}
		below, ok := raw.(map[string]any)
		if !ok {
			return fault.Hintf("mend the component's values", "chart %q: the values of chart %q are no mapping", ch.Name(), sub.Name())
		}
		if err := checkSchemas(sub, below); err != nil {
			return err
		}
	}
	return nil
}

func checkSchema(text []byte, values chartutil.Values) error {
	const name = "file:///values.schema.json"
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(noLoader{})
	if err := c.AddResource(name, parsed); err != nil {
		return err
	}
	schema, err := c.Compile(name)
	if err != nil {
		return err
	}
	return schema.Validate(values.AsMap())
}

// noLoader refuses what a schema refers to outside itself.
type noLoader struct{}

// Load fails.
func (noLoader) Load(string) (any, error) {
	return nil, errors.New("only what stands in the file itself is read")
}

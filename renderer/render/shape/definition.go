package shape

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Definitions are the schemas of custom kinds. The zero value has none.
//
// They say what the API server says of types, bounds, enumerations and fields
// that are missing or unknown. They do not evaluate CEL rules
// (x-kubernetes-validations), and do not look at formats.
type Definitions struct {
	kinds map[string]map[string]*jsonschema.Schema // by "group/Kind", then by version
}

// Define takes in a CustomResourceDefinition of apiextensions.k8s.io/v1, in
// place of an earlier one of the same kind.
func (d *Definitions) Define(definition map[string]any) error {
	spec, _ := definition["spec"].(map[string]any)
	group, _ := spec["group"].(string)
	names, _ := spec["names"].(map[string]any)
	kind, _ := names["kind"].(string)
	versions, _ := spec["versions"].([]any)
	if group == "" || kind == "" || len(versions) == 0 {
		return fault.Hintf("write it as apiextensions.k8s.io/v1 has it", "CustomResourceDefinition: spec.group %q, names.kind %q and %d versions say no kind", group, kind, len(versions))
	}
	compiled := map[string]*jsonschema.Schema{}
	for _, item := range versions {
		v, _ := item.(map[string]any)
		name, _ := v["name"].(string)
		if v["served"] == false {
			continue
		}
		of, _ := v["schema"].(map[string]any)
		structural, ok := of["openAPIV3Schema"].(map[string]any)
		if !ok {
			return fault.Hintf("write schema.openAPIV3Schema", "kind %q of group %q: version %q has no schema", kind, group, name)
		}
		s, err := compile(structural)
		if err != nil {
			return fault.Hintf("mend the schema; the API server would refuse it too", "kind %q of group %q: version %q: %w", kind, group, name, err)
		}
		compiled[name] = s
	}
	if d.kinds == nil {
		d.kinds = map[string]map[string]*jsonschema.Schema{}
	}
	d.kinds[group+"/"+kind] = compiled
	return nil
}

// Check returns the first thing that the schema of its kind refuses of an
// object; nil for a kind that nobody defined.
func (d Definitions) Check(object map[string]any) error {
	apiVersion, _ := object["apiVersion"].(string)
	kind, _ := object["kind"].(string)
	group, version, _ := strings.Cut(apiVersion, "/")
	versions, defined := d.kinds[group+"/"+kind]
	if !defined {
		return nil
	}
	s, served := versions[version]
	if !served {
		return fault.Hintf("use "+strings.Join(slices.Sorted(maps.Keys(versions)), ", "), "its definition serves no version %q", version)
	}
	if err := s.Validate(object); err != nil {
		return fault.Hintf("see the kind's CustomResourceDefinition in the catalog", "%s", first(err))
	}
	return nil
}

// first words the first of a validator's errors in the order of their places.
func first(err error) string {
	var top *jsonschema.ValidationError
	if !errors.As(err, &top) {
		return err.Error()
	}
	english := message.NewPrinter(language.English)
	var said []string
	var walk func(e *jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		if len(e.Causes) == 0 {
			said = append(said, fmt.Sprintf("field %q: %s", strings.Join(e.InstanceLocation, "."), e.ErrorKind.LocalizedString(english)))
		}
		for _, c := range e.Causes {
			walk(c)
		}
	}
	walk(top)
	return slices.Min(said)
}

// compile compiles a structural schema in the words of JSON Schema.
func compile(structural map[string]any) (*jsonschema.Schema, error) {
	const name = "urn:sluice:definition"
	doc := closed(structural)
	resource(doc)
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft4) // whose exclusive bounds OpenAPI has
	c.UseLoader(nowhere{})
	if err := c.AddResource(name, doc); err != nil {
		return nil, err
	}
	return c.Compile(name)
}

// nowhere refuses what a schema refers to outside itself.
type nowhere struct{}

// Load fails.
func (nowhere) Load(string) (any, error) {
	return nil, errors.New("a structural schema refers to nothing")
}

// closed returns a structural schema as JSON Schema that refuses the fields
// that the API server would drop.
func closed(s map[string]any) map[string]any {
	out := logic(s, closed)
	delete(out, "type")
	switch kind, nullable := s["type"], s["nullable"] == true || s["default"] != nil; {
	case s["x-kubernetes-int-or-string"] == true:
		out["type"] = []any{"integer", "string"}
	case kind != nil && nullable: // the API server puts the default there
		out["type"] = []any{kind, "null"}
	case kind != nil:
		out["type"] = kind
	}
	properties, _ := out["properties"].(map[string]any)
	if s["type"] == "object" && s["additionalProperties"] == nil && s["x-kubernetes-preserve-unknown-fields"] != true {
		out["additionalProperties"] = false
	}
	if s["x-kubernetes-embedded-resource"] == true {
		resource(out)
	}
	if required, ok := s["required"].([]any); ok {
		out["required"] = slices.DeleteFunc(slices.Clone(required), func(name any) bool { return defaulted(s, name) })
		if len(out["required"].([]any)) == 0 {
			delete(out, "required") // draft 4 has no empty list
		}
	}
	if properties == nil && out["additionalProperties"] == false {
		out["properties"] = map[string]any{}
	}
	return out
}

// defaulted reports whether the API server fills in a property.
func defaulted(s map[string]any, name any) bool {
	text, _ := name.(string)
	properties, _ := s["properties"].(map[string]any)
	p, _ := properties[text].(map[string]any)
	return p["default"] != nil
}

// open returns a schema below a logical word, which types no field.
func open(s map[string]any) map[string]any { return logic(s, open) }

// logic copies what both have in common, with the schemas below by each.
func logic(s map[string]any, each func(map[string]any) map[string]any) map[string]any {
	out := map[string]any{}
	for word, v := range s {
		switch word {
		case "properties":
			fields, _ := v.(map[string]any)
			copied := map[string]any{}
			for name, f := range fields {
				copied[name] = apply(f, each)
			}
			out[word] = copied
		case "items", "additionalProperties":
			out[word] = apply(v, each)
		case "not":
			out[word] = apply(v, open)
		case "allOf", "anyOf", "oneOf":
			list, _ := v.([]any)
			copied := make([]any, len(list))
			for i, one := range list {
				copied[i] = apply(one, open)
			}
			out[word] = copied
		case "type", "enum", "pattern", "required", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
			"minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties":
			out[word] = v
		}
	}
	return out
}

// apply is each for a schema, and leaves true and false alone.
func apply(v any, each func(map[string]any) map[string]any) any {
	if s, ok := v.(map[string]any); ok {
		return each(s)
	}
	return v
}

// resource allows what every object has.
func resource(s map[string]any) {
	properties, _ := s["properties"].(map[string]any)
	if properties == nil {
		properties = map[string]any{}
		s["properties"] = properties
	}
	properties["apiVersion"], properties["kind"] = map[string]any{"type": "string"}, map[string]any{"type": "string"}
	properties["metadata"] = map[string]any{"type": "object"}
}

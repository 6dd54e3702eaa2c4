package catalog

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// maxParameters bounds the parameters of one version.
const maxParameters = 200

// Builtins returns the sorted names of the parameters that every overlay has
// without the product's doing; a product's own parameters have other names.
func Builtins() []string {
	return []string{
		"domain", "environment", "namespace", "popCode", "popId", "product", "replicas",
		"storage", "storageClass", "tenantCode", "tenantId", "tenantName", "version",
	}
}

// schema is the compiled JSON Schema of a version's parameters.
type schema struct {
	compiled *jsonschema.Schema
	names    []string // sorted
	secrets  []string // of names: those that are writeOnly
	defaults map[string]any
}

// compileSchema checks and compiles the JSON Schema of a version's parameters.
// Beyond what JSON Schema asks, unknown keywords are refused (a misspelt one
// would check nothing), every parameter is a scalar, and each has a default or
// is required: so every parameter has a value in every overlay.
func compileSchema(doc map[string]any) (*schema, []error) {
	if doc == nil {
		doc = map[string]any{}
	}
	doc = maps.Clone(doc)
	s := &schema{defaults: map[string]any{}}
	faults := checkTop(doc)
	required, err := stringList(doc["required"])
	if err != nil {
		faults = append(faults, fault.Hintf("list the names of parameters", "parameters: required: %w", err))
	}
	properties, _ := doc["properties"].(map[string]any)
	if len(properties) > maxParameters {
		return nil, append(faults, fault.Hintf("use fewer", "parameters: %d properties, at most %d are allowed", len(properties), maxParameters))
	}
	s.names = slices.Sorted(maps.Keys(properties))
	for _, name := range s.names {
		def, hasDefault, errs := checkProperty(name, properties[name])
		if hasDefault {
			s.defaults[name] = def
		}
		if p, _ := properties[name].(map[string]any); p["writeOnly"] == true {
			s.secrets = append(s.secrets, name)
		}
		if !hasDefault && !slices.Contains(required, name) {
			errs = append(errs, fault.Hintf("give it a default, or list it in required", "it may be without a value"))
		}
		for _, e := range errs {
			faults = append(faults, fmt.Errorf("parameter %q: %w", name, e))
		}
	}
	for _, name := range required {
		if _, ok := properties[name]; !ok {
			faults = append(faults, fault.Hintf(didYouMean(name, s.names), "parameters: required %q is no property", name))
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	doc["type"], doc["additionalProperties"] = "object", false
	s.compiled, err = compile(doc)
	if err != nil {
		return nil, []error{err}
	}
	return s, s.checkDefaults()
}

// checkTop checks the keywords of the schema itself.
func checkTop(doc map[string]any) []error {
	var faults []error
	refuse := func(hint, format string, args ...any) {
		faults = append(faults, fault.Hintf(hint, "parameters: "+format, args...))
	}
	allowed := append(combiners(), "$schema", "$defs", "$comment", "title", "description", "type",
		"properties", "required", "additionalProperties", "dependentRequired", "dependentSchemas", "examples")
	for _, k := range slices.Sorted(maps.Keys(doc)) {
		if !slices.Contains(allowed, k) {
			refuse(didYouMean(k, allowed), "keyword %q is not allowed", k)
		}
	}
	if t, ok := doc["type"]; ok && t != "object" {
		refuse("write type: object", "type %q is not object", fmt.Sprint(t))
	}
	if a, ok := doc["additionalProperties"]; ok && a != false {
		refuse("write additionalProperties: false", "only declared parameters are taken")
	}
	if p, ok := doc["properties"]; ok {
		if _, ok := p.(map[string]any); !ok {
			refuse("map names to schemas", "properties is not a mapping")
		}
	}
	const draft = "https://json-schema.org/draft/2020-12/schema"
	if s, ok := doc["$schema"]; ok && s != draft {
		refuse("write "+draft, "$schema %q is unknown", fmt.Sprint(s))
	}
	return append(faults, checkRefs(doc)...)
}

func combiners() []string {
	return []string{"$ref", "allOf", "anyOf", "oneOf", "not", "if", "then", "else"}
}

// checkProperty checks one parameter and returns its default.
func checkProperty(name string, value any) (def any, hasDefault bool, faults []error) {
	refuse := func(hint, format string, args ...any) {
		faults = append(faults, fault.Hintf(hint, format, args...))
	}
	if !ident.IsParameter(name) {
		refuse("use a name such as maxConnections", "the name is not of the form [a-z][A-Za-z0-9]*")
	}
	if slices.Contains(Builtins(), name) {
		refuse("choose another name", "the name is built in")
	}
	p, ok := value.(map[string]any)
	if !ok {
		refuse("write a schema such as {type: string, default: \"\"}", "it is not a mapping")
		return nil, true, faults
	}
	allowed := append(combiners(), "type", "title", "description", "default", "enum", "const", "examples", "deprecated", "$comment",
		"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern", "format", "writeOnly")
	for _, k := range slices.Sorted(maps.Keys(p)) {
		if !slices.Contains(allowed, k) {
			refuse(didYouMean(k, allowed), "keyword %q is not allowed", k)
		}
	}
	if t, _ := p["type"].(string); !slices.Contains([]string{"string", "integer", "number", "boolean"}, t) {
		refuse("use string, integer, number or boolean", "type %q is no scalar", fmt.Sprint(p["type"]))
	}
	if w, ok := p["writeOnly"]; ok && (w != true || p["type"] != "string") {
		refuse("write {type: string, writeOnly: true}: its value is the name of a Secret", "writeOnly %q does not mark a secret", fmt.Sprint(w))
	}
	if f, ok := p["format"]; ok && !slices.Contains(formats(), fmt.Sprint(f)) {
		refuse(didYouMean(fmt.Sprint(f), formats()), "format %q is unknown", fmt.Sprint(f))
	}
	def, hasDefault = p["default"]
	return def, hasDefault, faults
}

// formats are those that the validator enforces; any other would check nothing.
func formats() []string {
	return []string{"date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "regex", "semver", "time", "uri", "uuid"}
}

// checkRefs refuses references that leave the document, anywhere in v.
func checkRefs(v any) []error {
	var faults []error
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			switch k {
			case "$ref":
				if s, ok := v[k].(string); !ok || !strings.HasPrefix(s, "#/$defs/") {
					faults = append(faults, fault.Hintf("refer to #/$defs/...", "parameters: $ref %q leaves the document", fmt.Sprint(v[k])))
				}
			case "$dynamicRef", "$id", "$anchor", "$dynamicAnchor", "$vocabulary":
				faults = append(faults, fault.Hintf("remove it", "parameters: keyword %q is not allowed", k))
			default:
				faults = append(faults, checkRefs(v[k])...)
			}
		}
	case []any:
		for _, x := range v {
			faults = append(faults, checkRefs(x)...)
		}
	}
	return faults
}

// compile compiles a schema that may load nothing.
func compile(doc map[string]any) (*jsonschema.Schema, error) {
	const url = "urn:sluice:parameters"
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.UseLoader(noLoader{})
	if err := c.AddResource(url, doc); err != nil {
		return nil, fmt.Errorf("parameters: compiling schema: %w", err)
	}
	compiled, err := c.Compile(url)
	if err != nil {
		return nil, fault.Hintf("write a valid JSON Schema, draft 2020-12", "parameters: %s", schemaFault(err))
	}
	return compiled, nil
}

// noLoader refuses to load a schema from anywhere.
type noLoader struct{}

var _ jsonschema.URLLoader = noLoader{}

// Load fails.
func (noLoader) Load(url string) (any, error) {
	return nil, fault.Hintf("refer to #/$defs/...", "schema %q is not in the document", url)
}

// checkDefaults checks each default against its own property, so that a bad
// one is found when the version is published and not when a tenant buys it.
func (s *schema) checkDefaults() []error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(s.defaults)) {
		value, err := scalar(s.defaults[name])
		if err != nil {
			faults = append(faults, fmt.Errorf("parameter %q: default: %w", name, err))
			continue
		}
		s.defaults[name] = value
		if s.secret(name, value) {
			faults = append(faults, fmt.Errorf("parameter %q: default: %w", name, errSecret))
		}
		if err := s.compiled.Properties[name].Validate(value); err != nil {
			faults = append(faults, fault.Hintf("mend the default or the schema", "parameter %q: default %s: %s", name, quote(text(value)), schemaFault(err)))
		}
	}
	return faults
}

func stringList(v any) ([]string, error) {
	if v == nil {
		return nil, nil
	}
	items, ok := v.([]any)
	if !ok {
		return nil, errors.New("it is not a list")
	}
	var out []string
	for _, i := range items {
		s, ok := i.(string)
		if !ok {
			return nil, fmt.Errorf("%v is not a string", i)
		}
		out = append(out, s)
	}
	return out, nil
}

// didYouMean is the hint for a name that is none of those allowed.
func didYouMean(name string, allowed []string) string {
	if len(allowed) == 0 {
		return "remove it: the version takes no parameters"
	}
	return fault.DidYouMean(name, allowed, "allowed are "+fault.List(allowed))
}

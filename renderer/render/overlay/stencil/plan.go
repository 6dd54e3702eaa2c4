package stencil

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/utils"
	"sigs.k8s.io/kustomize/kyaml/yaml"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// Plan is what the files of a base say about how values go into its overlays.
type Plan struct {
	base       *tree.Dir
	delimiters delimiters
	splits     bool                   // there are delimiters
	sources    map[string]*delimiters // parameters that replacements read, and at what they are split
	allSources bool                   // a replacement reads parameters in a way that is not followed
	followed   bool                   // it is known of each value where it is split
	writes     []write
	ofSpace    delimiters // at which the namespace may be split
	ofTenant   delimiters
	shared     map[string]bool // keys of labels and the like that many fields have as one
	paths      [][]string      // field paths that replacements write
	selectors  [][]string      // fields of list elements that field paths select by
	names      map[string]bool // texts that may be the name of an object
	spaces     map[string]bool // texts that may be a namespace
	renames    bool            // names may get prefixes and suffixes
}

// NewPlan reads a base. It refuses features whose result could depend on
// values in a way that sentinels do not show.
func NewPlan(base *tree.Dir) (*Plan, error) {
	p := &Plan{base: base, followed: true, sources: map[string]*delimiters{}, names: map[string]bool{}, spaces: map[string]bool{"": true, "default": true},
		shared: map[string]bool{manifest.LabelTenant: true, "namespace": true, "name": true}}
	data, err := base.Read("replacements.yaml")
	if err != nil {
		return nil, err
	}
	list, err := replacements(data)
	if err != nil {
		return nil, fmt.Errorf("reading replacements.yaml: %w", err)
	}
	for i, r := range list {
		if err := p.replacement(r); err != nil {
			return nil, fmt.Errorf("reading replacements.yaml: replacement %d: %w", i, err)
		}
	}
	if err := p.nested(); err != nil {
		return nil, err
	}
	err = base.Walk(p.file)
	p.trace()
	return p, err
}

// replacements decodes a file as kustomize does: one replacement or a list.
func replacements(data []byte) ([]types.Replacement, error) {
	var list []types.Replacement
	if err := sigsyaml.Unmarshal(data, &list); err == nil {
		return list, nil
	}
	var one types.Replacement
	err := sigsyaml.Unmarshal(data, &one)
	return []types.Replacement{one}, err
}

func (p *Plan) replacement(r types.Replacement) error {
	parameter := ""
	if r.Source == nil {
		p.followed = false
	} else {
		s := r.Source
		if s.Namespace != "" {
			return errors.New("selects its source by namespace")
		}
		if err := p.options(s.Options); err != nil {
			return err
		}
		path := utils.SmarterPathSplitter(s.FieldPath, ".")
		p.readPath(path)
		p.source(s, path)
		parameter = path[len(path)-1]
		p.followed = p.followed && plainSource(s, path)
		if o := s.Options; p.followed && o != nil {
			p.sources[parameter].add(o.Delimiter)
		}
	}
	for _, t := range r.Targets {
		if t == nil || t.Select == nil {
			return errors.New("has a target without select")
		}
		if err := p.target(t, parameter); err != nil {
			return err
		}
	}
	return nil
}

// source notes which parameter a replacement reads.
func (p *Plan) source(s *types.SourceSelector, path []string) {
	other := s.Kind != "" && s.Kind != "ConfigMap" || s.Name != "" && s.Name != "parameters"
	switch {
	case other || path[0] != "data" && path[0] != "*":
	case len(path) == 2 && path[0] == "data" && manifest.IsParameterName(path[1]):
		if p.sources[path[1]] == nil {
			p.sources[path[1]] = &delimiters{}
		}
	default:
		p.allSources = true
	}
}

// target notes what a target of a replacement of a parameter writes.
func (p *Plan) target(t *types.TargetSelector, parameter string) error {
	p.followed = p.followed && elsewhere(t.Select)
	for _, s := range append([]*types.Selector{t.Select}, t.Reject...) {
		if s != nil && (s.Namespace != "" || s.LabelSelector != "" || s.AnnotationSelector != "") {
			return errors.New("selects targets by namespace, label or annotation")
		}
	}
	if err := p.options(t.Options); err != nil {
		return err
	}
	fields := t.FieldPaths
	if len(fields) == 0 {
		fields = []string{types.DefaultReplacementFieldPath}
	}
	for _, field := range fields {
		if strings.Contains(field, "config.kubernetes.io") || strings.Contains(field, "kustomize") {
			return fmt.Errorf("writes %q, which kustomize reads", field)
		}
		path := utils.SmarterPathSplitter(field, ".")
		p.readPath(path)
		p.paths = append(p.paths, path)
		delimiter := ""
		if t.Options != nil {
			delimiter = t.Options.Delimiter
		}
		p.writes = append(p.writes, write{parameter, path, delimiter})
	}
	return nil
}

// readPath notes by which fields of list elements a path selects.
func (p *Plan) readPath(path []string) {
	for i, step := range path {
		if yaml.IsListIndex(step) {
			pattern := append(slices.Clone(path[:i]), "*")
			if key, _, _ := yaml.SplitIndexNameValue(step); key != "" {
				pattern = append(pattern, key)
			}
			p.selectors = append(p.selectors, pattern)
		}
	}
}

// options notes the delimiter. Letters and digits stand in sentinels and
// cannot delimit them.
func (p *Plan) options(o *types.FieldOptions) error {
	if o == nil {
		return nil
	}
	for i := range len(o.Delimiter) {
		c := o.Delimiter[i]
		if letter(c) || c >= '0' && c <= '9' || c >= 0x80 {
			return fmt.Errorf("splits at %q", o.Delimiter)
		}
		p.delimiters[c] = true
		p.splits = true
	}
	return nil
}

// nested refuses a path that may lead into a value which another one writes:
// kustomize would read the value as YAML.
func (p *Plan) nested() error {
	for _, short := range p.paths {
		for _, long := range p.paths {
			if len(short) < len(long) && compatible(short, long[:len(short)]) {
				return fmt.Errorf("reading replacements.yaml: %q leads into %q", strings.Join(long, "."), strings.Join(short, "."))
			}
		}
	}
	return nil
}

// compatible reports whether two field paths of equal length may name the same field.
func compatible(a, b []string) bool {
	for i := range a {
		if a[i] != b[i] && !many(a[i]) && !many(b[i]) {
			return false
		}
	}
	return true
}

// many reports whether a step may name several fields: a wildcard, an element
// of a list or a match in it.
func many(step string) bool {
	return step == "*" || yaml.IsListIndex(step) || strings.Trim(step, "-0123456789") == ""
}

// refused are the fields of a base's kustomizations whose effect reaches the
// overlay in ways that are not followed.
func refused(k *types.Kustomization) string {
	for field, n := range map[string]int{
		"vars": len(k.Vars), "configurations": len(k.Configurations), "crds": len(k.Crds),
		"openapi": len(k.OpenAPI), "helmCharts": len(k.HelmCharts), "helmChartInflationGenerator": len(k.HelmChartInflationGenerator),
	} {
		if n > 0 {
			return field
		}
	}
	return ""
}

// file reads one file of the base for what the plan has to know of it.
func (p *Plan) file(name string, data []byte) error {
	base := name[strings.LastIndexByte(name, '/')+1:]
	if slices.Contains(konfig.RecognizedKustomizationFileNames(), base) {
		var k types.Kustomization
		if err := k.Unmarshal(data); err != nil {
			return fmt.Errorf("reading %q: %w", name, err)
		}
		if field := refused(&k); field != "" {
			return fmt.Errorf("reading %q: uses %s", name, field)
		}
		p.share(&k)
		p.renames = p.renames || k.NamePrefix != "" || k.NameSuffix != "" || len(k.Transformers) > 0
	}
	p.texts(data, 0)
	return nil
}

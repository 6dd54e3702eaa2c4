package hermetic

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/utils"
	"sigs.k8s.io/kustomize/kyaml/yaml"
	sigsyaml "sigs.k8s.io/yaml"
)

// replacements checks the replacements of a kustomization.
func (s *scope) replacements(k *types.Kustomization) error {
	if err := s.replace(k.Replacements); err != nil {
		return s.fail("replacements", err)
	}
	return nil
}

// replace reads the replacements that stand in files and counts what they copy.
func (s *scope) replace(fields []types.ReplacementField) error {
	var all []types.Replacement
	for i, f := range fields {
		if f.Path == "" {
			all = append(all, f.Replacement)
			continue
		}
		list, err := s.replacementFile(f.Path)
		if err != nil {
			return fmt.Errorf("[%d].path: %w", i, err)
		}
		all = append(all, list...)
	}
	s.copies(all)
	return nil
}

// replacementFile reads a file that holds one replacement or a list of them,
// as kustomize does.
func (s *scope) replacementFile(ref string) ([]types.Replacement, error) {
	docs, data, err := s.yaml(ref)
	if err != nil {
		return nil, err
	}
	if len(docs) > 0 && len(docs[0].Content) > 0 && docs[0].Content[0].Kind == yaml.SequenceNode {
		var list []types.Replacement
		return list, sigsyaml.Unmarshal(data, &list)
	}
	var one types.Replacement
	err = sigsyaml.Unmarshal(data, &one)
	return []types.Replacement{one}, err
}

// copies counts what replacements add. A replacement whose source an earlier
// one may have written copies something that has grown; one that does not,
// copies at most what the objects held before.
func (s *scope) copies(all []types.Replacement) {
	before := s.load.clone()
	var written [][]string
	for _, r := range all {
		length := s.sourceSize(r, &before, written)
		for _, t := range r.Targets {
			if t == nil || t.Select == nil {
				continue
			}
			paths := t.FieldPaths
			if len(paths) == 0 {
				paths = []string{types.DefaultReplacementFieldPath}
			}
			for _, p := range paths {
				on := s.load.selected(t.Select.Kind)
				places := 1
				if split := utils.SmarterPathSplitter(p, "."); slices.Contains(split, "*") {
					places = max(1, on.nodes)
				}
				s.load.grow(times(on.count, places, length))
				s.load.enlarge(t.Select.Kind, times(places, length))
				written = append(written, utils.SmarterPathSplitter(p, "."))
				s.load.fluid = s.load.fluid || p == "kind"
			}
		}
	}
}

// sourceSize returns an upper bound of the bytes that a replacement copies to one place.
func (s *scope) sourceSize(r types.Replacement, before *load, written [][]string) int {
	if r.SourceValue != nil {
		return len(*r.SourceValue)
	}
	if r.Source == nil {
		return 0
	}
	from := before
	path := utils.SmarterPathSplitter(r.Source.FieldPath, ".")
	if slices.ContainsFunc(written, func(w []string) bool { return overlap(w, path) }) {
		from = &s.load
	}
	return from.selected(r.Source.Kind).largest
}

// overlap reports whether one of two field paths may lead into the other.
func overlap(a, b []string) bool {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] && !wild(a[i]) && !wild(b[i]) {
			return false
		}
	}
	return true
}

// wild reports whether a step of a field path may name more than one field:
// a wildcard, an index or a match in a list.
func wild(step string) bool {
	return step == "*" || strings.HasPrefix(step, "[") || strings.Trim(step, "0123456789-") == ""
}

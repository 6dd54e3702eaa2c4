package stencil

import (
	"regexp"

	"sigs.k8s.io/kustomize/api/types"

	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// A value is split where its replacement says so, and where it stands when
// a later replacement splits the field. Only the delimiters of these are of
// account: `<code>.swg.<domain>` is made of a domain with any dots, because
// what is written last is not split again.

// write is one field path of one target, in the order in which they are written.
type write struct {
	parameter string
	path      []string
	delimiter string
}

// splitting returns the delimiters at which the i-th value may be split.
func (p *Plan) splitting(f *Form, i int) *delimiters {
	switch {
	case !p.followed:
		return &p.delimiters
	case i == 0:
		return &p.ofSpace
	case i == 1:
		return &p.ofTenant
	}
	if d := p.sources[f.Keys[i-2]]; d != nil {
		return d
	}
	return &p.delimiters // nobody reads it
}

// trace fills in the delimiters of each value. It is called when all
// replacements are read.
func (p *Plan) trace() {
	if !p.followed {
		return
	}
	for i, first := range p.writes {
		for _, later := range p.writes[i+1:] {
			if p.meet(first.path, later.path) {
				p.sources[first.parameter].add(later.delimiter)
			}
		}
		last := first.path[len(first.path)-1]
		if many(last) || last == "namespace" || last == "name" {
			p.ofSpace.add(first.delimiter)
		}
		if many(last) || last == manifest.LabelTenant {
			p.ofTenant.add(first.delimiter)
		}
	}
}

// meet reports whether two field paths may name one field. kustomize gives
// a label to many fields of an object as one node: a value that is written to
// one of them stands in all.
func (p *Plan) meet(a, b []string) bool {
	last := a[len(a)-1]
	return len(a) == len(b) && compatible(a, b) || p.shared[last] && b[len(b)-1] == last
}

// share notes the labels and annotations that a kustomization gives to objects.
func (p *Plan) share(k *types.Kustomization) {
	all := []map[string]string{k.CommonLabels, k.CommonAnnotations}
	for _, l := range k.Labels {
		all = append(all, l.Pairs)
	}
	for _, pairs := range all {
		for key := range pairs {
			p.shared[key] = true
		}
	}
	if len(k.Transformers) > 0 { // they do what they like
		p.followed = false
	}
}

// plainSource reports whether a replacement reads nothing but one parameter.
func plainSource(s *types.SourceSelector, path []string) bool {
	return s != nil && s.Kind == "ConfigMap" && s.Name == "parameters" && s.Group == "" && s.Version == "" &&
		len(path) == 2 && path[0] == "data" && manifest.IsParameterName(path[1])
}

// word is a kind or a name that is no pattern: kustomize takes both as regular expressions.
var word = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

// elsewhere reports whether a selector cannot mean the parameters themselves.
func elsewhere(s *types.Selector) bool {
	return word.MatchString(s.Kind) && s.Kind != "ConfigMap" || word.MatchString(s.Name) && s.Name != "parameters"
}

// add adds the characters of a delimiter.
func (d *delimiters) add(delimiter string) {
	for i := range len(delimiter) {
		d[delimiter[i]] = true
	}
}

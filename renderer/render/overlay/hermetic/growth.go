package hermetic

import (
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// patches checks patches and counts what they may add to the objects they select.
func (s *scope) patches(k *types.Kustomization) error {
	for i, p := range k.PatchesStrategicMerge {
		if err := s.patch(types.Patch{Path: string(p)}, true); err != nil {
			return s.fail(fmt.Sprintf("patchesStrategicMerge[%d]", i), err)
		}
	}
	for field, list := range map[string][]types.Patch{"patches": k.Patches, "patchesJson6902": k.PatchesJson6902} {
		for i, p := range list {
			if err := s.patch(p, false); err != nil {
				return s.fail(fmt.Sprintf("%s[%d]", field, i), err)
			}
		}
	}
	return nil
}

// patch checks one patch. Where inline is set, what is called a path may also
// be the text of the patch.
func (s *scope) patch(p types.Patch, inline bool) error {
	docs, bytes, err := s.patchText(p, inline)
	if err != nil {
		return err
	}
	if p.Options != nil && p.Options.AllowKindChange {
		s.load.fluid = true
	}
	kind := ""
	if p.Target != nil {
		kind = p.Target.Kind
	}
	s.apply(kind, docs, bytes)
	return nil
}

// patchText returns the documents of a patch and their size.
func (s *scope) patchText(p types.Patch, inline bool) ([]*yaml.Node, int, error) {
	ref, content := p.Path, p.Patch
	if inline && !s.isFile(ref) {
		ref, content = "", ref
		if Remote(content) {
			return nil, 0, remoteText(content)
		}
	}
	if ref != "" {
		docs, data, err := s.yaml(ref)
		return docs, len(data), err
	}
	docs, sized, err := documents([]byte(content), s.limits)
	s.load.size = s.load.plus(sized)
	return docs, len(content), err
}

// apply counts a patch of some bytes on every object of a kind. Copy
// operations of JSON patches may double the object each time.
func (s *scope) apply(kind string, docs []*yaml.Node, bytes int) {
	copies, compared := 0, 0
	for _, doc := range docs {
		compared = min(compared+allPairs(doc), huge)
		eachScalar(doc, func(v string) {
			if v == "copy" {
				copies++
			}
			if v == "/kind" {
				s.load.fluid = true
			}
		})
	}
	on := s.load.selected(kind)
	each := bytes
	for range min(copies, 50) {
		each = min(2*each+on.largest, huge)
	}
	s.load.compare(times(on.count, compared))
	s.load.grow(times(on.count, each))
	s.load.enlarge(kind, each)
}

// eachScalar calls f for every scalar below n, aliases not followed.
func eachScalar(n *yaml.Node, f func(string)) {
	if n.Kind == yaml.ScalarNode {
		f(n.Value)
	}
	for _, child := range n.Content {
		eachScalar(child, f)
	}
}

// allPairs returns the pairs of all mappings of a document that was measured,
// aliases with what they stand for.
func allPairs(n *yaml.Node) int {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	all := pairs(n)
	for _, child := range n.Content {
		all += allPairs(child)
	}
	return all
}

// builtinSpecs is more than the number of places into which kustomize's own
// field specs put one label, annotation, prefix or namespace of an object.
const builtinSpecs = 50

// meta counts names, namespaces, labels, annotations and images.
func (s *scope) meta(k *types.Kustomization) error {
	s.load.grow(times(s.load.nodes, len(k.NamePrefix)+len(k.NameSuffix)+len(k.Namespace)))
	bytes := 0
	pairs := []map[string]string{k.CommonLabels, k.CommonAnnotations}
	specs := builtinSpecs
	for _, l := range k.Labels {
		pairs = append(pairs, l.Pairs)
		specs += len(l.FieldSpecs)
	}
	for _, m := range pairs {
		bytes += pairBytes(m)
	}
	specs += s.configured(k.Configurations)
	s.load.grow(times(times(s.load.objects, specs)+s.load.nodes, bytes))
	image := 0
	for _, i := range k.Images {
		image = max(image, len(i.NewName)+len(i.NewTag)+len(i.Digest)+len(i.TagSuffix))
	}
	s.load.grow(times(s.load.nodes, image))
	if s.annotated {
		transformers := builtinSpecs + len(k.Patches) + len(k.PatchesJson6902) + len(k.Images) + len(k.Labels) + len(k.Transformers)
		s.load.grow(times(s.load.objects, transformers, origin+len(s.file)))
	}
	return nil
}

// origin is more than the bytes that buildMetadata adds to an object for one
// transformer, the file's name aside.
const origin = 300

// configured returns an upper bound of the field specs in files that were checked before.
func (s *scope) configured(refs []string) int {
	n := 0
	for _, ref := range refs {
		if _, e, err := s.find(ref); err == nil {
			n += strings.Count(string(e.Data), "\n") + strings.Count(string(e.Data), ",")
		}
	}
	return n
}

// variables counts the copies of vars into the places that refer to them.
func (s *scope) variables(k *types.Kustomization) error {
	if len(k.Vars) > 0 {
		s.load.grow(times(s.load.variables, s.load.selected("").largest))
	}
	return nil
}

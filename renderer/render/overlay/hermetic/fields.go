package hermetic

import (
	"bytes"
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// fields checks a kustomization in the order in which kustomize works.
func (s *scope) fields(k *types.Kustomization) error {
	if s.plugins {
		if err := s.plain(k); err != nil {
			return err
		}
	}
	steps := []func(*types.Kustomization) error{
		s.charts, s.resources, s.settings, s.generated, s.generators, s.components,
		s.patches, s.meta, s.replacements, s.transformers, s.variables,
	}
	for _, step := range steps {
		if err := step(k); err != nil {
			return err
		}
	}
	return nil
}

// charts refuses what would start the helm binary.
func (s *scope) charts(k *types.Kustomization) error {
	if len(k.HelmCharts) == 0 {
		return nil
	}
	return s.fail("helmCharts", fault.Hintf("make the chart a component of source helm, or inflate it into the tree",
		"chart %s would have to be inflated by a helm process", quote(k.HelmCharts[0].Name)))
}

// resources checks the objects and directories that a kustomization collects.
func (s *scope) resources(k *types.Kustomization) error {
	for i, ref := range k.Resources {
		if err := s.resource(ref, false); err != nil {
			return s.fail(fmt.Sprintf("resources[%d]", i), err)
		}
	}
	return nil
}

// resource adds a file of objects or a directory. With plugins set the
// objects configure plugins.
func (s *scope) resource(ref string, plugins bool) error {
	name, e, err := s.find(ref)
	if err != nil {
		return err
	}
	if e.Dir != nil {
		l, err := s.kustomization(name, plugins || s.plugins)
		if err != nil {
			return err
		}
		s.load.add(l)
		return nil
	}
	docs, data, err := s.yaml(ref)
	if err != nil {
		return err
	}
	s.load.variables += bytes.Count(data, []byte("$("))
	for _, doc := range docs {
		if err := s.object(doc, plugins || s.plugins); err != nil {
			return fmt.Errorf("%s: %w", quote(ref), err)
		}
	}
	return nil
}

// object counts the object of a document, or those of a list.
func (s *scope) object(n *yaml.Node, plugins bool) error {
	if n.Kind == yaml.DocumentNode && len(n.Content) == 1 {
		n = n.Content[0]
	}
	if plugins {
		return s.plugin(n)
	}
	kind := text(n, "kind")
	if v := value(n, "kind"); v != nil && v.Kind != yaml.ScalarNode {
		s.load.fluid = true // an alias: whatever it stands for
	}
	if items := value(n, "items"); items != nil && items.Kind == yaml.SequenceNode && strings.HasSuffix(kind, "List") {
		for _, item := range items.Content {
			if err := s.object(item, plugins); err != nil {
				return err
			}
		}
		return nil
	}
	sized, err := meter{s.limits, map[*yaml.Node]span{}}.measure(n, 0)
	if err != nil {
		// An item of a list may use an anchor of another: counting it whole is safe.
		sized = span{size: size{bytes: s.load.bytes, nodes: s.load.nodes, pairs: s.load.pairs}}
	}
	s.load.object(kind, sized.size)
	return nil
}

// value returns the value of a key of a mapping, nil if there is none.
func value(n *yaml.Node, key string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// text returns the scalar at a key of a mapping, "" if there is none.
func text(n *yaml.Node, key string) string {
	if v := value(n, key); v != nil {
		return v.Value
	}
	return ""
}

// settings checks the files that change how kustomize works.
func (s *scope) settings(k *types.Kustomization) error {
	for field, refs := range map[string][]string{"configurations": k.Configurations, "crds": k.Crds} {
		for i, ref := range refs {
			if _, _, err := s.yaml(ref); err != nil {
				return s.fail(fmt.Sprintf("%s[%d]", field, i), err)
			}
		}
	}
	if ref, ok := k.OpenAPI["path"]; ok {
		if _, _, err := s.yaml(ref); err != nil {
			return s.fail("openapi.path", err)
		}
	}
	return nil
}

// generated checks the files that go into generated ConfigMaps and Secrets.
func (s *scope) generated(k *types.Kustomization) error {
	common := optionBytes(k.GeneratorOptions)
	for i, g := range k.ConfigMapGenerator {
		if err := s.sources("ConfigMap", g.GeneratorArgs, common); err != nil {
			return s.fail(fmt.Sprintf("configMapGenerator[%d].%s", i, g.Name), err)
		}
	}
	for i, g := range k.SecretGenerator {
		if err := s.sources("Secret", g.GeneratorArgs, common); err != nil {
			return s.fail(fmt.Sprintf("secretGenerator[%d].%s", i, g.Name), err)
		}
	}
	return nil
}

// frame is more than the bytes of a generated object without data and names.
const frame = 200

// optionBytes returns the bytes that options add to a generated object.
func optionBytes(o *types.GeneratorOptions) int {
	if o == nil {
		return 0
	}
	return pairBytes(o.Labels) + pairBytes(o.Annotations)
}

// pairBytes returns the bytes that labels or annotations add to an object.
func pairBytes(pairs map[string]string) int {
	n := 0
	for key, v := range pairs {
		n += len(key) + len(v) + 16
	}
	return n
}

func (s *scope) sources(kind string, g types.GeneratorArgs, common int) error {
	total := size{bytes: frame + common + optionBytes(g.Options) + len(g.Name) + len(g.Namespace), nodes: 10}
	for _, ref := range append(g.EnvSources, g.FileSources...) {
		key, after, ok := strings.Cut(ref, "=")
		if ok {
			ref = after
		}
		data, err := s.data(ref)
		if err != nil {
			return err
		}
		total.bytes += len(key) + 2*len(data) // base64 in Secrets
		total.nodes += 1 + bytes.Count(data, []byte("\n"))
	}
	for _, literal := range g.LiteralSources {
		total = total.plus(size{bytes: 2 * len(literal), nodes: 1})
	}
	total.pairs = total.nodes * total.nodes
	s.load.object(kind, total)
	return nil
}

// components checks the directories that go on with the objects collected so far.
func (s *scope) components(k *types.Kustomization) error {
	for i, ref := range k.Components {
		name, e, err := s.find(ref)
		if err == nil && e.Dir == nil {
			err = fault.Hintf("name a directory", "%s is a file", quote(ref))
		}
		if err == nil {
			s.load, err = s.component(name, s.load)
		}
		if err != nil {
			return s.fail(fmt.Sprintf("components[%d]", i), err)
		}
	}
	return nil
}

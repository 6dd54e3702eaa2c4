package hermetic

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/yaml"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

const hintPlugin = "use the fields of kustomization.yaml, or one of kustomize's built-in plugins"

// remoteText refuses a text that could be taken for something remote.
func remoteText(s string) error {
	return fault.Hintf(hintLocal, "%s is remote", quote(s))
}

// generators checks the plugins that make objects.
func (s *scope) generators(k *types.Kustomization) error {
	return s.pluginField("generators", k.Generators)
}

// transformers checks the plugins that change or judge objects.
func (s *scope) transformers(k *types.Kustomization) error {
	if err := s.pluginField("transformers", k.Transformers); err != nil {
		return err
	}
	return s.pluginField("validators", k.Validators)
}

func (s *scope) pluginField(field string, entries []string) error {
	for i, entry := range entries {
		if err := s.pluginEntry(entry); err != nil {
			return s.fail(fmt.Sprintf("%s[%d]", field, i), err)
		}
	}
	return nil
}

// pluginEntry checks a configuration that stands in the kustomization itself,
// in a file or in a directory; kustomize tries them in this order.
func (s *scope) pluginEntry(entry string) error {
	if s.exists(entry) {
		return s.resource(entry, true)
	}
	if Remote(entry) {
		return remoteText(entry)
	}
	docs, sized, err := documents([]byte(entry), s.limits)
	if err != nil {
		return err
	}
	s.load.size = s.load.plus(sized)
	if len(docs) == 0 || len(docs[0].Content) == 0 || docs[0].Content[0].Kind != yaml.MappingNode {
		_, _, err := s.find(entry)
		return err
	}
	for _, doc := range docs {
		if err := s.object(doc, true); err != nil {
			return err
		}
	}
	return nil
}

// exists reports whether ref names something in the tree.
func (s *scope) exists(ref string) bool {
	_, _, err := s.find(ref)
	return err == nil
}

// isFile reports whether ref names a file in the tree.
func (s *scope) isFile(ref string) bool {
	_, e, err := s.find(ref)
	return err == nil && e.Dir == nil
}

// plugin checks the configuration of one plugin. Its keys are found without
// regard to case, as kustomize finds them.
func (s *scope) plugin(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode && n.Tag == yaml.NodeTagNull {
		return nil // an empty document
	}
	if n.Kind != yaml.MappingNode {
		return fault.Hintf(hintPlugin, "line %d: a plugin's configuration is no mapping", n.Line)
	}
	kind := text(n, "kind")
	switch {
	case value(n, "kind") == nil || value(n, "kind").Kind != yaml.ScalarNode:
		return fault.Hintf(hintPlugin, "line %d: a plugin's configuration has no plain kind", n.Line)
	case text(n, "apiVersion") != "builtin":
		return fault.Hintf(hintPlugin, "plugin %s is not built into kustomize", quote(kind))
	case strings.HasSuffix(kind, "List"):
		return fault.Hintf(hintPlugin, "plugin %s may hide others", quote(kind))
	case strings.HasPrefix(kind, "HelmChart"):
		return fault.Hintf("make the chart a component of source helm, or inflate it into the tree", "plugin %s would start helm", quote(kind))
	}
	fields, raw, err := decode(n)
	if err != nil {
		return fmt.Errorf("plugin %s: %w", quote(kind), err)
	}
	for key, v := range fields {
		if err := s.pluginKey(known(key), v); err != nil {
			return fmt.Errorf("plugin %s: %s: %w", quote(kind), key, err)
		}
	}
	s.load.fluid = true // a patch may change the kind
	s.apply("", []*yaml.Node{n}, times(builtinSpecs+n.Line+len(n.Content), len(raw)))
	if strings.HasSuffix(kind, "Generator") {
		s.load.object("ConfigMap", size{bytes: 2 * len(raw), nodes: len(raw)})
	}
	return nil
}

// pluginKeys are the keys whose values need a check.
var pluginKeys = []string{
	"path", "paths", "envs", "env", "files", "targetFilePath", "valuesFile", "patch", "patches", "jsonOp", "replacements",
}

// known returns the key that kustomize's decoder takes key for.
func known(key string) string {
	for _, k := range pluginKeys {
		if strings.EqualFold(k, key) {
			return k
		}
	}
	return ""
}

// decode returns the fields of a configuration and its text.
func decode(n *yaml.Node) (map[string]any, []byte, error) {
	raw, err := yaml.Marshal(n)
	if err != nil {
		return nil, nil, err
	}
	fields := map[string]any{}
	return fields, raw, sigsyaml.Unmarshal(raw, &fields)
}

// pluginKey checks the value of one key of a plugin's configuration.
func (s *scope) pluginKey(key string, v any) error {
	switch key {
	case "path", "paths", "envs", "env", "files", "targetFilePath", "valuesFile":
		return s.pluginFiles(key, v)
	case "patch", "patches", "jsonOp":
		if t, ok := v.(string); ok {
			return s.patch(types.Patch{Patch: t}, false)
		}
	case "replacements":
		var fields []types.ReplacementField
		raw, err := json.Marshal(v)
		if err == nil {
			err = json.Unmarshal(raw, &fields)
		}
		if err != nil {
			return err
		}
		return s.replace(fields)
	}
	return nil
}

// pluginFiles checks a value that names files: a string or a list of strings.
func (s *scope) pluginFiles(key string, v any) error {
	switch v := v.(type) {
	case string:
		return s.pluginFile(key, v)
	case []any:
		for _, item := range v {
			if err := s.pluginFiles(key, item); err != nil {
				return err
			}
		}
	}
	return nil
}

// pluginFile checks one name of a file. Where kustomize would take the value
// for the content instead, it is checked as content.
func (s *scope) pluginFile(key, ref string) error {
	switch key {
	case "files":
		if _, after, ok := strings.Cut(ref, "="); ok {
			ref = after
		}
		_, err := s.data(ref)
		return err
	case "env", "envs":
		data, err := s.data(ref)
		lines := bytes.Count(data, []byte("\n"))
		s.load.compare(lines * lines)
		return err
	}
	return s.patch(types.Patch{Path: ref}, key == "paths")
}

// plain refuses, in a directory whose objects configure plugins, everything
// that could make a path out of parts after it was checked.
func (s *scope) plain(k *types.Kustomization) error {
	for field, n := range map[string]int{
		"patches": len(k.Patches), "patchesJson6902": len(k.PatchesJson6902), "replacements": len(k.Replacements),
		"patchesStrategicMerge": len(k.PatchesStrategicMerge), "vars": len(k.Vars), "components": len(k.Components),
		"configurations": len(k.Configurations), "transformers": len(k.Transformers), "generators": len(k.Generators),
		"validators": len(k.Validators), "crds": len(k.Crds), "openapi": len(k.OpenAPI), "images": len(k.Images),
		"configMapGenerator": len(k.ConfigMapGenerator), "secretGenerator": len(k.SecretGenerator),
	} {
		if n > 0 {
			return s.fail(field, fault.Hintf("write the plugin's configuration as it is to be",
				"not supported in a directory that configures plugins"))
		}
	}
	return nil
}

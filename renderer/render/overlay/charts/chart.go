package charts

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/provider"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/yaml"
	"sigs.k8s.io/kustomize/kyaml/yaml/merge2"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/render/overlay/hermetic"
)

// chart renders one chart to marked manifests.
func (x *expander) chart(dir, home string, c types.HelmChart) ([]byte, error) {
	if err := legal(c); err != nil {
		return nil, err
	}
	at, err := hermetic.Local(dir, home)
	if err != nil {
		return nil, fmt.Errorf("chartHome: %w", err)
	}
	if c.Version != "" && c.Repo != "" {
		at = path.Join(at, c.Name+"-"+c.Version)
	}
	at = path.Join(at, c.Name)
	e, ok := x.dir.Lookup(at)
	if !ok || e.Dir == nil {
		return nil, fault.Hintf("vendor the chart there, unpacked", "no chart at %q", at)
	}
	values, err := x.values(dir, at, c)
	if err != nil {
		return nil, err
	}
	release := c.ReleaseName
	if release == "" {
		release = "release-name" // what helm template takes with and without --generate-name
	}
	out, err := x.inflater.Inflate(x.ctx, Chart{
		Files: e.Dir, Name: c.Name, Release: release, Namespace: c.Namespace, Values: values, APIVersions: c.ApiVersions,
		KubeVersion: c.KubeVersion, CRDs: c.IncludeCRDs, SkipTests: c.SkipTests, NoHooks: c.SkipHooks,
	})
	if err != nil {
		return nil, err
	}
	return mark(out, x.limits)
}

// legal refuses what kustomize refuses and what would need helm's network.
func legal(c types.HelmChart) error {
	switch {
	case c.Name == "" || strings.ContainsAny(c.Name, `/\:`) || c.Name == ".." || c.Name == ".":
		return fault.Hintf("name a directory of chartHome", "bad chart name")
	case strings.HasPrefix(c.Name, "-") || strings.HasPrefix(c.ReleaseName, "-"):
		return fault.Hintf("use another name", "chart and release names must not start with '-'")
	case strings.ContainsAny(c.Version, `/\:`):
		return fault.Hintf("use the chart's version", "bad version %q", c.Version)
	case c.NameTemplate != "":
		return fault.Hintf("set releaseName", "nameTemplate is not supported")
	case !slices.Contains([]string{"", "merge", "override", "replace"}, c.ValuesMerge):
		return fault.Hintf("use merge, override or replace", "bad valuesMerge %q", c.ValuesMerge)
	}
	return nil
}

// values returns the values files in helm's order: the chart's own or the
// given one, merged with the inline values, then the additional ones.
func (x *expander) values(dir, chart string, c types.HelmChart) ([][]byte, error) {
	file := c.ValuesFile
	if file == "" {
		at := path.Join(chart, "values.yaml")
		if dir != "." && !strings.HasPrefix(at, dir+"/") {
			return nil, fault.Hintf("set valuesFile", "%q is not in or below %q", at, dir)
		}
		file = strings.TrimPrefix(at, dir+"/")
	}
	first, err := x.load(dir, file)
	if err == nil && len(c.ValuesInline) > 0 {
		first, err = merged(first, c)
	}
	if err != nil {
		return nil, fmt.Errorf("valuesFile: %w", err)
	}
	all := [][]byte{first}
	for i, more := range c.AdditionalValuesFiles {
		data, err := x.load(dir, more)
		if err != nil {
			return nil, fmt.Errorf("additionalValuesFiles[%d]: %w", i, err)
		}
		all = append(all, data)
	}
	return all, nil
}

// load reads a file in or below the directory of the kustomization.
func (x *expander) load(dir, ref string) ([]byte, error) {
	at, err := hermetic.Local(dir, ref)
	if err != nil {
		return nil, err
	}
	if dir != "." && !strings.HasPrefix(at, dir+"/") {
		return nil, fault.Hintf("move it there", "%q is not in or below %q", at, dir)
	}
	data, err := x.dir.Read(at)
	if err != nil {
		return nil, fault.Hintf("add it, or name another", "no file %q", at)
	}
	return data, hermetic.Text(data, x.limits)
}

// merged returns the values of a file with the inline values put in, as
// kustomize's generator merges them.
func merged(file []byte, c types.HelmChart) ([]byte, error) {
	if c.ValuesMerge == "replace" {
		return sigsyaml.Marshal(c.ValuesInline)
	}
	base, err := yaml.Parse(string(file))
	if err != nil {
		return nil, fault.Hintf("mend the file", "parsing values: %s", flat(err))
	}
	inline, err := yaml.FromMap(c.ValuesInline)
	if err != nil {
		return nil, fault.Hintf("mend valuesInline", "parsing values: %s", flat(err))
	}
	var out *yaml.RNode
	if c.ValuesMerge == "merge" {
		out, err = merge2.Merge(base, inline.Copy(), yaml.MergeOptions{})
	} else {
		out, err = merge2.Merge(inline, base.Copy(), yaml.MergeOptions{})
	}
	if err != nil {
		return nil, fault.Hintf("mend valuesInline", "merging values: %s", flat(err))
	}
	m, err := out.Map()
	if err != nil {
		return nil, fault.Hintf("mend valuesInline", "merging values: %s", flat(err))
	}
	return sigsyaml.Marshal(m)
}

// mark gives every object the annotation by which kustomize knows objects of
// charts: their namespace is not transformed.
func mark(manifests []byte, limits hermetic.Limits) ([]byte, error) {
	if err := hermetic.Text(manifests, limits); err != nil {
		return nil, err
	}
	m, err := resmap.NewFactory(provider.NewDefaultDepProvider().GetResourceFactory()).NewResMapFromBytes(manifests)
	if err != nil {
		return nil, fault.Hintf("mend the chart", "its output is not a list of objects: %s", flat(err))
	}
	var b strings.Builder
	for _, r := range m.Resources() {
		if err := r.RNode.PipeE(yaml.SetAnnotation(konfig.HelmGeneratedAnnotation, "true")); err != nil {
			return nil, fmt.Errorf("marking an object: %w", err)
		}
		text, err := r.RNode.String()
		if err != nil {
			return nil, fmt.Errorf("writing an object: %w", err)
		}
		b.WriteString("---\n")
		b.WriteString(text)
	}
	return []byte(b.String()), nil
}

// flat returns the message of an error on one line.
func flat(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

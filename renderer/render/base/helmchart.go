package base

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/strict"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/chart"
)

// inflatedDir is the directory, beside a kustomization with helmCharts, that
// takes their place. No file of a catalog has such a name.
const inflatedDir = ".helmCharts"

// inflation is a version's files with what helmCharts make in their place, once
// for each mark.
type inflation struct {
	files, others map[string][]byte
	size          int // of all manifests, in bytes
}

// inflate puts what helmCharts make in their place. kustomize adds the objects
// of charts after what it generates and before components and patches, which is
// where the first component of a kustomization adds its resources.
func (b *builder) inflate(ctx context.Context) {
	b.files = b.version.Files
	all := b.version.HelmCharts()
	if len(all) == 0 {
		return
	}
	in := &inflation{files: b.files.Files(), others: b.files.Files()}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := in.kustomization(ctx, b.version.Files, name, all[name]); err != nil {
			b.add(fmt.Sprintf("kustomization %q", name), err)
		}
	}
	for _, to := range []struct {
		dir   **tree.Dir
		files map[string][]byte
	}{{&b.files, in.files}, {&b.others, in.others}} {
		dir, err := tree.FromFiles(to.files)
		if err != nil {
			b.add("helmCharts", err)
		}
		*to.dir = dir
	}
}

// kustomization inflates the charts of one kustomization of the version.
func (in *inflation) kustomization(ctx context.Context, version *tree.Dir, name string, charts []catalog.HelmChart) error {
	var resources []string
	dir := path.Join(path.Dir(name), inflatedDir)
	for i, x := range charts {
		docs, others, err := inflateEntry(ctx, version, x)
		if err != nil {
			return fmt.Errorf("chart %q: %w", x.Dir, err)
		}
		if in.size += len(docs); in.size > maxManifestBytes {
			return fault.Hintf("split the product", "helmCharts make more than %d bytes", maxManifestBytes)
		}
		file := fmt.Sprintf("%d.yaml", i)
		resources = append(resources, file)
		in.files[path.Join(dir, file)], in.others[path.Join(dir, file)] = docs, others
	}
	without, err := withoutCharts(in.files[name])
	if err != nil {
		return err
	}
	component, err := json.Marshal(map[string]any{"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component", "resources": resources})
	for _, files := range []map[string][]byte{in.files, in.others} {
		files[name], files[path.Join(dir, "kustomization.yaml")] = without, component
	}
	return err
}

// withoutCharts returns a kustomization whose helmCharts are its first component.
func withoutCharts(kustomization []byte) ([]byte, error) {
	var doc map[string]any
	if err := strict.YAML(kustomization, maxManifestBytes, &doc); err != nil {
		return nil, err
	}
	components, ok := doc["components"].([]any)
	if !ok && doc["components"] != nil {
		return nil, fault.Hintf("write a list of paths", "components: %.40v is no list", doc["components"])
	}
	delete(doc, "helmCharts")
	delete(doc, "helmGlobals")
	doc["components"] = append([]any{inflatedDir}, components...)
	return json.Marshal(doc)
}

// inflateEntry returns the manifests of an entry of helmCharts with either mark.
func inflateEntry(ctx context.Context, version *tree.Dir, x catalog.HelmChart) (manifests, others []byte, err error) {
	values, err := chartValues(ctx, version, x)
	if err != nil {
		return nil, nil, err
	}
	docs, other, err := inflate(ctx, version, x.Dir, chart.Release{Name: x.Release, Values: values, KubeVersion: x.KubeVersion, APIVersions: x.APIVersions})
	if err != nil {
		return nil, nil, err
	}
	skipped := func(d chart.Document) bool { return d.Hook && x.SkipHooks || d.Test && x.SkipTests }
	docs, other = slices.DeleteFunc(docs, skipped), slices.DeleteFunc(other, skipped)
	objects, err := chartObjects(docs)
	if err == nil && len(objects) == 0 {
		err = fault.Hintf("remove the entry, or give it values", "it makes no object")
	}
	return stream(docs), stream(other), err
}

// stream returns documents as `helm template` prints them.
func stream(docs []chart.Document) []byte {
	var b strings.Builder
	for _, d := range docs {
		b.WriteString(d.String())
	}
	return []byte(b.String())
}

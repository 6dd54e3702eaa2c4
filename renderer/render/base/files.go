package base

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// baseFiles returns the files of a base but its replacements, by path.
func baseFiles(v *catalog.Version, parts []part) (map[string][]byte, error) {
	files := map[string][]byte{manifest.GraphFile: graph(v).Encode()}
	var names []string
	active := []string{"../" + manifest.WorkloadsDir}
	var kept []object
	for _, p := range parts {
		data, err := encode(p.objects)
		if err != nil {
			return nil, err
		}
		if p.name == manifest.ComponentRoutes {
			files[manifest.ActiveDir+"/"+manifest.RoutesFile] = data
			active = append(active, manifest.RoutesFile)
			continue
		}
		names = append(names, p.name+".yaml")
		files[manifest.WorkloadsDir+"/"+p.name+".yaml"] = data
		kept = append(kept, p.claims()...)
	}
	slices.Sort(names)
	sortObjects(kept)
	data, err := encode(append(kept, marker(v)))
	if err != nil {
		return nil, err
	}
	files[manifest.RetainedDir+"/"+manifest.DataFile] = data
	for dir, k := range map[string][]byte{
		manifest.WorkloadsDir: kustomization(names, nil),
		manifest.ActiveDir:    kustomization(active, nil),
		manifest.SuspendedDir: kustomization([]string{"../" + manifest.WorkloadsDir}, suspension(v, parts)),
		manifest.RetainedDir:  kustomization([]string{manifest.DataFile}, nil),
	} {
		files[dir+"/kustomization.yaml"] = k
	}
	return files, nil
}

// autoscaledFiles adds the folder of what scales itself: the active one, and
// the autoscaler.
func autoscaledFiles(files map[string][]byte, scaler object) error {
	data, err := encode([]object{scaler})
	if err != nil {
		return err
	}
	files[manifest.AutoscaledDir+"/"+manifest.AutoscalerFile] = data
	files[manifest.AutoscaledDir+"/kustomization.yaml"] = kustomization([]string{"../" + manifest.ActiveDir, manifest.AutoscalerFile}, nil)
	return nil
}

// claims returns the claims of the part that outlive it.
func (p part) claims() []object {
	if p.data != catalog.DataKeep {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(p.objects), func(o object) bool { return !o.is("", "PersistentVolumeClaim") })
}

// marker is the object that a retained product always has: an Application
// without any would be taken for a failed rendering.
func marker(v *catalog.Version) object {
	fields := map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{"name": v.Name + "-retained"},
		"data":     map[string]any{"name": v.Name, "version": v.Version, "state": "retained"},
	}
	o := object{version: "v1", kind: "ConfigMap", name: v.Name + "-retained", fields: fields}
	mark{version: v, component: manifest.ComponentRetained, data: catalog.DataDelete}.apply(o)
	return o
}

// kustomization writes a kustomization of resources and patches.
func kustomization(resources []string, patches []patch) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n", manifest.Header)
	for _, r := range resources {
		fmt.Fprintf(&b, "- %s\n", r)
	}
	if len(patches) > 0 {
		b.WriteString("patches:\n")
	}
	for _, p := range patches {
		fmt.Fprintf(&b, "- target:\n    group: %s\n    kind: %s\n  patch: |-\n    - op: add\n      path: %s\n      value: %s\n", p.group, p.kind, p.path, p.value)
	}
	return b.Bytes()
}

// patch sets one field of all objects of a kind.
type patch struct{ group, kind, path, value string }

// suspension returns the patches that stop the workloads of the kinds that
// parts have, in the order of workloads. Jobs stay: they have run.
func suspension(v *catalog.Version, parts []part) []patch {
	var all []patch
	for _, w := range workloads(v) {
		found := slices.ContainsFunc(parts, func(p part) bool {
			return slices.ContainsFunc(p.objects, func(o object) bool { return o.is(w.Group, w.Kind) })
		})
		if found && w.Rest != "" {
			all = append(all, patch{w.Group, w.Kind, w.Rest, w.Value})
		}
	}
	return all
}

// graph returns the dependency graph of v. Dependencies on shared components
// are left out: they are Healthy before the version starts.
func graph(v *catalog.Version) manifest.Graph {
	g := manifest.Graph{APIVersion: manifest.APIVersion, Kind: manifest.KindGraph, Version: v.Ref.String(), Catalog: v.Digest}
	own := map[ident.Component]bool{}
	for _, components := range v.Buckets() {
		for _, c := range components {
			own[c.Name] = true
		}
	}
	for bucket, components := range v.Buckets() {
		for _, c := range components {
			deps := slices.DeleteFunc(slices.Clone(c.DependsOn), func(d ident.Component) bool { return !own[d] })
			slices.SortFunc(deps, ident.Component.Compare)
			g.Components = append(g.Components, manifest.GraphComponent{Name: c.Name, Bucket: bucket, DependsOn: deps})
		}
	}
	if v.Routes != "" {
		g.Routes = len(v.Buckets())
	}
	return g
}

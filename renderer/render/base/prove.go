package base

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// prove builds the three overlays of a version with sample parameters, so that
// a replacement that kustomize refuses, or that breaks what the base promises,
// is found when the version is published and not at a customer's.
func (b *builder) prove(ctx context.Context, out *Base) error {
	for _, state := range []string{manifest.ActiveDir, manifest.SuspendedDir, manifest.RetainedDir} {
		objects, err := b.sample(ctx, out, state)
		if err != nil {
			return hinted(fmt.Errorf("proving state %q: %w", state, err), "mend the entry of replacements.yaml that writes there")
		}
		if err := b.compare(objects, state); err != nil {
			return fmt.Errorf("proving state %q: %w", state, err)
		}
	}
	return nil
}

// sample builds an overlay of a made-up tenant.
func (b *builder) sample(ctx context.Context, out *Base, state string) ([]object, error) {
	spec := manifest.KustomizationSpec{Namespace: "tenant-1000006", State: state}
	if out.Version.Sharing != catalog.SharingEnvironment {
		spec.Tenant = "1000006"
	}
	dir, err := tree.New(
		tree.Entry{Name: "kustomization.yaml", Data: manifest.Kustomization(spec)},
		tree.Entry{Name: "parameters.yaml", Data: manifest.Parameters(samples(out.Version, state))},
		tree.Entry{Name: manifest.BaseDir, Dir: out.Dir})
	if err != nil {
		return nil, err
	}
	manifests, err := b.engine.Build(ctx, dir, ".")
	if err != nil {
		return nil, err
	}
	if bytes.Contains(manifests, []byte(namespaceMark)) {
		return nil, fault.Hintf("use .Release.Namespace in plain values only", "a chart's namespace stays %q", namespaceMark)
	}
	return parseObjects(manifests)
}

// samples are parameters as a tenant could have them.
func samples(v *catalog.Version, state string) map[string]string {
	site := manifest.Builtins{
		Domain: "pop.example.com", Environment: "local", Namespace: "tenant-1000006", PopCode: "sha1", PopID: "17",
		Product: v.Name, Version: v.Version, TenantID: "1000006", TenantName: "sample", TenantCode: "c5cb27eb",
		Replicas: "3", Storage: "80Gi", StorageClass: "standard",
	}
	if state != manifest.ActiveDir {
		site.Replicas = "0"
	}
	own := v.Defaults()
	for _, name := range v.ParameterNames() {
		if _, ok := own[name]; !ok {
			own[name] = sampleOf(v, name)
		}
	}
	return site.Data(own)
}

// sampleOf returns a value of the type of a required parameter.
func sampleOf(v *catalog.Version, name string) string {
	properties, _ := v.Parameters["properties"].(map[string]any)
	p, _ := properties[name].(map[string]any)
	if enum, _ := p["enum"].([]any); len(enum) > 0 {
		return fmt.Sprint(enum[0])
	}
	switch p["type"] {
	case "integer", "number":
		return "1"
	case "boolean":
		return "true"
	}
	return "sample"
}

// compare checks that an overlay has the objects of the base, and that
// parameters and patches left alone what they must.
func (b *builder) compare(objects []object, state string) error {
	have := map[identity]object{}
	for _, o := range objects {
		have[o.identity()] = o
	}
	for _, p := range b.parts {
		for _, want := range p.objects {
			expected := state != manifest.RetainedDir && (p.name != manifest.ComponentRoutes || state == manifest.ActiveDir)
			if !expected {
				continue
			}
			o, ok := have[want.identity()]
			if !ok {
				return fault.Hintf("mend the names in replacements.yaml", "%s is missing", want)
			}
			if err := unchanged(want, o); err != nil {
				return err
			}
		}
	}
	if len(objects) == 0 {
		return fault.New(fault.Person, "", "the overlay is empty")
	}
	return nil
}

// unchanged checks the marks and images of an object after replacements.
func unchanged(want, got object) error {
	for _, field := range []string{"labels", "annotations"} {
		marks := at(want.fields, "metadata", field)
		for _, key := range slices.Sorted(maps.Keys(marks)) {
			if mine := isMark(key); mine && at(got.fields, "metadata", field)[key] != marks[key] {
				return fault.Hintf("remove the replacement that changes it", "%s: mark %q is changed", want, key)
			}
		}
	}
	if a, b := imagesOf(want), imagesOf(got); !slices.Equal(a, b) {
		return fault.Hintf("remove the replacement that changes them", "%s: images are changed", want)
	}
	return nil
}

func isMark(key string) bool {
	return slices.Contains([]string{
		manifest.LabelProduct, manifest.LabelVersion, manifest.LabelComponent, manifest.AnnotationWave, manifest.AnnotationSyncOptions,
	}, key)
}

// imagesOf returns the images of a workload's containers.
func imagesOf(o object) []string {
	var out []string
	spec := at(o.podTemplate(), "spec")
	for _, field := range []string{"initContainers", "containers", "ephemeralContainers"} {
		list, _ := spec[field].([]any)
		for _, item := range list {
			c, _ := item.(map[string]any)
			out = append(out, fmt.Sprint(c["image"]))
		}
	}
	return out
}

// hinted gives an error of a library a hint.
func hinted(err error, hint string) error {
	if fault.HintOf(err) != "" {
		return err
	}
	return fault.Hintf(hint, "%w", &lineError{err})
}

// lineError keeps a library's error on one line.
type lineError struct{ error }

// Error returns the message on one line.
func (e *lineError) Error() string { return strings.Join(strings.Fields(e.error.Error()), " ") }

// Unwrap returns the error as it was.
func (e *lineError) Unwrap() error { return e.error }

package base

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
)

// Base is a version as every overlay of it carries it.
type Base struct {
	Version *catalog.Version
	// Dir is the base/ directory; all overlays share the one pointer.
	Dir *tree.Dir
	// Digest is tree.Digest of Dir.
	Digest string
	// KeepsData says that claims of the version outlive their tenant.
	KeepsData bool
	// HasClaims says that the version has claims, whose class cannot change.
	HasClaims bool
	// Autoscaled is what Argo CD leaves to the autoscaler of the version; nil if
	// the version does not scale itself.
	Autoscaled *manifest.IgnoreDifference
	// Sizes are the parameters that say how large claims are, sorted; claims
	// cannot shrink.
	Sizes []string

	parts  []part
	given  map[claimField]string // the parameters that say how large claims are, and of which class
	active []object              // of an ordinary tenant
	// written are the parameters that each object gets.
	written map[identity]map[string]bool
}

// part is the marked objects of one component, or of the routes.
type part struct {
	name    string
	data    catalog.DataPolicy
	objects []object
}

// Build renders the base of v. The error joins every fault of it, each with a
// hint. The result depends on v's files only; ctx ends the work.
func Build(ctx context.Context, v *catalog.Version) (*Base, error) {
	return BuildWith(ctx, overlay.New(overlay.Options{}), v)
}

// BuildWith is Build with an engine, which then knows overlays of v.
func BuildWith(ctx context.Context, engine *overlay.Engine, v *catalog.Version) (*Base, error) {
	b := &builder{version: v, engine: engine, images: newImages(v.Images), sizes: map[string]bool{}, scaled: map[identity]bool{}, given: map[claimField]string{},
		written: map[identity]map[string]bool{}}
	if b.inflate(ctx); len(b.faults) > 0 {
		return nil, errors.Join(b.faults...)
	}
	for bucket, components := range v.Buckets() {
		for _, c := range components {
			b.component(ctx, c, bucket)
		}
	}
	if v.Routes != "" {
		b.routes(ctx, len(v.Buckets()))
	}
	if len(b.faults) == 0 { // a component that was not rendered may use them
		b.add("images", b.images.unused()...)
	}
	b.distinct()
	replacements := b.replacements()
	if len(b.faults) > 0 {
		return nil, errors.Join(b.faults...)
	}
	return b.base(ctx, replacements)
}

// builder collects the parts and faults of one version.
type builder struct {
	version *catalog.Version
	engine  *overlay.Engine
	files   *tree.Dir // of the version, its helmCharts inflated
	others  *tree.Dir // the same with the other mark, nil without helmCharts
	images  *images
	parts   []part
	places  []replacement   // where charts use the namespace
	sizes   map[string]bool // parameters that size claims
	given   map[claimField]string
	scaled  map[identity]bool            // workloads that the parameter replicas scales
	written map[identity]map[string]bool // parameters that objects get
	scaler  *object                      // nil for a version that does not scale itself
	faults  []error
}

func (b *builder) add(place string, faults ...error) {
	for _, f := range faults {
		b.faults = append(b.faults, fmt.Errorf("building %s: %s: %w", b.version.Ref, place, f))
	}
}

// component renders, checks and marks the objects of one component.
func (b *builder) component(ctx context.Context, c catalog.Component, bucket int) {
	place := fmt.Sprintf("component %q", c.Name)
	var objects []object
	var err error
	if c.Source == catalog.SourceHelm {
		objects, err = b.chart(ctx, c)
	} else {
		objects, err = b.kustomize(ctx, place, c.Path)
	}
	if err != nil {
		b.add(place, err)
		return
	}
	if len(objects) == 0 {
		b.add(place, fault.Hintf("remove the component, or list its resources", "it has no objects"))
	}
	b.ignored(c, objects)
	m := mark{version: b.version, component: c.Name.String(), bucket: bucket, data: c.Data}
	b.parts = append(b.parts, part{c.Name.String(), c.Data, b.finish(place, m, objects)})
}

// routes renders the routes, which come last and may hold no workload: they
// are gone while the product is suspended.
func (b *builder) routes(ctx context.Context, bucket int) {
	objects, err := b.kustomize(ctx, "routes", b.version.Routes)
	if err != nil {
		b.add("routes", err)
		return
	}
	for _, o := range objects {
		if o.runs() || o.is("", "PersistentVolumeClaim") {
			b.add("routes", fault.Hintf("move it into a component", "%s: routes are taken away while a product is suspended", o))
		}
	}
	m := mark{version: b.version, component: manifest.ComponentRoutes, bucket: bucket, data: catalog.DataDelete}
	b.parts = append(b.parts, part{manifest.ComponentRoutes, catalog.DataDelete, b.finish("routes", m, objects)})
}

func (b *builder) finish(place string, m mark, objects []object) []object {
	for _, o := range objects {
		b.add(place, check(m, o)...)
		if faults := b.images.apply(o); !manifest.CustomGroup(o.group) { // of others the proof asks
			b.add(place, faults...)
		}
		m.apply(o)
	}
	sortObjects(objects)
	return objects
}

// chart renders a chart of the version, whose objects find the tenant's
// namespace by replacements.
func (b *builder) chart(ctx context.Context, c catalog.Component) ([]object, error) {
	objects, err := renderChart(ctx, b.version.Files, c)
	know(b.version, objects)
	b.namespaces(fmt.Sprintf("component %q", c.Name), objects)
	return objects, err
}

// namespaces makes objects find the tenant's namespace where a chart speaks of it.
func (b *builder) namespaces(place string, objects []object) {
	for _, o := range objects {
		places, faults := namespaces(o)
		b.add(place, faults...)
		b.places = append(b.places, places...)
	}
}

// kustomize builds a Kustomize directory of the version.
func (b *builder) kustomize(ctx context.Context, place, dir string) ([]object, error) {
	const hint = "try `kustomize build` in that directory of the version"
	out, err := b.engine.Build(ctx, b.files, dir)
	if err != nil {
		return nil, hinted(err, hint)
	}
	objects, err := parseObjects(out)
	if err != nil {
		return nil, err
	}
	know(b.version, objects)
	if b.others == nil {
		return objects, nil
	}
	others, err := b.engine.Build(ctx, b.others, dir)
	if err != nil {
		return nil, hinted(err, hint)
	}
	if string(out) != strings.ReplaceAll(string(others), otherMark, namespaceMark) {
		return nil, fault.Hintf("use it as it is", "the kustomization makes something else of a chart's .Release.Namespace, which is another for each tenant")
	}
	b.namespaces(place, objects)
	return objects, nil
}

// distinct refuses two objects of the version with the same identity.
func (b *builder) distinct() {
	owner := map[identity]string{}
	for _, p := range b.parts {
		for _, o := range p.objects {
			if other, ok := owner[o.identity()]; ok {
				b.add(fmt.Sprintf("component %q", p.name), fault.Hintf("rename one of them", "%s is also in component %q", o, other))
				continue
			}
			owner[o.identity()] = p.name
		}
	}
}

// base writes the directory.
func (b *builder) base(ctx context.Context, replacements []byte) (*Base, error) {
	out := &Base{Version: b.version, parts: b.parts}
	files, err := baseFiles(b.version, b.parts)
	if err != nil {
		return nil, fmt.Errorf("building %s: %w", b.version.Ref, err)
	}
	files[manifest.ReplacementsFile] = replacements
	if b.scaler != nil {
		if err := autoscaledFiles(files, *b.scaler); err != nil {
			return nil, fmt.Errorf("building %s: %w", b.version.Ref, err)
		}
	}
	out.Autoscaled = leftAlone(b.scaler)
	if out.Dir, err = tree.FromFiles(files); err != nil {
		return nil, fmt.Errorf("building %s: %w", b.version.Ref, err)
	}
	out.Digest = tree.Digest(out.Dir)
	out.given, out.written = b.given, b.written
	maps.DeleteFunc(b.sizes, func(_ string, sizes bool) bool { return !sizes })
	out.Sizes = slices.Sorted(maps.Keys(b.sizes))
	out.HasClaims = slices.ContainsFunc(b.parts, func(p part) bool {
		return slices.ContainsFunc(p.objects, func(o object) bool { return o.is("", "PersistentVolumeClaim") })
	})
	out.KeepsData = slices.ContainsFunc(b.parts, part.keepsData)
	if err := b.prove(ctx, out); err != nil {
		return nil, fmt.Errorf("building %s: %w", b.version.Ref, err)
	}
	return out, nil
}

// keepsData reports whether claims of the part outlive it.
func (p part) keepsData() bool {
	return p.data == catalog.DataKeep && slices.ContainsFunc(p.objects, func(o object) bool {
		return o.is("", "PersistentVolumeClaim") || o.is("apps", "StatefulSet") && hasClaims(o)
	})
}

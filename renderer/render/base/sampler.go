package base

import (
	"bytes"
	"context"
	"strconv"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
)

// sampler builds overlays of made-up tenants. Most documents of two overlays
// are equal: each is read once, and its object belongs to all of them.
type sampler struct {
	engine *overlay.Engine
	read   map[string][]object // by the text of the document
}

func newSampler(engine *overlay.Engine) *sampler {
	return &sampler{engine: engine, read: map[string][]object{}}
}

// document is one of an overlay.
type document struct {
	text   string
	object object
}

// sample builds an overlay of a made-up tenant. Outside of the active state
// nothing runs, whatever the given replicas are.
func (s *sampler) sample(ctx context.Context, b *Base, state string, given map[string]string) ([]document, error) {
	switch {
	case !runs(state):
		given["replicas"] = "0"
	case state == manifest.AutoscaledDir && given["replicas"] == "0":
		given["replicas"] = "1" // nobody buys none
	}
	if b.Autoscaled != nil {
		given[catalog.MaxReplicasParameter] = strconv.Itoa(authz.MaxReplicas)
	}
	spec := manifest.KustomizationSpec{Namespace: given["namespace"], State: state}
	if b.Version.Sharing != catalog.SharingEnvironment {
		spec.Tenant = given["tenantId"]
	}
	dir, err := tree.New(
		tree.Entry{Name: "kustomization.yaml", Data: manifest.Kustomization(spec)},
		tree.Entry{Name: "parameters.yaml", Data: manifest.Parameters(given)},
		tree.Entry{Name: manifest.BaseDir, Dir: b.Dir})
	if err != nil {
		return nil, err
	}
	manifests, err := s.engine.Build(ctx, dir, ".")
	if err != nil {
		return nil, hinted(&lineError{err}, "mend the entry of replacements.yaml that writes there")
	}
	if bytes.Contains(manifests, []byte(namespaceMark)) {
		return nil, fault.Hintf("use .Release.Namespace in plain values only", "a chart's namespace stays %q", namespaceMark)
	}
	if len(manifests) > maxManifestBytes {
		return nil, fault.New(fault.Person, "", "the overlay has more than %d bytes", maxManifestBytes)
	}
	return s.documents(b.Version, manifests)
}

// documents reads what kustomize has printed.
func (s *sampler) documents(v *catalog.Version, manifests []byte) ([]document, error) {
	var out []document
	for _, text := range documents(manifests) {
		key := string(text)
		objects, known := s.read[key]
		if !known {
			var err error
			if objects, err = parseObjects(text); err != nil {
				return nil, err
			}
			s.read[key] = know(v, objects)
		}
		for _, o := range objects {
			out = append(out, document{key, o})
		}
	}
	return out, nil
}

// objectsOf returns the objects of documents.
func objectsOf(all []document) []object {
	out := make([]object, len(all))
	for i, d := range all {
		out[i] = d.object
	}
	return out
}

package stencil

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/resmap"

	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// Runner builds the directory root of dir with kustomize and hands over the
// objects, which it may change.
type Runner func(ctx context.Context, dir *tree.Dir, root string, f func(resmap.ResMap) error) error

// Stencil is the output of all overlays of one base, state, set of parameters
// and shape of values. It never changes.
type Stencil struct {
	plan   *Plan
	shapes []string
	names  map[string]bool // of the objects
	texts  []string        // one more than there are holes
	holes  []hole
	size   int // of the output with other values
}

// Compile makes the stencil for overlays like f. It fails when there is none.
func (p *Plan) Compile(ctx context.Context, f Form, run Runner) (*Stencil, error) {
	c := compiler{plan: p, form: f, seed: tree.Digest(p.base), run: run}
	c.shapes = p.Shapes(&f)
	first, err := c.sketch(ctx, alphabets[0])
	if err != nil {
		return nil, err
	}
	second, err := c.sketch(ctx, alphabets[1])
	if err != nil {
		return nil, err
	}
	if !reflect.DeepEqual(first, second) {
		return nil, errors.New("the result depends on the values themselves")
	}
	return first, nil
}

// Shapes returns the shapes of the values: overlays of equal shapes share a stencil.
func (p *Plan) Shapes(f *Form) []string {
	shapes := make([]string, 2+len(f.Values))
	for i := range shapes {
		shapes[i] = string(p.shape(nil, f, i))
	}
	return shapes
}

// same is the shape of a parameter that equals the namespace: kustomize
// compares namespaces, so equal values must stay equal. No delimiter is a letter.
const same = "n"

// shape appends the shape of the i-th value to dst. What no replacement reads
// has one shape, whatever it is.
func (p *Plan) shape(dst []byte, f *Form, i int) []byte {
	v := f.value(i)
	switch {
	case i >= 2 && !p.reads(f.Keys[i-2]):
		return append(dst, 'x')
	case i > 0 && v == f.Spec.Namespace:
		return append(dst, same...)
	case !p.splits && v != "":
		return append(dst, 'x')
	}
	return p.splitting(f, i).shape(dst, v)
}

// reads reports whether a replacement may read a parameter.
func (p *Plan) reads(key string) bool { return p.allSources || p.sources[key] != nil }

// compiler makes one stencil.
type compiler struct {
	plan   *Plan
	form   Form
	seed   string
	shapes []string
	run    Runner
}

// sketch makes the stencil with the sentinels of one alphabet.
func (c *compiler) sketch(ctx context.Context, a alphabet) (*Stencil, error) {
	values, sentinels := a.sentinels(c.seed, c.shapes)
	if len(sentinels) > maxSentinels {
		return nil, fmt.Errorf("values fall into more than %d parts", maxSentinels)
	}
	spec := manifest.KustomizationSpec{Namespace: values[0], Tenant: values[1], State: c.form.Spec.State}
	parameters := map[string]string{}
	for i, key := range c.form.Keys {
		parameters[key] = values[2+i]
	}
	// The name of the overlay cannot occur in the base: no path leads back into it.
	sum := sha256.Sum256([]byte(c.seed))
	root := "overlay-" + hex.EncodeToString(sum[:8])
	dir, err := nest(root, manifest.Kustomization(spec), manifest.Parameters(parameters), c.plan.base)
	if err != nil {
		return nil, err
	}
	s := &Stencil{plan: c.plan, shapes: c.shapes, names: map[string]bool{}}
	w := walker{alphabet: a, sentinels: sentinels, namespace: spec.Namespace, plan: c.plan}
	err = c.run(ctx, dir, root, func(m resmap.ResMap) error { return s.cut(m, &w) })
	if err != nil {
		return nil, err
	}
	return s, nil
}

// nest returns a tree in which an overlay stands alone below root.
func nest(root string, kustomization, parameters []byte, base *tree.Dir) (*tree.Dir, error) {
	overlay, err := tree.New(
		tree.Entry{Name: "kustomization.yaml", Data: kustomization},
		tree.Entry{Name: "parameters.yaml", Data: parameters},
		tree.Entry{Name: "base", Dir: base},
	)
	if err != nil {
		return nil, err
	}
	return tree.New(tree.Entry{Name: root, Dir: overlay})
}

// cut takes the holes out of the objects and keeps the rest as text.
func (s *Stencil) cut(m resmap.ResMap, w *walker) error {
	for _, r := range m.Resources() {
		s.names[r.GetName()] = true
		if err := w.object(r.YNode()); err != nil {
			return fmt.Errorf("%s %q: %w", r.GetKind(), r.GetName(), err)
		}
	}
	output, err := m.AsYaml()
	if err != nil {
		return err
	}
	s.size = len(output)
	if err := s.take(string(output), w.holes); err != nil {
		return err
	}
	for _, text := range s.texts {
		if w.left(text, w.sentinels) {
			return errors.New("part of a value is left in the text")
		}
	}
	return nil
}

// take finds the markers of the holes in the output, in whatever order they are.
func (s *Stencil) take(output string, holes []hole) error {
	type place struct{ hole, at int }
	places := make([]place, len(holes))
	for i := range holes {
		at := strings.Index(output, marker(i))
		if at < 0 || !strings.HasPrefix(output[at+len(marker(i)):], "\n") || strings.Count(output, marker(i)) != 1 {
			return fmt.Errorf("hole at %v is lost", holes[i].steps())
		}
		places[i] = place{i, at}
	}
	slices.SortFunc(places, func(a, b place) int { return a.at - b.at })
	from := 0
	for _, p := range places {
		s.texts = append(s.texts, output[from:p.at])
		s.holes = append(s.holes, holes[p.hole])
		from = p.at + len(marker(p.hole))
	}
	s.texts = append(s.texts, output[from:])
	return nil
}

// marker is the text that stands for the n-th hole while the rest is encoded.
func marker(n int) string { return fmt.Sprintf("h%08xo1e2o3f4sluice5", n) }

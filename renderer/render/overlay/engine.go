package overlay

import (
	"bytes"
	"cmp"
	"container/list"
	"context"
	"errors"
	"weak"

	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay/hermetic"
	"github.com/gatorcloud/sluice/renderer/render/overlay/stencil"
	"github.com/gatorcloud/sluice/renderer/render/overlay/stock"
)

// Options configures an Engine. The zero value works.
type Options struct {
	// Limits bounds what a build may read and grow to.
	Limits hermetic.Limits
	// Families is how many bases, each in one state, are kept compiled; 256.
	Families int
}

// Engine builds overlays. It is safe for concurrent use; one per process is
// enough, and sharing it shares what it has compiled.
type Engine struct {
	options  Options
	families families
	digests  digests
}

// New returns an engine.
func New(o Options) *Engine {
	return &Engine{
		options:  o,
		families: families{max: cmp.Or(o.Families, 256), byKey: map[familyKey]*list.Element{}},
		digests:  digests{known: map[weak.Pointer[tree.Dir]]string{}},
	}
}

// Build returns the bytes that stock `kustomize build` prints for the
// directory root, a slash-separated path inside dir ("." for dir itself).
// It fails when kustomize would, and on everything that Check refuses in what
// the build reads.
func (e *Engine) Build(ctx context.Context, dir *tree.Dir, root string) ([]byte, error) {
	return e.AppendBuild(ctx, nil, dir, root)
}

// AppendBuild is Build into a buffer that the caller may use again.
func (e *Engine) AppendBuild(ctx context.Context, dst []byte, dir *tree.Dir, root string) ([]byte, error) {
	form, rendered := e.read(dir, root)
	if !rendered {
		return e.general(ctx, dst, dir, root)
	}
	return e.appendForm(ctx, dst, &form, func(dst []byte) ([]byte, error) { return e.general(ctx, dst, dir, root) })
}

// AppendOverlay is AppendBuild of an overlay that the renderer would write. It is
// written, in memory, only where no stencil covers it.
func (e *Engine) AppendOverlay(ctx context.Context, dst []byte, o Overlay) ([]byte, error) {
	write := func(dst []byte) ([]byte, error) {
		dir, err := o.dir()
		if err != nil {
			return dst, err
		}
		return e.general(ctx, dst, dir, ".")
	}
	form, ok := stencil.New(o.Spec, o.Parameters, o.Base)
	if !ok {
		return write(dst)
	}
	return e.appendForm(ctx, dst, &form, write)
}

// appendForm appends the overlay of a form, by kustomize where it has to be.
func (e *Engine) appendForm(ctx context.Context, dst []byte, form *stencil.Form, kustomize func([]byte) ([]byte, error)) ([]byte, error) {
	f := e.familyOf(form)
	out, filled, known := f.fill(dst, form)
	if filled {
		return out, nil
	}
	if !known && !f.settled.Load() {
		if err := f.learn(ctx, *form, e.run); err != nil {
			return dst, err
		}
		if out, filled, known = f.fill(dst, form); filled {
			return out, nil
		}
	}
	out, err := kustomize(dst)
	if err == nil && !known {
		f.keep(*form, out[len(dst):])
	}
	return out, err
}

// read returns the form of a rendered overlay.
func (e *Engine) read(dir *tree.Dir, root string) (stencil.Form, bool) {
	if root == "." {
		return stencil.Read(dir)
	}
	at, ok := dir.Lookup(root)
	if !ok || at.Dir == nil {
		return stencil.Form{}, false
	}
	return stencil.Read(at.Dir)
}

// general checks the tree and runs kustomize on it.
func (e *Engine) general(ctx context.Context, dst []byte, dir *tree.Dir, root string) ([]byte, error) {
	if err := hermetic.Build(dir, root, e.options.Limits); err != nil {
		return dst, err
	}
	manifests, err := stock.Build(ctx, dir, root)
	return append(dst, manifests...), err
}

// Check refuses a tree in which some kustomization reaches outside the tree or
// could cost more than the limits allow. It runs no part of kustomize and
// reports every directory that it refuses.
func (e *Engine) Check(dir *tree.Dir) error { return hermetic.Tree(dir, e.options.Limits) }

// Explain returns nil if overlays like this one are built from a stencil once
// two of them were seen, and else the reason why each is built by kustomize.
func (e *Engine) Explain(ctx context.Context, dir *tree.Dir, root string) error {
	form, rendered := e.read(dir, root)
	if !rendered {
		return errors.New("explaining: not in the form that the renderer writes")
	}
	want, err := e.general(ctx, nil, dir, root)
	if err != nil {
		return err
	}
	plan, err := stencil.NewPlan(form.Base)
	if err != nil {
		return err
	}
	s, err := plan.Compile(ctx, form, e.run)
	if err != nil {
		return err
	}
	got, ok := s.Fill(nil, &form)
	switch {
	case !ok:
		return errors.New("explaining: the values of this overlay are not covered")
	case !bytes.Equal(got, want):
		return errors.New("explaining: the stencil gives other bytes than kustomize")
	}
	return nil
}

package overlay

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"sigs.k8s.io/kustomize/api/resmap"

	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay/hermetic"
	"github.com/gatorcloud/sluice/renderer/render/overlay/stencil"
	"github.com/gatorcloud/sluice/renderer/render/overlay/stock"
)

// maxShapes is how many stencils, samples and refusals one family keeps.
const maxShapes = 16

// family is what is known of the overlays of one base, state and set of parameters.
type family struct {
	// stencils are proven and ready for use; the slice is replaced, never changed.
	stencils atomic.Pointer[[]*stencil.Stencil]
	// settled is set once nothing more is to be learnt: the general path it is.
	settled atomic.Bool

	mu       sync.Mutex // held while learning
	plan     *stencil.Plan
	samples  []sample
	unproven []*stencil.Stencil
	refused  [][]string // shapes that have no stencil
}

// sample is an overlay that kustomize has built.
type sample struct {
	form      stencil.Form
	manifests []byte
}

// fill appends the overlay if a stencil covers it. The second result reports
// that a stencil exists for its shapes, whether or not it covers the values.
func (f *family) fill(dst []byte, form *stencil.Form) (out []byte, filled, known bool) {
	list := f.stencils.Load()
	if list == nil {
		return dst, false, false
	}
	for _, s := range *list {
		if out, ok := s.Fill(dst, form); ok {
			return out, true, true
		}
	}
	return dst, false, slices.ContainsFunc(*list, func(s *stencil.Stencil) bool { return s.Matches(form) })
}

// learn makes a stencil for overlays like form once a sample of them is at
// hand, and proves it as soon as a sample can. It returns an error only when
// ctx has ended.
func (f *family) learn(ctx context.Context, form stencil.Form, run stencil.Runner) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, _, known := f.fill(nil, &form); known || f.settled.Load() || len(f.samples) == 0 {
		return nil
	}
	if f.plan == nil {
		plan, err := stencil.NewPlan(form.Base)
		if err != nil {
			f.settle()
			return nil
		}
		f.plan = plan
	}
	shapes := f.plan.Shapes(&form)
	equal := func(s []string) bool { return slices.Equal(s, shapes) }
	if slices.ContainsFunc(f.refused, equal) || !slices.ContainsFunc(f.samples, func(s sample) bool { return equal(f.plan.Shapes(&s.form)) }) {
		return nil
	}
	i := slices.IndexFunc(f.unproven, func(s *stencil.Stencil) bool { return s.Matches(&form) })
	if i < 0 {
		made, err := f.plan.Compile(ctx, form, run)
		if ctx.Err() != nil {
			return fmt.Errorf("compiling an overlay: %w", context.Cause(ctx))
		}
		if err != nil {
			f.refused = append(f.refused, shapes)
			f.bound()
			return nil
		}
		i = len(f.unproven)
		f.unproven = append(f.unproven, made)
	}
	f.prove(i)
	return nil
}

// prove compares an unproven stencil with the samples that it covers. One
// that gives other bytes than kustomize shows that this package is wrong about
// the base: then none is trusted.
func (f *family) prove(i int) {
	made := f.unproven[i]
	for _, s := range f.samples {
		got, ok := made.Fill(nil, &s.form)
		if !ok {
			continue
		}
		if !bytes.Equal(got, s.manifests) {
			f.stencils.Store(nil)
			f.settle()
			return
		}
		var list []*stencil.Stencil
		if old := f.stencils.Load(); old != nil {
			list = slices.Clone(*old)
		}
		list = append(list, made)
		f.stencils.Store(&list)
		f.unproven = slices.Delete(f.unproven, i, i+1)
		f.bound()
		return
	}
}

// bound stops learning when values keep coming in new shapes.
func (f *family) bound() {
	proven := 0
	if list := f.stencils.Load(); list != nil {
		proven = len(*list)
	}
	if proven+len(f.refused)+len(f.unproven) >= maxShapes {
		f.settle()
	}
}

// settle stops learning.
func (f *family) settle() {
	f.samples, f.unproven, f.refused = nil, nil, nil
	f.settled.Store(true)
}

// keep remembers what kustomize made of an overlay, in place of an older
// sample of the same shapes.
func (f *family) keep(form stencil.Form, manifests []byte) {
	if f.settled.Load() {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.settled.Load() {
		return
	}
	if len(f.samples) == maxShapes {
		f.samples = slices.Delete(f.samples, 0, 1)
	}
	f.samples = append(f.samples, sample{form, bytes.Clone(manifests)})
}

// run is the runner of stencils: checked and bounded like every build.
func (e *Engine) run(ctx context.Context, dir *tree.Dir, root string, f func(resmap.ResMap) error) error {
	if err := hermetic.Build(dir, root, e.options.Limits); err != nil {
		return err
	}
	return stock.Visit(ctx, dir, root, f)
}

// familyOf returns the family that an overlay belongs to.
func (e *Engine) familyOf(f *stencil.Form) *family {
	return e.families.get(familyKey{e.digests.of(f.Base), f.Spec.State, f.Spec.Tenant != "", strings.Join(f.Keys, ",")})
}

// familyKey names a family.
type familyKey struct {
	base, state string
	tenant      bool
	keys        string
}

package render

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
)

// proof builds overlays as the plugin will, with the same engine: one that
// cannot be built is not written.
type proof struct {
	engine  *overlay.Engine
	buffers sync.Pool // of *[]byte
}

// unbuildable is why an overlay cannot be built.
type unbuildable struct{ error }

// Unwrap returns the reason.
func (u unbuildable) Unwrap() error { return u.error }

// overlay returns an overlay that can be built. The error is unbuildable if it
// is this overlay's, and no other one's.
func (p *proof) overlay(ctx context.Context, s overlaySpec) (*tree.Dir, error) {
	dir, err := overlayDir(s)
	if err != nil {
		return nil, err
	}
	b, _ := p.buffers.Get().(*[]byte)
	if b == nil {
		b = new([]byte)
	}
	defer p.buffers.Put(b)
	out, err := p.engine.AppendBuild(ctx, (*b)[:0], dir, ".")
	*b = out
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return dir, unbuildable{fmt.Errorf("version %q: building its overlay: %w", s.descriptor.Version, err)}
	case len(out) == 0:
		return dir, unbuildable{fmt.Errorf("version %q: %w", s.descriptor.Version, errEmpty)}
	}
	return dir, nil
}

var errEmpty = errors.New("its overlay has no objects")

package overlay

import (
	"context"

	"github.com/gatorcloud/sluice/renderer/overlay/hermetic"
	"github.com/gatorcloud/sluice/renderer/overlay/stock"
	"github.com/gatorcloud/sluice/renderer/tree"
)

// Options configures an Engine. The zero value works.
type Options struct {
	// Limits bounds what a build may read and grow to.
	Limits hermetic.Limits
}

// Engine builds overlays. It is safe for concurrent use; one per process is enough.
type Engine struct{ options Options }

// New returns an engine.
func New(o Options) *Engine { return &Engine{options: o} }

// Build returns the bytes that stock `kustomize build` prints for the
// directory root, a slash-separated path inside dir ("." for dir itself).
// It fails when kustomize would, and on everything that Check refuses in what
// the build reads.
func (e *Engine) Build(ctx context.Context, dir *tree.Dir, root string) ([]byte, error) {
	if err := hermetic.Build(dir, root, e.options.Limits); err != nil {
		return nil, err
	}
	return stock.Build(ctx, dir, root)
}

// Check refuses a tree in which some kustomization reaches outside the tree or
// could cost more than the limits allow. It runs no part of kustomize and
// reports every directory that it refuses.
func (e *Engine) Check(dir *tree.Dir) error { return hermetic.Tree(dir, e.options.Limits) }

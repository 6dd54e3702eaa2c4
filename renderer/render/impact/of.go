package impact

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
)

// Options says how to plan. Only Now is required.
type Options struct {
	// Now is the moment from which the forecast is made.
	Now time.Time
	// Workers is how many tenants are looked at at once; the number of processors when zero.
	Workers int
	// Progress hears how far it is. May be nil.
	Progress func(done, all int)
}

// Of returns what turning a repository from before into after does to the
// clusters of an environment. Both are roots of a repository; what is rendered
// is read from before alone, so after needs people's files only. Neither needs
// a work tree. An environment that is not in one of them is empty there.
func Of(ctx context.Context, p *pipeline.Pipeline, before, after fs.FS, env ident.Environment, o Options) (*Plan, error) {
	return nil, errors.New("planning is not here yet")
}

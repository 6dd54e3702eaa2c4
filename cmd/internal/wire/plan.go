package wire

import (
	"context"
	"io"
	"os"
	"time"

	"github.com/gatorcloud/sluice/cmd/internal/cli/mergereq"
	"github.com/gatorcloud/sluice/cmd/internal/cli/progress"
	"github.com/gatorcloud/sluice/renderer/render/impact"
	"github.com/gatorcloud/sluice/renderer/render/impact/show"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
)

// noteBytes bounds a plan as Markdown: descriptions of merge requests end at
// 25,000 characters on older servers.
const noteBytes = 20000

// planned tells what a bump does, as `sluice plan` would.
func planned(p *pipeline.Pipeline) mergereq.Plan {
	return func(ctx context.Context, t impact.Trees, w io.Writer, markdown bool) error {
		bar := progress.New(os.Stderr, "planning "+t.Environment.String())
		plan, err := impact.Of(ctx, p, t, impact.Options{Now: time.Now().UTC(), Progress: bar.Set})
		bar.Clear()
		if err != nil {
			return err
		}
		plans := []*impact.Plan{plan}
		if markdown {
			_, err = w.Write(show.Markdown(plans, noteBytes))
			return err
		}
		return show.Text(w, plans)
	}
}

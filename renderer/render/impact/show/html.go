package show

import (
	"io"

	"github.com/gatorcloud/sluice/renderer/render/impact"
)

// HTML is
func HTML(w io.Writer, plans []*impact.Plan) error { return nil }

package show

import "github.com/gatorcloud/sluice/renderer/render/impact"

// Markdown is
func Markdown(plans []*impact.Plan, limit int) []byte { return nil }

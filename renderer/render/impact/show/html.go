package show

import (
	_ "embed"
	"html/template"
	"io"

	"github.com/gatorcloud/sluice/renderer/render/impact"
)

//go:embed page.html
var page string

// HTML writes plans as one page that needs nothing else: no script, no file of
// another host.
func HTML(w io.Writer, plans []*impact.Plan) error {
	t, err := template.New("plan").Funcs(template.FuncMap{
		"headline": headline, "title": title, "moves": moves, "when": when, "told": block, "whom": whom, "dash": dash, "count": count,
	}).Parse(page)
	if err != nil {
		return err
	}
	return t.Execute(w, plans)
}

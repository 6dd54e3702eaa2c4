package show

import (
	_ "embed"
	"html/template"
	"io"

	"github.com/gatorcloud/sluice/renderer/render/impact"
)

//go:embed page.html
var page string

// pageRoom is how many bytes of a page the changes of a plan have.
const pageRoom = 8 << 20

// HTML writes plans as one page that needs nothing else: no script, no file of
// another host. Of the changes it has the worst, as many as have room.
func HTML(w io.Writer, plans []*impact.Plan) error {
	t, err := template.New("plan").Funcs(template.FuncMap{
		"headline": headline, "title": title, "moves": moves, "when": when, "told": block, "whom": whom, "dash": dash, "count": count,
		"faults": faults, "fit": func(p *impact.Plan) (out struct {
			Some []shown
			More int
		}) {
			out.Some, out.More = fit(p.Changes, pageRoom)
			return out
		},
	}).Parse(page)
	if err != nil {
		return err
	}
	return t.Execute(w, plans)
}

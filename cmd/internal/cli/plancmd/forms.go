package plancmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/render/impact"
	"github.com/gatorcloud/sluice/renderer/render/impact/show"
)

// format is a value of the flag --output.
type format string

const (
	formatText      format = "text"
	formatMarkdown  format = "markdown"
	formatJSON      format = "json"
	formatHTML      format = "html"
	formatTerraform format = "terraform"
)

var formats = []format{formatText, formatMarkdown, formatJSON, formatHTML, formatTerraform}

// String returns the format.
func (f *format) String() string { return string(*f) }

// Type names the flag's value in help texts.
func (f *format) Type() string { return "format" }

// Set parses the format.
func (f *format) Set(s string) error {
	if !slices.Contains(formats, format(s)) {
		return fault.Hintf("use one of text|markdown|json|html|terraform", "output format %q is unknown", s)
	}
	*f = format(s)
	return nil
}

// print writes the plans in the asked form, and the artifacts.
func (o *options) print(w io.Writer, plans []*impact.Plan) error {
	if o.dir != "" {
		if err := o.artifacts(plans); err != nil {
			return fmt.Errorf("writing --artifacts: %w", err)
		}
	}
	return o.write(w, o.format, plans)
}

func (o *options) write(w io.Writer, f format, plans []*impact.Plan) error {
	switch f {
	case formatMarkdown:
		_, err := w.Write(show.Markdown(plans, o.bytes))
		return err
	case formatJSON:
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(plans)
	case formatHTML:
		return show.HTML(w, plans)
	case formatTerraform:
		_, err := w.Write(show.Terraform(sum(plans)))
		return err
	}
	return show.Text(w, plans)
}

// sum counts the tenants of all rings.
func sum(plans []*impact.Plan) impact.Ring {
	var all impact.Ring
	for _, p := range plans {
		for _, r := range p.Rings {
			all.Create, all.Update, all.Delete = all.Create+r.Create, all.Update+r.Update, all.Delete+r.Delete
		}
	}
	return all
}

// artifacts writes what a pipeline keeps of the plans.
func (o *options) artifacts(plans []*impact.Plan) error {
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return err
	}
	files := map[string][]byte{}
	for name, f := range map[string]format{"plan.md": formatMarkdown, "plan.json": formatJSON, "plan.html": formatHTML} {
		var b bytes.Buffer
		if err := o.write(&b, f, plans); err != nil {
			return err
		}
		files[name] = b.Bytes()
	}
	for _, p := range plans {
		for _, r := range p.Rings {
			files[fmt.Sprintf("terraform-%s.json", strings.Join([]string{p.Environment.String(), r.Ring.String()}, "-"))] = show.Terraform(r)
		}
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(o.dir, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

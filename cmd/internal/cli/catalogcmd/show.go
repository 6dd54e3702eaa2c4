package catalogcmd

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
)

// document is what show prints as JSON or YAML.
type document struct {
	listRow    `json:",inline"`
	Security   *catalog.PodSecurity `json:"podSecurity,omitempty"`
	Graph      []graphRow           `json:"graph"`
	Parameters []parameterRow       `json:"parameters,omitempty"`
	Images     []catalog.Image      `json:"images,omitempty"`
}

// parameterRow is one parameter of a version.
type parameterRow struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Required    bool   `json:"required"`
	Default     string `json:"default,omitempty"`
	Allowed     string `json:"allowed,omitempty"`
	Description string `json:"description,omitempty"`
}

func newShow(dir *string) *cobra.Command {
	var o output.Options
	cmd := &cobra.Command{
		Use:   "show PRODUCT[/VERSION]",
		Short: "Show one version: components, parameters, images",
		Long: `Show describes one version, the newest when none is named. A shared component
is named shared/COMPONENT or shared/COMPONENT/VERSION.`,
		Example: `  # the newest version of a product
  sluice catalog show swg

  # one version, for scripts
  sluice catalog show swg/202 -o json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withCatalog(*dir, func(c *catalog.Catalog, _ error, _ *os.Root) error {
				v, err := find(c, args[0])
				if err != nil {
					return err
				}
				return show(cmd.OutOrStdout(), o, c, v)
			})
		},
		ValidArgsFunction: complete(dir),
	}
	o.AddFlags(cmd.Flags(), output.Table, output.Wide, output.JSON, output.YAML, output.Name)
	return cmd
}

func show(w io.Writer, o output.Options, c *catalog.Catalog, v *catalog.Version) error {
	d := document{listRow: newListRow(c, v), Security: v.PodSecurity, Graph: graphRows(v), Parameters: parameterRows(v), Images: v.Images}
	switch o.Format {
	case output.JSON, output.YAML:
		return output.Document(w, o.Format, d)
	case output.Name:
		_, err := fmt.Fprintln(w, d.Name)
		return err
	}
	var b bytes.Buffer
	if err := describe(&b, o, d); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// describe writes a version for people.
func describe(w io.Writer, o output.Options, d document) error {
	type line struct{ name, value string }
	head := []line{{"Name:", d.Name}, {"Description:", d.Description}, {"Sharing:", d.Sharing}, {"Status:", d.Status}, {"Digest:", d.Digest}, {"Pod security:", catalog.Restricted}}
	if s := d.Security; s != nil {
		head[len(head)-1].value = s.Level + ": " + s.Reason
	}
	columns := []output.Column[line]{
		{Value: func(l line) string { return l.name }}, {Value: func(l line) string { return l.value }},
	}
	if err := output.Print(w, output.Options{NoHeaders: true}, head, columns); err != nil {
		return err
	}
	fmt.Fprintln(w)
	if err := output.Print(w, o, d.Graph, graphColumns()); err != nil {
		return err
	}
	if len(d.Parameters) > 0 {
		fmt.Fprintln(w)
		if err := output.Print(w, o, d.Parameters, parameterColumns()); err != nil {
			return err
		}
	}
	if len(d.Images) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	return output.Print(w, o, d.Images, []output.Column[catalog.Image]{
		{Header: "IMAGE", Value: func(i catalog.Image) string { return i.Name }},
		{Header: "RELEASE", Value: func(i catalog.Image) string {
			return strings.TrimSpace(i.NewTag + " " + i.Digest)
		}},
	})
}

func parameterColumns() []output.Column[parameterRow] {
	return []output.Column[parameterRow]{
		{Header: "PARAMETER", Value: func(r parameterRow) string { return r.Name }},
		{Header: "TYPE", Value: func(r parameterRow) string { return r.Type }},
		{Header: "DEFAULT", Value: func(r parameterRow) string {
			if r.Required {
				return "(required)"
			}
			return r.Default
		}},
		{Header: "ALLOWED", Value: func(r parameterRow) string { return r.Allowed }},
		{Header: "DESCRIPTION", Value: func(r parameterRow) string { return r.Description }},
	}
}

// parameterRows reads the parameters out of the version's schema.
func parameterRows(v *catalog.Version) []parameterRow {
	properties, _ := v.Parameters["properties"].(map[string]any)
	defaults := v.Defaults()
	var rows []parameterRow
	for _, name := range v.ParameterNames() {
		p, _ := properties[name].(map[string]any)
		value, has := defaults[name]
		kind, _ := p["type"].(string)
		description, _ := p["description"].(string)
		rows = append(rows, parameterRow{
			Name: name, Type: kind, Required: !has, Default: value, Allowed: allowed(p),
			Description: strings.Join(strings.Fields(description), " "),
		})
	}
	return rows
}

// allowed words the commonest bounds of a schema.
func allowed(p map[string]any) string {
	if enum, ok := p["enum"].([]any); ok {
		var words []string
		for _, e := range enum {
			words = append(words, fmt.Sprint(e))
		}
		return strings.Join(words, "|")
	}
	var words []string
	for _, k := range []struct{ key, form string }{
		{"minimum", ">= %v"}, {"exclusiveMinimum", "> %v"}, {"maximum", "<= %v"}, {"exclusiveMaximum", "< %v"},
		{"format", "%v"}, {"pattern", "%v"}, {"minLength", "%v or more characters"}, {"maxLength", "%v or fewer characters"},
	} {
		if value, ok := p[k.key]; ok {
			words = append(words, fmt.Sprintf(k.form, value))
		}
	}
	return strings.Join(slices.Compact(words), ", ")
}

package catalogcmd

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
)

// Formats that only graph has.
const (
	formatDOT     output.Format = "dot"
	formatMermaid output.Format = "mermaid"
)

// bucketShared is the bucket of shared components, which come before all buckets.
const bucketShared = -1

const routesName = "routes"

// graphRow is one component in the graph of a version.
type graphRow struct {
	Bucket      int      `json:"bucket"` // -1 for shared components, which come before
	Component   string   `json:"component"`
	Sharing     string   `json:"sharing"`
	Source      string   `json:"source,omitempty"`
	Data        string   `json:"data,omitempty"`
	DependsOn   []string `json:"dependsOn,omitempty"`
	Description string   `json:"description,omitempty"`
}

func newGraph(dir *string) *cobra.Command {
	var o output.Options
	cmd := &cobra.Command{
		Use:   "graph PRODUCT[/VERSION]",
		Short: "Show the order in which a version's components start",
		Long: `Graph shows a version's buckets: a bucket starts when all of the one before is
Healthy. Shared components are Healthy before the first bucket, routes come
last.`,
		Example: `  # the buckets as a table
  sluice catalog graph swg/202

  # a picture
  sluice catalog graph swg/202 -o dot | dot -Tsvg >swg-202.svg`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withCatalog(*dir, func(c *catalog.Catalog, _ error, _ *os.Root) error {
				v, err := find(c, args[0])
				if err != nil {
					return err
				}
				return graph(cmd.OutOrStdout(), o, v)
			})
		},
		ValidArgsFunction: complete(dir),
	}
	o.AddFlags(cmd.Flags(), output.Table, output.Wide, formatDOT, formatMermaid, output.JSON, output.YAML, output.Name)
	return cmd
}

func graph(w io.Writer, o output.Options, v *catalog.Version) error {
	rows := graphRows(v)
	switch o.Format {
	case formatDOT:
		_, err := w.Write(dot(v.Ref.Short(), rows))
		return err
	case formatMermaid:
		_, err := w.Write(mermaid(rows))
		return err
	case output.Name:
		return output.Print(w, o, rows, graphColumns()[1:])
	}
	return output.Print(w, o, rows, graphColumns())
}

func graphColumns() []output.Column[graphRow] {
	return []output.Column[graphRow]{
		{Header: "BUCKET", Value: func(r graphRow) string { return bucketName(r.Bucket) }},
		{Header: "COMPONENT", Value: func(r graphRow) string { return r.Component }},
		{Header: "SHARING", Wide: true, Value: func(r graphRow) string { return r.Sharing }},
		{Header: "SOURCE", Wide: true, Value: func(r graphRow) string { return r.Source }},
		{Header: "DATA", Wide: true, Value: func(r graphRow) string { return r.Data }},
		{Header: "WAITS FOR", Value: func(r graphRow) string { return strings.Join(r.DependsOn, ", ") }},
		{Header: "DESCRIPTION", Value: func(r graphRow) string { return r.Description }},
	}
}

// graphRows returns shared components first, then the buckets, then the routes.
func graphRows(v *catalog.Version) []graphRow {
	var rows []graphRow
	for _, c := range v.Requires() {
		rows = append(rows, graphRow{
			Bucket: bucketShared, Component: c.Name.String(), Sharing: string(c.Sharing),
			Description: c.Description, Source: "shared/" + c.Name.String() + "/" + c.Version.String(),
		})
	}
	for i, bucket := range v.Buckets() {
		for _, c := range bucket {
			row := graphRow{
				Bucket: i, Component: c.Name.String(), Sharing: string(c.Sharing),
				Source: string(c.Source), Data: string(c.Data), Description: c.Description,
			}
			for _, d := range c.DependsOn {
				row.DependsOn = append(row.DependsOn, d.String())
			}
			rows = append(rows, row)
		}
	}
	if v.Routes != "" {
		rows = append(rows, graphRow{
			Bucket: len(v.Buckets()), Component: routesName, Sharing: string(catalog.SharingNone),
			Source: string(catalog.SourceKustomize), Description: "applied last, gone while suspended",
		})
	}
	return rows
}

// byBucket calls open, then each for the rows, then done, bucket by bucket.
func byBucket(rows []graphRow, open func(bucket int), each func(graphRow), done func()) {
	for i, r := range rows {
		if i == 0 || r.Bucket != rows[i-1].Bucket {
			if i > 0 {
				done()
			}
			open(r.Bucket)
		}
		each(r)
	}
	if len(rows) > 0 {
		done()
	}
}

// dot writes the graph for Graphviz; arrows point from what starts first.
func dot(name string, rows []graphRow) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "digraph %q {\n  rankdir=LR;\n  node [shape=box];\n", name)
	byBucket(rows, func(bucket int) {
		fmt.Fprintf(&b, "  subgraph \"cluster_%s\" {\n    label=%q;\n", bucketName(bucket), title(bucket))
	}, func(r graphRow) {
		fmt.Fprintf(&b, "    %q;\n", r.Component)
	}, func() { b.WriteString("  }\n") })
	for _, r := range rows {
		for _, d := range r.DependsOn {
			fmt.Fprintf(&b, "  %q -> %q;\n", d, r.Component)
		}
	}
	b.WriteString("}\n")
	return b.Bytes()
}

// mermaid writes the graph for Mermaid, which GitLab draws in Markdown.
func mermaid(rows []graphRow) []byte {
	var b bytes.Buffer
	b.WriteString("flowchart LR\n")
	// "end" and other words of the language are no node names, so none is bare.
	id := func(name string) string { return "c_" + strings.ReplaceAll(name, "-", "_") }
	byBucket(rows, func(bucket int) {
		fmt.Fprintf(&b, "  subgraph b_%s[\"%s\"]\n", bucketName(bucket), title(bucket))
	}, func(r graphRow) {
		fmt.Fprintf(&b, "    %s[\"%s\"]\n", id(r.Component), r.Component)
	}, func() { b.WriteString("  end\n") })
	for _, r := range rows {
		for _, d := range r.DependsOn {
			fmt.Fprintf(&b, "  %s --> %s\n", id(d), id(r.Component))
		}
	}
	return b.Bytes()
}

func bucketName(bucket int) string {
	if bucket == bucketShared {
		return "shared"
	}
	return strconv.Itoa(bucket)
}

func title(bucket int) string {
	if bucket == bucketShared {
		return "shared"
	}
	return "bucket " + strconv.Itoa(bucket)
}

package catalogcmd

import (
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// listRow is one version in the list.
type listRow struct {
	Name        string   `json:"name"`
	Sharing     string   `json:"sharing"`
	Status      string   `json:"status"`
	Buckets     int      `json:"buckets"`
	Components  []string `json:"components"`
	Requires    []string `json:"requires,omitempty"`
	Parameters  []string `json:"parameters,omitempty"`
	Routes      bool     `json:"routes"`
	Digest      string   `json:"digest"`
	Description string   `json:"description,omitempty"`
}

func listColumns() []output.Column[listRow] {
	return []output.Column[listRow]{
		{Header: "NAME", Value: func(r listRow) string { return r.Name }},
		{Header: "SHARING", Value: func(r listRow) string { return r.Sharing }},
		{Header: "STATUS", Value: func(r listRow) string { return r.Status }},
		{Header: "BUCKETS", Value: func(r listRow) string { return strconv.Itoa(r.Buckets) }},
		{Header: "COMPONENTS", Value: func(r listRow) string { return strconv.Itoa(len(r.Components)) }},
		{Header: "PARAMETERS", Value: func(r listRow) string { return strconv.Itoa(len(r.Parameters)) }},
		{Header: "REQUIRES", Wide: true, Value: func(r listRow) string { return strings.Join(r.Requires, ",") }},
		{Header: "ROUTES", Wide: true, Value: func(r listRow) string { return strconv.FormatBool(r.Routes) }},
		{Header: "DIGEST", Wide: true, Value: func(r listRow) string { return r.Digest }},
		{Header: "DESCRIPTION", Value: func(r listRow) string { return r.Description }},
	}
}

func newList(dir *string) *cobra.Command {
	var o output.Options
	cmd := &cobra.Command{
		Use:   "list [PRODUCT...]",
		Short: "List products and shared components with their versions",
		Long: `List shows every version of the catalog: products first, then shared components,
each in version order. STATUS says how a version stands to catalog.lock:
published, new (not yet in it) or changed (edited after it was published).`,
		Example: `  # everything that can be sold
  sluice catalog list

  # the names of a product's versions, for scripts
  sluice catalog list swg -o name`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withCatalog(*dir, func(c *catalog.Catalog, faults error, _ *os.Root) error {
				rows, err := listRows(c, args)
				if err != nil {
					return err
				}
				if err := output.Print(cmd.OutOrStdout(), o, rows, listColumns()); err != nil {
					return err
				}
				return leftOut(faults)
			})
		},
		ValidArgsFunction: complete(dir),
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

// listRows returns the versions of the named products, or all.
func listRows(c *catalog.Catalog, names []string) ([]listRow, error) {
	var rows []listRow
	found := map[string]bool{}
	var there []string
	for _, v := range c.All() {
		name := strings.TrimSuffix(v.Ref.Short(), "/"+v.Version)
		there = append(there, name)
		if len(names) > 0 && !slices.Contains(names, name) {
			continue
		}
		found[name] = true
		rows = append(rows, newListRow(c, v))
	}
	for _, name := range names {
		if !found[name] {
			return nil, fault.Hintf(fault.DidYouMean(name, there, "see `sluice catalog list`"), "no product or shared component %q in the catalog", name)
		}
	}
	return rows, nil
}

func newListRow(c *catalog.Catalog, v *catalog.Version) listRow {
	r := listRow{
		Name: v.Ref.Short(), Sharing: "none", Status: status(c, v), Buckets: len(v.Buckets()),
		Parameters: v.ParameterNames(), Routes: v.Routes != "", Digest: v.Digest, Description: v.Description,
	}
	if v.Ref.Shared {
		r.Sharing = string(v.Sharing)
	}
	for _, bucket := range v.Buckets() {
		for _, x := range bucket {
			r.Components = append(r.Components, x.Name.String())
		}
	}
	for _, x := range v.Requires() {
		r.Requires = append(r.Requires, x.Name.String()+"/"+x.Version.String())
	}
	return r
}

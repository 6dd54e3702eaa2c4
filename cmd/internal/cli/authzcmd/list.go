package authzcmd

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// show is what get and list share.
type show struct {
	deps   Deps
	now    string
	format output.Options
}

func (s *show) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.now, "now", "", "moment that AGE and STATE are of, as 2006-01-02 or RFC 3339; the clock by default")
	s.format.AddFlags(cmd.Flags())
}

func newGet(deps Deps) *cobra.Command {
	s := &show{deps: deps}
	cmd := &cobra.Command{
		Use:   "get TENANT | TENANT/PRODUCT",
		Short: "Show a tenant or one of its authorisations",
		Long: `Get shows the authorisations of one tenant, or one of them. In YAML and JSON it
prints what import reads. The wide form, YAML and JSON also say what became of
them; see list for what the columns mean.`,
		Example: `  # what a tenant has
  sluice authz get 1000006

  # what became of it: version, ring, commit and error
  sluice authz get 1000006 -o wide

  # one authorisation with its parameters
  sluice authz get 1000006/swg -o yaml`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := parseKey(args[0])
			if err != nil {
				return err
			}
			f := filter{products: products(key.Product)}
			return s.print(cmd, []ident.Tenant{key.Tenant}, f, func(found []authz.Tenant, bad []authz.Quarantine) error {
				if len(found) == 0 && len(bad) == 0 {
					return missing(key)
				}
				return nil
			})
		},
	}
	s.add(cmd)
	return cmd
}

// products returns a filter's list: empty for the zero product.
func products(p ident.Product) []ident.Product {
	if p.IsZero() {
		return nil
	}
	return []ident.Product{p}
}

func newList(deps Deps) *cobra.Command {
	s := &show{deps: deps}
	var tenants, names []string
	var state string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List authorisations",
		Long: `List shows every authorisation, one a line, and tenants that have none. AGE is
the time since the start: etcd does not keep when a record was made. STATE, in
the wide form, is where the authorisation stands in its life: pending, active,
suspended, retained or removed. A dash means the default: the ring's version,
the environment's replicas and storage, no end.

What follows STATE in the wide form is what the renderer told last: RENDERED is
the state that is in Git, RING and ACCEPTED the ring and the version that it
has there, COMMIT the commit that changed it last, and ERROR why Git is not what
the record asks for. A dash in all of them means that nothing was told yet. In
YAML and JSON this is the field "status", which an import passes over.

A record that cannot be read has a line too, which says "unreadable" and why,
and is named on stderr with what to do; the exit code is 3 then. In YAML and
JSON the output is what import reads, which passes over the field "unreadable".
"name" prints what can be read in the form that get, put and delete take.`,
		Example: `  # everything
  sluice authz list

  # who has stopped paying for a product
  sluice authz list --product swg --state suspended -o wide

  # a copy that import reads
  sluice authz list -o yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ids, f, err := parseFilter(tenants, names, state)
			if err != nil {
				return err
			}
			return s.print(cmd, ids, f, func([]authz.Tenant, []authz.Quarantine) error { return nil })
		},
	}
	cmd.Flags().StringSliceVar(&tenants, "tenant", nil, "only these tenants")
	cmd.Flags().StringSliceVar(&names, "product", nil, "only these products")
	cmd.Flags().StringVar(&state, "state", "", "only authorisations in this state")
	s.add(cmd)
	_ = cmd.RegisterFlagCompletionFunc("state", cobra.FixedCompletions(
		[]string{"pending", "active", "suspended", "retained", "removed"}, cobra.ShellCompDirectiveNoFileComp)) // fails for unknown flags only
	return cmd
}

func parseFilter(tenants, names []string, state string) (ids []ident.Tenant, f filter, err error) {
	var faults []error
	for _, s := range tenants {
		id, err := ident.Parse[ident.TenantKind](s)
		ids, faults = append(ids, id), append(faults, err)
	}
	for _, s := range names {
		p, err := ident.Parse[ident.ProductKind](s)
		f.products, faults = append(f.products, p), append(faults, err)
	}
	if state != "" {
		f.state, err = authz.ParseState(state)
		faults = append(faults, err)
	}
	return ids, f, errors.Join(faults...)
}

// filter selects authorisations; its zero value selects all, and tenants
// without any.
type filter struct {
	products []ident.Product
	state    authz.State
}

// apply returns the tenants with the authorisations that f selects.
func (f filter) apply(tenants []authz.Tenant, state func(authz.Authorisation) authz.State) []authz.Tenant {
	if len(f.products) == 0 && f.state == "" {
		return tenants
	}
	var kept []authz.Tenant
	for _, t := range tenants {
		t.Authorisations = slices.DeleteFunc(slices.Clone(t.Authorisations), func(a authz.Authorisation) bool {
			return len(f.products) > 0 && !slices.Contains(f.products, a.Product) || f.state != "" && state(a) != f.state
		})
		if len(t.Authorisations) > 0 {
			kept = append(kept, t)
		}
	}
	return kept
}

// bad returns the bad records that f may be about.
func (f filter) bad(all []authz.Quarantine) []authz.Quarantine {
	return slices.DeleteFunc(slices.Clone(all), func(q authz.Quarantine) bool {
		return len(f.products) > 0 && !q.Product.IsZero() && !slices.Contains(f.products, q.Product)
	})
}

// unheld says on stderr that nobody has a product, where its name seems
// misspelt: an empty list alone would pass for an answer.
func (f filter) unheld(w io.Writer, tenants []authz.Tenant) error {
	var held []string
	for _, t := range tenants {
		for _, a := range t.Authorisations {
			held = append(held, a.Product.String())
		}
	}
	slices.Sort(held)
	held = slices.Compact(held)
	for _, p := range f.products {
		near := fault.Nearest(p.String(), held)
		if near == "" || near == p.String() {
			continue
		}
		if _, err := fmt.Fprintf(w, "nobody has %q; did you mean %q?\n", p, near); err != nil {
			return err
		}
	}
	return nil
}

// print lists what ids and f select; check may object to it before it is printed.
func (s *show) print(cmd *cobra.Command, ids []ident.Tenant, f filter, check func([]authz.Tenant, []authz.Quarantine) error) error {
	now := s.deps.Now()
	if s.now != "" {
		var err error
		if now, err = parseTime("now", s.now); err != nil {
			return err
		}
	}
	return s.deps.with(cmd.Context(), func(store Store) error {
		all, err := store.List(cmd.Context(), ids...)
		if err == nil {
			err = nowhere(cmd.Context(), store, ids, all)
		}
		if err != nil {
			return err
		}
		found, bad := f.apply(all.Tenants, func(a authz.Authorisation) authz.State { return a.State(now, s.deps.Life) }), f.bad(all.Quarantined)
		if err := check(found, bad); err != nil {
			return err
		}
		if err := f.unheld(cmd.ErrOrStderr(), all.Tenants); err != nil {
			return err
		}
		told, untold := s.statuses(cmd.Context(), store, ids)
		if untold != nil && fault.ClassOf(untold) != fault.Skipped {
			return untold
		}
		if err := s.write(cmd.OutOrStdout(), found, bad, told, now); err != nil {
			return err
		}
		return errors.Join(skipped(bad), untold)
	})
}

func (s *show) write(w io.Writer, tenants []authz.Tenant, bad []authz.Quarantine, told statuses, now time.Time) error {
	switch s.format.Format {
	case output.JSON, output.YAML:
		return output.Document(w, s.format.Format, documentOf(tenants, bad, told))
	case output.Name: // for commands that read the records
		columns := []output.Column[row]{{Value: func(r row) string { return r.key().String() }}}
		return output.Print(w, s.format, rows(tenants, nil), columns)
	}
	return output.Print(w, s.format, rows(tenants, bad), append(s.columns(now), told.columns()...))
}

package reportcmd

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
	"github.com/gatorcloud/sluice/renderer/argocd/observe"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/report"
)

// NewWhy returns `sluice why`.
func NewWhy(d Deps) *cobra.Command {
	var o output.Options
	var a *asking
	cmd := &cobra.Command{
		Use:   "why TENANT[/PRODUCT]",
		Short: "Say why a tenant's product is not as it should be",
		Long: `Why gives one chain from what people want to what stands in the way, the deepest
cause last, with the command to type next. The codes never change their meaning;
renderer/report/codes.md has a section for each.

Git is always read. Name Argo CD's cluster with --kubeconfig or --context, the
destination with --destination-kubeconfig for what is behind an object, and etcd
with --etcd-endpoints; a source that is missing is told on stderr. Merge requests
that are not merged are told where --gitlab-url names their GitLab.`,
		Example: `  # why is it not ready
  sluice why 1000006/swg --env pop-sha1 --context argocd

  # the code of the cause, for a script
  sluice why 1000006/swg --env local -o name | tail -1`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, product, err := subject(args[0])
			if err != nil {
				return err
			}
			all, err := a.why(cmd.Context(), id, product)
			if err != nil {
				return err
			}
			missing(cmd.ErrOrStderr(), all[0].Sources)
			if o.Format == output.JSON || o.Format == output.YAML {
				return output.Document(cmd.OutOrStdout(), o.Format, all)
			}
			var rows []step
			for _, w := range all {
				for _, l := range w.Links {
					rows = append(rows, step{w.Product, l})
				}
			}
			return output.Print(cmd.OutOrStdout(), o, rows, stepColumns)
		},
	}
	flags := cmd.Flags()
	a = d.asking(flags)
	a.sources.AddDestination(flags)
	o.AddFlags(flags)
	return cmd
}

// step is a link of a product's chain.
type step struct {
	product string
	report.Link
}

var stepColumns = []output.Column[step]{
	{Header: "CODE", Value: func(s step) string { return string(s.Code) }},
	{Header: "PRODUCT", Wide: true, Value: func(s step) string { return s.product }},
	{Header: "WHAT", Value: func(s step) string { return s.Sentence }},
	{Header: "OBJECT", Wide: true, Value: func(s step) string { return s.Object }},
	{Header: "SINCE", Value: func(s step) string { return stamp(s.Since) }},
	{Header: "NEXT", Value: func(s step) string { return s.Command }},
}

// why returns the chains of a tenant's products, or of one.
func (a *asking) why(ctx context.Context, id ident.Tenant, product ident.Product) ([]report.Why, error) {
	s, err := a.gather(ctx, id)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	products := s.Products(id)
	if !product.IsZero() {
		products = []ident.Product{product}
	}
	if len(products) == 0 {
		return nil, s.nobody(id)
	}
	s.Alone()
	s.look(ctx, observe.OfTenant(id), observe.OfParents())
	s.ask(ctx)
	var all []report.Why
	for _, p := range products {
		w := s.Why(id, p, s.now)
		if w.Cause().Code == report.Unseen && s.argo != nil {
			w = s.rings(ctx, id, p)
		}
		all = append(all, w)
	}
	a.deepen(ctx, all, s.now)
	return all, nil
}

// rings looks at all tenants' Applications of a product: who is in the way is
// one of them.
func (s *scene) rings(ctx context.Context, id ident.Tenant, p ident.Product) report.Why {
	s.look(ctx, observe.OfProduct(p))
	s.Among()
	s.ask(ctx)
	w := s.Why(id, p, s.now)
	s.Alone()
	return w
}

// deepen asks the destination, if it is named, what is behind the objects at the
// ends of chains.
func (a *asking) deepen(ctx context.Context, all []report.Why, now time.Time) {
	there, closed, err := a.sources.Behind()
	if err != nil {
		for i := range all {
			all[i].Unseen(report.Targets, err)
		}
		return
	}
	defer closed()
	if there == nil {
		return
	}
	for i := range all {
		all[i].Deepen(ctx, there, now)
	}
}

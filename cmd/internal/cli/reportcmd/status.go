package reportcmd

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
	"github.com/gatorcloud/sluice/renderer/argocd/observe"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/report"
)

// shown is what `sluice status` was asked.
type shown struct {
	*asking
	output              output.Options
	ring, behind, state string
	product, subject    string
	watch               bool
	filter              report.Filter
	stdout, talk        io.Writer
}

const interval = 10 * time.Second

// NewStatus returns `sluice status`.
func NewStatus(d Deps) *cobra.Command {
	s := &shown{}
	cmd := &cobra.Command{
		Use:   "status [TENANT[/PRODUCT]]",
		Short: "Show what runs in an environment, in a ring or for a tenant",
		Long: `Status shows the fleet as a matrix of products, rings and versions: how many
tenants are granted a version, and how they run it, the worst first. With
--behind, --state or a tenant it lists products of tenants.

Git alone says what is granted. What runs is known to Argo CD, what is asked to
etcd: a source that is not named, or does not answer, is told on stderr, and what
only it knows is unknown. A tenant costs Argo CD one request. Operations of Argo
CD that hang, and keep what is newer from the cluster, are told on stderr.`,
		Example: `  # the fleet
  sluice status --env local

  # who does not run swg=203 yet
  sluice status --env local --behind swg=203

  # one tenant, with Argo CD asked
  sluice status 1000006 --env pop-sha1 --context argocd -o wide`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s.stdout, s.talk = cmd.OutOrStdout(), cmd.ErrOrStderr()
			if len(args) > 0 {
				s.subject = args[0]
			}
			return s.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	s.asking = d.asking(flags)
	flags.StringVar(&s.ring, "ring", "", "only this ring")
	flags.StringVar(&s.product, "product", "", "only this product")
	flags.StringVar(&s.behind, "behind", "", "tenants that do not run `PRODUCT=VERSION` or a later one")
	flags.StringVar(&s.state, "state", "", "tenants in a state: bad, waiting, unknown, ok or resting")
	flags.BoolVar(&s.watch, "watch", false, "show it again every 10 seconds, until it is ended")
	s.output.AddFlags(flags)
	return cmd
}

func (s *shown) run(ctx context.Context) error {
	if err := s.parse(); err != nil {
		return err
	}
	for {
		err := s.once(ctx)
		if err != nil || !s.watch || s.Wait(ctx, interval) != nil {
			return err
		}
	}
}

// parse reads the flags that choose.
func (s *shown) parse() (err error) {
	f := &s.filter
	f.Ring, f.State = s.ring, report.State(s.state)
	if states := []report.State{report.Bad, report.Waiting, report.Unknown, report.OK, report.Resting}; f.State != "" && !slices.Contains(states, f.State) {
		return fault.Hintf("use bad, waiting, unknown, ok or resting", "reading --state: %q is unknown", s.state)
	}
	if s.subject != "" {
		if f.Tenant, f.Product, err = subject(s.subject); err != nil {
			return err
		}
	}
	if s.product != "" {
		if f.Product, err = ident.Parse[ident.ProductKind](s.product); err != nil {
			return fmt.Errorf("reading --product: %w", err)
		}
	}
	if s.behind != "" {
		product, version, _ := strings.Cut(s.behind, "=")
		if f.Behind.Product, err = ident.Parse[ident.ProductKind](product); err == nil {
			f.Behind.Version, err = ident.Parse[ident.VersionKind](version)
		}
		if err != nil {
			return fault.Hintf("write PRODUCT=VERSION, such as swg=203", "reading --behind: %w", err)
		}
	}
	return nil
}

// once looks and prints.
func (s *shown) once(ctx context.Context) error {
	if !s.filter.Tenant.IsZero() {
		return s.one(ctx)
	}
	sc, err := s.gather(ctx)
	if err != nil {
		return err
	}
	defer sc.Close()
	sc.look(ctx, "")
	sc.ask(ctx)
	missing(s.talk, sc.Sources(sc.now), report.Targets)
	if s.filter.State != "" || s.behind != "" {
		return output.Print(s.stdout, s.output, sc.Rows(s.filter), rowColumns())
	}
	return s.fleet(sc.Report(sc.now))
}

// fleet prints the matrix, the worst first; documents have all of the report.
func (s *shown) fleet(r report.Report) error {
	unasked := func(ring, product string) bool {
		return s.ring != "" && ring != s.ring || !s.filter.Product.IsZero() && product != s.filter.Product.String()
	}
	r.Cells = slices.DeleteFunc(r.Cells, func(c report.Cell) bool { return unasked(c.Ring, c.Product) })
	r.Rollouts = slices.DeleteFunc(r.Rollouts, func(l report.Rollout) bool { return unasked(l.Ring, l.Product) })
	switch s.output.Format {
	case output.JSON, output.YAML:
		return output.Document(s.stdout, s.output.Format, r)
	case output.Name:
	default:
		fmt.Fprintf(s.talk, "%s: %s\n", r.State, r.Verdict)
		hang(s.talk, r.Hanging)
	}
	slices.SortStableFunc(r.Cells, func(a, b report.Cell) int { return cmp.Compare(badness(b), badness(a)) })
	return output.Print(s.stdout, s.output, r.Cells, cellColumns())
}

func badness(c report.Cell) int {
	switch {
	case c.Bad > 0:
		return 2
	case c.Waiting > 0:
		return 1
	}
	return 0
}

// one prints a tenant: one request to Argo CD.
func (s *shown) one(ctx context.Context) error {
	sc, err := s.gather(ctx, s.filter.Tenant)
	if err != nil {
		return err
	}
	defer sc.Close()
	sc.Alone()
	sc.look(ctx, observe.OfTenant(s.filter.Tenant))
	sc.ask(ctx)
	t, ok := sc.Tenant(s.filter.Tenant, sc.now)
	if !ok {
		return sc.nobody(s.filter.Tenant)
	}
	missing(s.talk, t.Sources, report.Targets)
	hang(s.talk, sc.Hanging(sc.now))
	t.Products = slices.DeleteFunc(t.Products, func(p report.Product) bool {
		return !s.filter.Product.IsZero() && p.Name != s.filter.Product.String() || s.state != "" && string(p.State) != s.state
	})
	if f := s.output.Format; f == output.JSON || f == output.YAML {
		return output.Document(s.stdout, f, t)
	}
	slices.SortStableFunc(t.Products, func(a, b report.Product) int { return cmp.Compare(a.State.Rank(), b.State.Rank()) })
	return output.Print(s.stdout, s.output, t.Products, productColumns())
}

// hang tells people which operations hang.
func hang(w io.Writer, all []report.Operation) {
	for _, o := range all {
		fmt.Fprintf(w, "sluice: Application %s hangs since %s: %s: %s\n", o.Application, cmp.Or(stamp(o.Since), "a time that is not known"), o.Sentence, o.Command)
	}
}

func stamp(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339)
}

func count(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func cellColumns() []output.Column[report.Cell] {
	type c = report.Cell
	return []output.Column[c]{
		{Header: "PRODUCT", Value: func(r c) string { return r.Product }},
		{Header: "RING", Value: func(r c) string { return r.Ring }},
		{Header: "VERSION", Value: func(r c) string { return r.Version }},
		{Header: "TENANTS", Value: func(r c) string { return strconv.Itoa(r.Tenants) }},
		{Header: "OK", Value: func(r c) string { return count(r.OK) }},
		{Header: "WAITING", Value: func(r c) string { return count(r.Waiting) }},
		{Header: "BAD", Value: func(r c) string { return count(r.Bad) }},
		{Header: "UNKNOWN", Value: func(r c) string { return count(r.Unknown) }},
		{Header: "RESTING", Wide: true, Value: func(r c) string { return count(r.Resting) }},
		{Header: "SINCE", Value: func(r c) string { return stamp(r.Since) }},
		{Header: "NOTE", Value: func(r c) string { return r.Note }},
	}
}

func rowColumns() []output.Column[report.Row] {
	type c = report.Row
	return []output.Column[c]{
		{Header: "TENANT", Value: func(r c) string { return r.Tenant + "/" + r.Product }},
		{Header: "RING", Value: func(r c) string { return r.Ring }},
		{Header: "STATE", Value: func(r c) string { return string(r.State) }},
		{Header: "GRANTED", Value: func(r c) string { return r.Granted }},
		{Header: "RUNNING", Value: func(r c) string { return r.Running }},
		{Header: "SINCE", Value: func(r c) string { return stamp(r.Since) }},
		{Header: "NAME", Wide: true, Value: func(r c) string { return r.Name }},
		{Header: "RIGHT", Wide: true, Value: func(r c) string { return r.Right }},
		{Header: "WANTED", Wide: true, Value: func(r c) string { return r.Wanted }},
		{Header: "CODE", Wide: true, Value: func(r c) string { return string(r.Code) }},
		{Header: "WHY", Value: func(r c) string { return r.Sentence }},
	}
}

func productColumns() []output.Column[report.Product] {
	type c = report.Product
	return []output.Column[c]{
		{Header: "PRODUCT", Value: func(r c) string { return r.Name }},
		{Header: "STATE", Value: func(r c) string { return string(r.State) }},
		{Header: "RIGHT", Value: func(r c) string { return r.Right }},
		{Header: "WANTED", Value: func(r c) string { return r.Wanted }},
		{Header: "GRANTED", Value: func(r c) string { return r.Granted }},
		{Header: "RUNNING", Value: func(r c) string { return r.Running }},
		{Header: "SINCE", Value: func(r c) string { return stamp(r.Since) }},
		{Header: "ENDS", Value: func(r c) string { return stamp(r.Ends) }},
		{Header: "BUCKETS", Wide: true, Value: buckets},
		{Header: "SHARED", Wide: true, Value: shared},
		{Header: "WHY", Value: func(r c) string { return r.Sentence }},
	}
}

// buckets are the groups in a line: 1 ok, 2 bad.
func buckets(p report.Product) string {
	all := make([]string, 0, len(p.Buckets))
	for _, b := range p.Buckets {
		all = append(all, fmt.Sprintf("%d %s", b.Number, b.State))
	}
	return strings.Join(all, ", ")
}

// shared are the parts in a line, with how many others hold them.
func shared(p report.Product) string {
	all := make([]string, 0, len(p.Shared))
	for _, s := range p.Shared {
		all = append(all, fmt.Sprintf("%s=%s of the %s, held by %d more", s.Component, s.Version, s.Sharing, s.Holders))
	}
	return strings.Join(all, ", ")
}

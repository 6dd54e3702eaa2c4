package rolloutcmd

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/cmd/internal/cli/envflag"
	"github.com/gatorcloud/sluice/cmd/internal/cli/exit"
	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
	"github.com/gatorcloud/sluice/cmd/internal/cli/repoflags"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/rollout"
	"github.com/spf13/cobra"
)

// States of a lane beside the codes of reasons.
const (
	done   = "done"   // all that people want, with every gate passed
	ready  = "ready"  // nothing that Git knows stands in the way
	unseen = "unseen" // it depends on what Argo CD shows
)

// statusRow is a product in a ring.
type statusRow struct {
	Lane       string     `json:"lane"`
	Product    string     `json:"product"`
	Ring       string     `json:"ring"`
	Wanted     string     `json:"wanted,omitempty"`
	Granted    []granted  `json:"granted"`
	Good       []string   `json:"good,omitempty"`
	Since      *time.Time `json:"since,omitempty"`
	Stragglers int        `json:"stragglers,omitempty"`
	State      string     `json:"state"`
	Why        string     `json:"why,omitempty"`
	Until      *time.Time `json:"until,omitempty"`
	Lift       string     `json:"lift,omitempty"`
}

// granted is a version with its share of the ring's places.
type granted struct {
	Version string  `json:"version"`
	Percent float64 `json:"percent"`
}

func (g granted) String() string {
	if g.Percent == 100 {
		return g.Version
	}
	return g.Version + " " + strconv.FormatFloat(math.Round(g.Percent*100)/100, 'f', -1, 64) + "%"
}

// shares are the granted versions in one line.
func (r statusRow) shares() string {
	texts := make([]string, 0, len(r.Granted))
	for _, g := range r.Granted {
		texts = append(texts, g.String())
	}
	return strings.Join(texts, ", ")
}

func statusColumns() []output.Column[statusRow] {
	return []output.Column[statusRow]{
		{Header: "LANE", Value: func(r statusRow) string { return r.Lane }},
		{Header: "WANTED", Value: func(r statusRow) string { return r.Wanted }},
		{Header: "GRANTED", Value: statusRow.shares},
		{Header: "STRAGGLERS", Value: func(r statusRow) string { return number(r.Stragglers) }},
		{Header: "STATE", Value: func(r statusRow) string { return r.State }},
		{Header: "UNTIL", Value: func(r statusRow) string { return stamp(r.Until) }},
		{Header: "GOOD", Wide: true, Value: func(r statusRow) string { return strings.Join(r.Good, ", ") }},
		{Header: "SINCE", Wide: true, Value: func(r statusRow) string { return stamp(r.Since) }},
		{Header: "WHY", Value: func(r statusRow) string { return r.Why }},
		{Header: "LIFT", Wide: true, Value: func(r statusRow) string { return r.Lift }},
	}
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func stamp(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// lanes are the flags and the work of status and watch.
type lanes struct {
	deps    Deps
	repo    repoflags.Repository
	env     string
	output  output.Options
	watch   bool
	timeout time.Duration
}

const outcomes = `The exit code is 0 when all is done, 1 when a version failed and was taken back,
3 while something waits.`

func (d Deps) status() *cobra.Command {
	l := &lanes{deps: d, repo: d.Repo()}
	cmd := &cobra.Command{
		Use:   "status [PRODUCT]",
		Short: "Show how far each product is in each ring, and what it waits for",
		Long: `Status reads fleet.yaml and rollouts.yaml at the branch's head: for each product
and ring what is wanted and granted, to which share of the ring's places, since
when it is proven, and why it does not move on. What Argo CD alone shows is not
asked here: a lane whose next step depends on it is unseen.

` + outcomes,
		Example: `  # where is swg, and what does it wait for
  sluice rollout status swg --env local -o wide`,
		Args: cobra.MaximumNArgs(1),
		RunE: l.run,
	}
	l.flags(cmd)
	cmd.Flags().BoolVar(&l.watch, "watch", false, "go on showing it, as sluice rollout watch does")
	return cmd
}

func (d Deps) watching() *cobra.Command {
	l := &lanes{deps: d, repo: d.Repo(), watch: true}
	cmd := &cobra.Command{
		Use:   "watch [PRODUCT]",
		Short: "Show the same until nothing waits",
		Long: `Watch shows what status shows until all is done, a version failed, or --timeout is
over: on a terminal as a live table, elsewhere each lane again when it changed.

` + outcomes,
		Example: `  # wait for swg in a pipeline
  sluice rollout watch swg --env local --timeout 2h`,
		Args: cobra.MaximumNArgs(1),
		RunE: l.run,
	}
	l.flags(cmd)
	return cmd
}

func (l *lanes) flags(cmd *cobra.Command) {
	l.repo.Flags(cmd.Flags())
	cmd.Flags().StringVar(&l.env, "env", "", envflag.Usage)
	l.output.AddFlags(cmd.Flags())
	cmd.Flags().DurationVar(&l.timeout, "timeout", time.Hour, "longest watch")
}

func (l *lanes) run(cmd *cobra.Command, args []string) error {
	look := func() ([]statusRow, error) {
		w, err := LookAt(cmd.Context(), l.repo, l.env)
		if err != nil {
			return nil, err
		}
		rows := w.rows(l.deps.Now())
		if len(args) > 0 {
			rows = slices.DeleteFunc(rows, func(r statusRow) bool { return r.Product != args[0] })
		}
		return rows, nil
	}
	if l.watch {
		return l.deps.watch(cmd.Context(), cmd.OutOrStdout(), l.output, l.timeout, look)
	}
	rows, err := look()
	if err != nil {
		return err
	}
	return errors.Join(output.Print(cmd.OutOrStdout(), l.output, rows, statusColumns()), outcome(rows))
}

// outcome returns the exit code of what the rows show.
func outcome(rows []statusRow) error {
	switch {
	case slices.ContainsFunc(rows, func(r statusRow) bool { return r.State == string(rollout.TakenBack) }):
		return exit.ErrHalted
	case slices.ContainsFunc(rows, func(r statusRow) bool { return r.State != done }):
		return exit.ErrWaiting
	}
	return nil
}

// rows returns the lanes by product, in the order of the rings. The engine is
// asked as if Argo CD had shown nothing yet: what it then waits for of Argo CD
// is unseen, all else is its reason.
func (w *World) rows(now time.Time) []statusRow {
	res := rollout.Advance(w.Input, w.Rollouts, rollout.Observation{Seen: true}, now)
	var products []ident.Product
	for k := range w.Rollouts.Lanes {
		products = append(products, k.Product)
	}
	slices.SortFunc(products, ident.Product.Compare)
	var rows []statusRow
	for _, p := range slices.Compact(products) {
		for i := range w.Input.Fleet.Rings {
			g := &w.Input.Fleet.Rings[i]
			key := rollout.Key{Ring: g.Name, Product: p}
			if lane, ok := w.Rollouts.Lanes[key]; ok {
				row := newStatusRow(key, g, lane)
				row.tell(g, lane, res)
				rows = append(rows, row)
			}
		}
	}
	return rows
}

func newStatusRow(k rollout.Key, g *rollout.Ring, lane rollout.Lane) statusRow {
	row := statusRow{Lane: k.Product.String() + "/" + k.Ring.String(), Product: k.Product.String(), Ring: k.Ring.String(),
		Wanted: g.Versions[k.Product].String(), Since: moment(lane.Since), Stragglers: len(lane.Stragglers), State: done}
	for _, s := range lane.Shares() {
		row.Granted = append(row.Granted, granted{s.Version.String(), s.Percent})
	}
	for _, v := range lane.Good {
		row.Good = append(row.Good, v.String())
	}
	return row
}

// tell fills in why the lane does not move: the reason of the lane before
// those of its stragglers.
func (r *statusRow) tell(g *rollout.Ring, lane rollout.Lane, res rollout.Result) {
	mine := func(k rollout.Key) bool { return k.Product.String() == r.Product && k.Ring.String() == r.Ring }
	i := slices.IndexFunc(res.Reasons, func(why rollout.Reason) bool { return mine(why.Key) && len(why.Tenants) == 0 })
	if i < 0 {
		i = slices.IndexFunc(res.Reasons, func(why rollout.Reason) bool { return mine(why.Key) })
	}
	switch {
	case i >= 0 && res.Reasons[i].Code == rollout.Unproven:
		r.State, r.Why = unseen, "whether it is healthy and its gates pass is seen by sluice run; Argo CD is not asked here"
		if !lane.Since.IsZero() {
			r.Why, r.Until = "proven; soak, metrics and approval are seen by sluice run", moment(lane.Since.Add(g.Soak))
		}
	case i >= 0:
		why := res.Reasons[i]
		r.State, r.Why, r.Until, r.Lift = string(why.Code), why.Detail, moment(why.Until), why.Code.Lift()
		if r.Why == "" && !why.Version.IsZero() {
			r.Why = fmt.Sprintf("%s=%s", r.Product, why.Version)
		}
	case slices.ContainsFunc(res.Moves, func(m rollout.Move) bool { return mine(m.Key) && m.What == rollout.Granted }):
		r.State, r.Why = ready, "sluice run grants it when it looks next"
	case slices.ContainsFunc(res.Moves, func(m rollout.Move) bool { return mine(m.Key) }):
		r.State, r.Why = ready, "nothing stands in its way; sluice run notes so when it looks next"
	}
}

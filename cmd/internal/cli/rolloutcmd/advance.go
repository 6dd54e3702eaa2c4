package rolloutcmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/gatorcloud/sluice/cmd/internal/cli/exit"
	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
	"github.com/gatorcloud/sluice/cmd/internal/cli/promflags"
	"github.com/gatorcloud/sluice/renderer/argocd/observe"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/prometheus"
	"github.com/gatorcloud/sluice/renderer/render"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/rollout"
	"github.com/gatorcloud/sluice/renderer/run/loop"
	"github.com/gatorcloud/sluice/renderer/run/publish"
	"github.com/spf13/cobra"
)

// glance is how long an advance waits before it looks at Argo CD again: a
// comparison that it asked for takes a moment.
const glance = 5 * time.Second

// errStill ends a write that has nothing to write.
var errStill = errors.New("nothing moves")

// stepRow is something that a step did, or why something did not move.
type stepRow struct {
	Lane    string `json:"lane"`
	Version string `json:"version,omitempty"`
	Did     string `json:"did"` // or the code of why it did not move
	Why     string `json:"why,omitempty"`
	Lift    string `json:"lift,omitempty"`
}

var stepColumns = []output.Column[stepRow]{
	{Header: "LANE", Value: func(r stepRow) string { return r.Lane }},
	{Header: "VERSION", Value: func(r stepRow) string { return r.Version }},
	{Header: "DID", Value: func(r stepRow) string { return r.Did }},
	{Header: "WHY", Value: func(r stepRow) string { return r.Why }},
	{Header: "LIFT", Wide: true, Value: func(r stepRow) string { return r.Lift }},
}

// step is one step of the engine outside of a leader.
type step struct {
	deps    Deps
	env     ident.Environment
	place   Place
	ring    ident.Ring // that a person promotes; zero for none
	word    string     // of that person
	timeout time.Duration
	dryRun  bool
	metrics promflags.Flags
	output  output.Options
	result  rollout.Result // of the last fill
}

func (d Deps) advance() *cobra.Command {
	repo := d.Repo()
	s := &step{deps: d}
	var env string
	cmd := &cobra.Command{
		Use:   "advance",
		Short: "Make one step of the engine, as a scheduled job without a leader",
		Long: `Advance looks at Argo CD, makes the steps that are proven and publishes them in one
commit: what the leader of sluice run does all the time. When it loses the race
to another commit it looks and decides anew. Give it the same --kubeconfig each
time; it looks again until --timeout while something may still be proven.

The exit code is 0 when nothing waits, 1 when a version failed or is Degraded,
3 while something waits.`,
		Example: "  # every five minutes\n  sluice rollout advance --env local --kubeconfig argocd.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if s.env, err = parseEnv(env); err != nil {
				return err
			}
			place, err := repo.Place(cmd.Context())
			if err != nil {
				return err
			}
			if err = only(cmd.Context(), place, &s.env); err == nil {
				err = s.run(cmd, place)
			}
			return errors.Join(err, place.Close())
		},
	}
	repo.Flags(cmd.Flags())
	addEnv(cmd, &env)
	s.flags(cmd, "KUBECONFIG; default ~/.kube/config")
	return cmd
}

func (s *step) flags(cmd *cobra.Command, without string) {
	s.place.Add(cmd.Flags(), without)
	s.metrics.Add(cmd.Flags())
	cmd.Flags().DurationVar(&s.timeout, "timeout", 90*time.Second, "longest look at Argo CD; what is Degraded is taken back after a minute")
	cmd.Flags().BoolVar(&s.dryRun, "dry-run", false, "write nothing; show what would move")
	s.output.AddFlags(cmd.Flags())
}

func (s *step) run(cmd *cobra.Command, place publish.Place) error {
	fill := s.fill
	if s.ring.IsZero() || s.place.Named() {
		there, closed, err := s.deps.Argo(s.place)
		if err != nil {
			return err
		}
		defer closed()
		metrics, err := s.metrics.Client()
		if err != nil {
			return err
		}
		fill = s.looking(there, metrics)
	}
	var err error
	if s.dryRun {
		_, err = place.Compare(cmd.Context(), fill)
	} else {
		_, err = place.Write(cmd.Context(), fill)
	}
	if err != nil && !errors.Is(err, errStill) {
		return err
	}
	return errors.Join(output.Print(cmd.OutOrStdout(), s.output, s.rows(), stepColumns), s.outcome())
}

// fill decides on top of files, without an observer.
func (s *step) fill(ctx context.Context, files fs.FS, sink tree.Sink) (publish.Commit, error) {
	return s.decide(ctx, files, sink, func(_ context.Context, _ *rollout.Input, _ rollout.Rollouts, o rollout.Observation) (rollout.Observation, error) {
		return o, nil
	})
}

// looking decides on what an Argo CD shows. What it asked for is remembered, also
// when a race is lost.
func (s *step) looking(there observe.Cluster, metrics *prometheus.Client) publish.Fill {
	var observer loop.Observer
	return func(ctx context.Context, files fs.FS, sink tree.Sink) (publish.Commit, error) {
		return s.decide(ctx, files, sink, func(ctx context.Context, in *rollout.Input, r rollout.Rollouts, last rollout.Observation) (rollout.Observation, error) {
			if observer == nil {
				w, err := read(files, s.env)
				if err != nil {
					return last, err
				}
				observer = &prometheus.Observer{Sight: observe.New(there, render.PlaceOf(w.Site)), Client: metrics}
			}
			o, err := observer.Observe(ctx, in, r)
			o.Ill, o.Promoted = last.Ill, last.Promoted
			return o, err
		})
	}
}

// look shows what became of grants; it keeps Ill and Promoted of the last observation.
type look func(context.Context, *rollout.Input, rollout.Rollouts, rollout.Observation) (rollout.Observation, error)

// decide renders what the engine decides on top of files.
func (s *step) decide(ctx context.Context, files fs.FS, sink tree.Sink, look look) (publish.Commit, error) {
	w, err := read(files, s.env)
	if err == nil {
		err = w.need()
	}
	if err != nil {
		return publish.Commit{}, err
	}
	if err := s.prepare(w, files); err != nil {
		return publish.Commit{}, err
	}
	o := rollout.Observation{}
	if !s.ring.IsZero() {
		o.Promoted = map[ident.Ring]bool{s.ring: true}
	}
	settled := rollout.Settle(w.Input, w.Rollouts)
	for left := s.timeout / glance; ; left-- {
		if o, err = look(ctx, w.Input, settled, o); err != nil {
			return publish.Commit{}, fmt.Errorf("observing environment %q: %w", s.env, err)
		}
		s.result = rollout.Advance(w.Input, settled, o, s.deps.Now())
		if len(s.result.Moves) > 0 || !o.Seen || !soon(s.result.Reasons) || left <= 0 {
			break
		}
		o.Ill = s.result.Ill
		if err := s.deps.Wait(ctx, glance); err != nil {
			return publish.Commit{}, err
		}
	}
	if len(s.result.Moves) == 0 {
		return publish.Commit{}, errStill
	}
	return s.render(ctx, files, sink)
}

// prepare has the engine know what a render knows.
func (s *step) prepare(w *World, files fs.FS) error {
	var names []string
	for _, g := range w.Input.Fleet.Rings {
		names = append(names, g.Name.String())
	}
	if !s.ring.IsZero() && !slices.Contains(names, s.ring.String()) {
		return fault.Hintf(fault.DidYouMean(s.ring.String(), names, "name one of the rings of fleet.yaml"), "environment %q has no ring %q", s.env, s.ring)
	}
	ready, err := s.deps.Pipeline.Prepare(files, s.env, pipeline.Options{})
	if err != nil {
		return err
	}
	head, err := ready.Memory.Head()
	if err != nil {
		return err
	}
	w.Input.Catalog = ready.Sold
	w.exact(head, func(id ident.Tenant, p ident.Product) ident.Version { return head.Ran(w.Rollouts, id, p) })
	return nil
}

// soon reports whether another look may show more.
func soon(reasons []rollout.Reason) bool {
	for _, r := range reasons {
		if r.Code == rollout.Unproven || r.Code == rollout.Ill || r.Code == rollout.SharedPart {
			return true
		}
	}
	return false
}

func (s *step) render(ctx context.Context, files fs.FS, sink tree.Sink) (publish.Commit, error) {
	summary, err := s.deps.Pipeline.Render(ctx, files, s.env, sink, pipeline.Options{Start: &s.result.Rollouts})
	if err != nil {
		return publish.Commit{}, err
	}
	c := publish.Of(summary, s.deps.Version)
	c.What = fmt.Sprintf("%d moves of rollouts", len(s.result.Moves))
	for _, m := range s.result.Moves {
		if m.Ring == s.ring && !s.ring.IsZero() {
			m.Reason = sentence(m.Reason, s.word)
		}
		c.Moves = append(c.Moves, m)
	}
	return c, nil
}

// rows are the moves, then what stands.
func (s *step) rows() []stepRow {
	var rows []stepRow
	for _, m := range s.result.Moves {
		rows = append(rows, stepRow{Lane: laneOf(m.Key, m.Component), Version: m.Version.String(), Did: string(m.What), Why: publish.Told(m)})
	}
	for _, r := range s.result.Reasons {
		rows = append(rows, stepRow{Lane: laneOf(r.Key, ident.Component{}), Version: r.Version.String(), Did: string(r.Code), Why: r.Detail, Lift: r.Code.Lift()})
	}
	return rows
}

func laneOf(k rollout.Key, c ident.Component) string {
	switch {
	case !c.IsZero():
		return c.String()
	case k.Ring.IsZero():
		return k.Product.String()
	}
	return k.Product.String() + "/" + k.Ring.String()
}

// outcome returns the exit code of what was decided. Who is suspended, or ahead
// of his ring, waits for nothing that a job could wait for.
func (s *step) outcome() error {
	waits := false
	for _, r := range s.result.Reasons {
		switch r.Code {
		case rollout.TakenBack, rollout.NoWayBack, rollout.Ill:
			return exit.ErrHalted
		case rollout.Suspended, rollout.Ahead:
		default:
			waits = true
		}
	}
	for _, m := range s.result.Moves {
		waits = waits || m.What == rollout.Granted || m.What == rollout.Raised || m.What == rollout.Followed
	}
	if waits {
		return exit.ErrWaiting
	}
	return nil
}

// Package rendercmd is `sluice render` and `sluice diff`.
package rendercmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/gatorcloud/sluice/cmd/internal/cli/envflag"
	"github.com/gatorcloud/sluice/cmd/internal/cli/exit"
	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
	"github.com/gatorcloud/sluice/cmd/internal/cli/progress"
	"github.com/gatorcloud/sluice/cmd/internal/cli/ranged"
	"github.com/gatorcloud/sluice/cmd/internal/cli/repoflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/sealkey"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/run/publish"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Deps is what the commands need from the outside.
type Deps struct {
	Repo repoflags.Repository
	// Etcd opens the store that the flags name.
	Etcd func(ctx context.Context) (pipeline.Source, func() error, error)
	// EtcdFlags adds the flags by which Etcd finds it.
	EtcdFlags func(*pflag.FlagSet)
	Pipeline  *pipeline.Pipeline
	Now       func() time.Time
	// Version is the renderer's own, for the commit's trailer.
	Version string
}

// options are the flags that render and diff share.
type options struct {
	deps     Deps
	envs     []string
	now      string
	fromGit  bool
	removals bool
	sealKey  string
	workers  int
}

func (o *options) add(set *pflag.FlagSet) {
	o.deps.Repo.Flags(set)
	o.deps.EtcdFlags(set)
	set.StringSliceVar(&o.envs, "env", nil, "environment to render; all by default")
	set.StringVar(&o.now, "now", "", "moment that decides what has started and ended, as 2006-01-02 or RFC 3339; the clock by default")
	set.BoolVar(&o.fromGit, "from-git", false, "render from the facts in the repository instead of etcd")
	sealkey.Add(set, &o.sealKey)
	set.BoolVar(&o.removals, "allow-removals", false, "allow to remove or suspend many tenants at once, or all")
	ranged.Int(set, "workers", ranged.Bounds[int]{Into: &o.workers, Default: 0, Least: 0, Most: 1024}, "tenants rendered at once; 0 takes the number of processors")
}

// session is an opened repository with its source of facts.
type session struct {
	options *options
	target  publish.Place
	render  pipeline.Options

	pipeline *pipeline.Pipeline
	envs     []ident.Environment
	stderr   io.Writer
	skipped  []error
	close    []func() error
}

// open opens what the flags name. The caller closes the session.
func (o *options) open(ctx context.Context, stderr io.Writer) (_ *session, err error) {
	s := &session{options: o, stderr: stderr, render: pipeline.Options{AllowRemovals: o.removals, Workers: o.workers}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	key, err := sealkey.Read(o.sealKey)
	if err != nil {
		return nil, err
	}
	s.pipeline = o.deps.Pipeline.Sealing(key)
	if s.render.Now, err = o.moment(); err != nil {
		return nil, err
	}
	if s.target, err = o.deps.Repo.Place(ctx); err != nil {
		return nil, err
	}
	s.close = append(s.close, s.target.Close)
	if err = s.environments(ctx); err != nil {
		return nil, err
	}
	if o.fromGit {
		return s, nil
	}
	source, closer, err := o.deps.Etcd(ctx)
	if err != nil {
		return nil, err
	}
	s.render.Source = source
	s.close = append(s.close, closer)
	return s, nil
}

// Close closes what open opened, last first.
func (s *session) Close() error {
	var faults []error
	for _, end := range slices.Backward(s.close) {
		faults = append(faults, end())
	}
	s.close = nil
	return errors.Join(faults...)
}

// moment returns --now; without it the clock, or with --from-git the zero
// time: the states that stand in the facts.
func (o *options) moment() (time.Time, error) {
	if o.now == "" && o.fromGit {
		return time.Time{}, nil
	}
	if o.now == "" {
		return o.deps.Now(), nil
	}
	t, err := authz.ParseMoment(o.now)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading --now: %w", err)
	}
	return t, nil
}

// environments fills in which environments are rendered.
func (s *session) environments(ctx context.Context) (err error) {
	if s.envs, err = envflag.Parse(s.options.envs); err != nil || len(s.envs) > 0 {
		return err
	}
	files, err := s.target.Files(ctx)
	if err != nil {
		return err
	}
	if s.envs, err = envflag.All(files); err != nil {
		return err
	}
	if len(s.envs) == 0 {
		return fault.Hintf("give the repository with --repo; it holds catalog/ and environments/",
			"looking for environments: there is none in %q", s.options.deps.Repo.Location())
	}
	return nil
}

// fill returns the step that renders env, and keeps its summary in out.
func (s *session) fill(env ident.Environment, out *pipeline.Summary) publish.Fill {
	return func(ctx context.Context, files fs.FS, sink tree.Sink) (publish.Commit, error) {
		bar := progress.New(s.stderr, "rendering "+env.String())
		defer bar.Clear()
		o := s.render
		o.Progress = bar.Set
		summary, err := s.pipeline.Render(ctx, files, env, sink, o)
		*out = summary
		return publish.Of(summary, s.options.deps.Version), err
	}
}

// row is one environment in the output of render.
type row struct {
	Environment string `json:"environment"`
	Revision    int64  `json:"revision,omitempty"`
	Tenants     int    `json:"tenants"`
	Products    int    `json:"products"`
	Overlays    int    `json:"overlays"`
	Added       int    `json:"added"`
	Changed     int    `json:"changed"`
	Removed     int    `json:"removed"`
	Commit      string `json:"commit,omitempty"`
	Skipped     int    `json:"skipped,omitempty"`
}

var columns = []output.Column[row]{
	{Header: "ENVIRONMENT", Value: func(r row) string { return r.Environment }},
	{Header: "REVISION", Value: func(r row) string { return blank(r.Revision) }},
	{Header: "TENANTS", Value: func(r row) string { return fmt.Sprint(r.Tenants) }},
	{Header: "OVERLAYS", Value: func(r row) string { return fmt.Sprint(r.Overlays) }},
	{Header: "FILES", Value: func(r row) string { return fmt.Sprintf("+%d ~%d -%d", r.Added, r.Changed, r.Removed) }},
	{Header: "COMMIT", Value: func(r row) string { return short(r.Commit) }},
	{Header: "PRODUCTS", Wide: true, Value: func(r row) string { return fmt.Sprint(r.Products) }},
	{Header: "SKIPPED", Wide: true, Value: func(r row) string { return fmt.Sprint(r.Skipped) }},
}

func blank(n int64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

func short(commit string) string {
	if commit == "" {
		return "-"
	}
	return commit[:min(12, len(commit))]
}

// skip remembers what a summary left out.
func (s *session) skip(summary pipeline.Summary) { s.skipped = append(s.skipped, summary.Skipped()...) }

// end returns what the command returns after err: what was left out is an error too.
func (s *session) end(err error) error {
	if err != nil {
		return errors.Join(append([]error{err}, s.skipped...)...)
	}
	return errors.Join(s.skipped...)
}

// New returns `sluice render`.
func New(deps Deps) *cobra.Command {
	o := &options{deps: deps}
	var check, dryRun bool
	var format output.Options
	cmd := &cobra.Command{
		Use:   "render",
		Short: "Render authorisations into overlays and push one commit",
		Long: `Render reads every authorisation at one etcd revision, renders the overlays of
every tenant and pushes them as one commit for each environment. When nothing
differs nothing is committed.

A branch (--branch, a bare repository or a URL) is written by commit and push.
The directory of a checkout is written in place and left for you to commit.`,
		Example: `  # render all environments of the checkout from its own facts
  sluice render --from-git

  # what would change, and fail if anything does (for CI)
  sluice render --from-git --check

  # render one environment from etcd into a remote branch
  sluice render --env local --repo https://git.example/fleet.git --branch main --etcd-endpoints https://etcd:2379`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := o.open(cmd.Context(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			if check || dryRun {
				err = s.compare(cmd.Context(), cmd.OutOrStdout(), format, check)
			} else {
				err = s.write(cmd.Context(), cmd.OutOrStdout(), format)
			}
			return errors.Join(err, s.Close())
		},
	}
	o.add(cmd.Flags())
	cmd.Flags().BoolVar(&check, "check", false, "write nothing; list what differs and exit 1 if anything does")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "write nothing; list what would change")
	format.AddFlags(cmd.Flags())
	return cmd
}

// write renders and writes every environment.
func (s *session) write(ctx context.Context, stdout io.Writer, f output.Options) error {
	var rows []row
	for _, env := range s.envs {
		var summary pipeline.Summary
		written, err := s.target.Write(ctx, s.fill(env, &summary))
		s.skip(summary)
		if err != nil {
			if len(rows) > 0 { // those are written
				err = errors.Join(err, output.Print(stdout, f, rows, columns))
			}
			return s.end(err)
		}
		rows = append(rows, row{Environment: env.String(), Revision: summary.Revision, Tenants: summary.Tenants,
			Products: summary.Products, Overlays: summary.Overlays, Added: written.Files.Added,
			Changed: written.Files.Changed, Removed: written.Files.Removed, Commit: commitOf(written), Skipped: len(summary.Skipped())})
	}
	return s.end(output.Print(stdout, f, rows, columns))
}

func commitOf(w publish.Written) string {
	if !w.Changed {
		return ""
	}
	return w.Commit
}

// change is one file in the output of --check and --dry-run.
type change struct {
	Path string `json:"path"`
	Kind string `json:"kind"`
}

var changeColumns = []output.Column[change]{
	{Header: "CHANGE", Value: func(c change) string { return c.Kind }},
	{Header: "FILE", Value: func(c change) string { return c.Path }},
}

// compare lists what differs.
func (s *session) compare(ctx context.Context, stdout io.Writer, f output.Options, check bool) error {
	var all []change
	for _, env := range s.envs {
		var summary pipeline.Summary
		changes, err := s.target.Compare(ctx, s.fill(env, &summary))
		s.skip(summary)
		if err != nil {
			return s.end(err)
		}
		for _, c := range changes {
			all = append(all, change{c.Path, c.Kind.String()})
		}
	}
	if len(all) > 0 || f.Format != output.Table {
		if err := output.Print(stdout, f, all, changeColumns); err != nil {
			return err
		}
	}
	if check && len(all) > 0 {
		return s.end(errors.Join(exit.ErrDifferent, fault.Hintf("run `sluice render` and commit what it writes",
			"checking %q: %d files are not what a render gives", s.options.deps.Repo.Location(), len(all))))
	}
	return s.end(nil)
}

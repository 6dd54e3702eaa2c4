// Package runcmd is `sluice run`: the watching renderer.
package runcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"github.com/gatorcloud/sluice/cmd/internal/cli/argoflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/envflag"
	"github.com/gatorcloud/sluice/cmd/internal/cli/ranged"
	"github.com/gatorcloud/sluice/cmd/internal/cli/replicaid"
	"github.com/gatorcloud/sluice/cmd/internal/cli/repoflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/reportcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/rolloutcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/sealkey"
	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/etcd/election"
	"github.com/gatorcloud/sluice/renderer/etcd/status"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/report"
	"github.com/gatorcloud/sluice/renderer/run/loop"
	"github.com/gatorcloud/sluice/renderer/run/replica"
	"github.com/gatorcloud/sluice/renderer/run/review"
	"github.com/gatorcloud/sluice/renderer/run/telemetry"
)

// Deps is what the command needs from the outside.
type Deps struct {
	Repo repoflags.Repository
	// Etcd opens the store that the flags name and says where ingest's records
	// are; the function closes it.
	Etcd func(ctx context.Context) (store *etcd.Store, records string, stop func() error, err error)
	// EtcdFlags adds the flags by which Etcd finds it.
	EtcdFlags func(*pflag.FlagSet)
	Pipeline  *pipeline.Pipeline
	// Clock is the machine's.
	Clock loop.Clock
	// Poke sends, until ctx ends, when the branch should be looked at.
	Poke func(ctx context.Context, poke chan<- struct{})
	// Show shows what a merge request does to the clusters.
	Show review.Show
	// ArgoCD connects to the cluster that Argo CD runs in.
	ArgoCD func(argoflags.Cluster) (Applications, func(), error)
	// Records returns what opens the records of a store, for the page.
	Records func(*etcd.Store) func(ctx context.Context, prefix string) (reportcmd.Records, func() error, error)
	// Destination connects to the cluster in which tenants run.
	Destination func(rolloutcmd.Place) (report.Cluster, func(), error)
	// Getenv reads the environment's variables.
	Getenv  func(string) string
	Version string
}

// options are the flags.
type options struct {
	deps                 Deps
	envs                 []string
	listen               string
	argo                 argo
	page                 page
	debug, removals, led bool
	leasePrefix, status  string
	timing               loop.Timing
	resync, ttl, jump    time.Duration
	workers              int
	id                   string
	sealKey              string
	ingest               taking
	merging              merging
}

const day = 24 * time.Hour

func (o *options) add(set *pflag.FlagSet) {
	o.deps.Repo.Flags(set)
	o.deps.EtcdFlags(set)
	set.StringSliceVar(&o.envs, "env", nil, "environment to keep; all of the branch by default")
	sealkey.Add(set, &o.sealKey)
	set.StringVar(&o.listen, "listen", "127.0.0.1:8080", "address of /livez, /readyz and /metrics; empty serves none")
	ranged.Duration(set, "debounce", ranged.Bounds[time.Duration]{Into: &o.timing.Debounce, Default: 10 * time.Millisecond, Least: time.Millisecond, Most: time.Minute}, "how long a burst of changes must be quiet before it is rendered")
	ranged.Duration(set, "max-delay", ranged.Bounds[time.Duration]{Into: &o.timing.MaxDelay, Default: 500 * time.Millisecond, Least: time.Millisecond, Most: time.Hour}, "longest that a change waits for its burst to end")
	ranged.Duration(set, "poll", ranged.Bounds[time.Duration]{Into: &o.timing.Poll, Default: 30 * time.Second, Least: 100 * time.Millisecond, Most: day}, "mean time between looks at the branch; SIGHUP looks at once")
	ranged.Duration(set, "resync", ranged.Bounds[time.Duration]{Into: &o.resync, Default: 10 * time.Minute, Least: time.Second, Most: day}, "mean time between readings of all authorisations")
	ranged.Duration(set, "clock-bound", ranged.Bounds[time.Duration]{Into: &o.jump, Default: time.Minute, Least: time.Second, Most: day}, "jumps of the clock beyond this are not followed")
	set.BoolVar(&o.led, "leader", true, "elect one of several replicas for each environment; --no-leader-election runs alone")
	set.StringVar(&o.leasePrefix, "lease-prefix", election.DefaultPrefix, "etcd prefix of the elections")
	ranged.Duration(set, "lease-ttl", ranged.Bounds[time.Duration]{Into: &o.ttl, Default: 10 * time.Second, Least: time.Second, Most: time.Hour}, "how long a leader that is gone blocks the next one")
	set.StringVar(&o.status, "status-prefix", "", "etcd prefix of the status records; - writes none (default beside the environment's records: "+status.DefaultPrefix+" for "+authz.DefaultPrefix+")")
	o.argo.add(set)
	o.page.add(set)
	o.ingest.add(set)
	o.merging.add(set, o.deps.Getenv)
	set.StringVar(&o.id, "id", "", "name of this replica for people; host and process by default")
	set.BoolVar(&o.removals, "allow-removals", false, "allow to remove or suspend many tenants at once, or all")
	ranged.Int(set, "workers", ranged.Bounds[int]{Into: &o.workers, Default: 0, Least: 0, Most: 1024}, "tenants rendered at once; 0 takes the number of processors")
	set.BoolVar(&o.debug, "debug", false, "log every step")
	set.Bool("no-leader-election", false, "run alone, without an election")
}

// New returns `sluice run`.
func New(deps Deps) *cobra.Command {
	o := &options{deps: deps}
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Watch etcd and keep the branch true, for ever",
		Long: `Run watches the authorisations and pushes one commit for each burst of changes,
with the tenants that changed and nothing else. Rights that start or end do so
at their moment. Commits of people to the catalog or the fleet are rendered when
they are seen: by polling, or at once on SIGHUP or by GitLab's webhook
(--webhook-listen).

Versions move from ring to ring by the leader's word: with --argocd-kubeconfig it
looks at what Argo CD shows of each grant, and pushes the next one when the gates
of fleet.yaml are passed. Each environment may have its own Argo CD; one that does
not answer stops the rollouts of its environments, and nothing else. Without one,
or with --rollouts=false, people promote.

Argo CD is told about pushes if --argocd-webhook or --argocd-refresh push says
so, and sees them by polling otherwise.

With --gitlab-url each open merge request to the branch that touches people's
files has one note with its plan, or with the reason why there is none.

With --ingest it also is sluice ingest: subscriptions from SPS are taken into the
records below --etcd-prefix, by every replica.

Several replicas share the environments: one leads each, the others stand by.
With --web-listen it serves the page of sluice dashboard.

Logs are JSON on stderr; /livez, /readyz?verbose and /metrics are served on
--listen.`,
		Example: `  # keep all environments of a remote branch
  sluice run --repo https://git.example/fleet.git --branch main --etcd-endpoints https://etcd:2379

  # one environment, alone, and tell Argo CD about every push
  sluice run --env local --repo fleet.git --no-leader-election --argocd-webhook https://argocd.example/api/webhook

  # in a pod beside Argo CD: move rollouts, and tell about pushes by annotations
  sluice run --repo https://git.example/fleet.git --branch main --etcd-endpoints https://etcd:2379 \
    --argocd-kubeconfig in-cluster --argocd-refresh push

  # each environment has its own Argo CD
  sluice run --repo https://git.example/fleet.git --branch main --etcd-endpoints https://etcd:2379 \
    --argocd-kubeconfig pop-sha1=clouds.yaml#sha1 --argocd-kubeconfig pop-fra1=clouds.yaml#fra1

  # notes in merge requests, and merges that are seen at once
  sluice run --repo https://git.example/clouds/fleet.git --branch main --etcd-endpoints https://etcd:2379 \
    --gitlab-url https://git.example --gitlab-token-file token --webhook-listen :8081 --webhook-secret-file secret

  # from SPS to Git in one process
  sluice run --repo https://git.example/fleet.git --branch main --etcd-endpoints https://etcd:2379 \
    --ingest --sps-url https://sps.example/api --sps-token-file token --notify-keys keys`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if alone, _ := cmd.Flags().GetBool("no-leader-election"); alone {
				o.led = false
			}
			return o.run(cmd.Context(), cmd.ErrOrStderr())
		},
	}
	o.add(cmd.Flags())
	return cmd
}

// run opens everything and runs until ctx ends, which is no failure.
func (o *options) run(ctx context.Context, stderr io.Writer) (err error) {
	level := slog.LevelInfo
	if o.debug {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: level}))
	envs, err := envflag.Parse(o.envs)
	if err != nil {
		return err
	}
	if _, err := authz.Apart(o.leasePrefix, authz.DefaultPrefix, election.DefaultPrefix); err != nil {
		return fmt.Errorf("reading --lease-prefix: %w", err)
	}
	key, err := sealkey.Read(o.sealKey)
	if err != nil {
		return err
	}
	poke := make(chan struct{}, 1)
	go o.deps.Poke(ctx, poke)
	c := replica.Config{Pipeline: o.deps.Pipeline.Sealing(key), Clock: loop.NewTrusted(o.deps.Clock, o.jump),
		Metrics: telemetry.New(o.deps.Version), Health: telemetry.NewHealth(), Environments: envs, Election: o.led, ID: replicaid.Of(o.id),
		LeasePrefix: o.leasePrefix, LeaseTTL: o.ttl, StatusPrefix: o.status, Timing: o.timing, Resync: o.resync,
		AllowRemovals: o.removals, Workers: o.workers, Version: o.deps.Version, Poke: poke, Logger: log}
	if err := o.merging.check(o.deps.Repo.Location, o.deps.Getenv); err != nil {
		return err
	}
	service, err := o.ingest.service(o.deps.Clock.Now, o.ttl, &c)
	if err != nil {
		return err
	}
	closed, err := o.argocd(&c, log) // before what takes long, so that a wrong flag is told at once
	if err != nil {
		return err
	}
	defer closed()
	repo, err := o.deps.Repo.Repo(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, repo.Close()) }()
	store, records, stop, err := o.deps.Etcd(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	c.Repo, c.Store = repo, store
	c.Notes = o.notes(&c, repo)
	deaf, err := o.hearing(ctx, store, repo.Branch(), poke, log)
	if err != nil {
		return err
	}
	defer deaf()
	return o.serve(ctx, &c, repo, log, beside(service, store, records))
}

// serve runs the replica, and what is beside it, behind its HTTP server.
func (o *options) serve(ctx context.Context, c *replica.Config, repo *git.Repo, log *slog.Logger, beside func(context.Context) error) (err error) {
	if o.listen != "" {
		server, err := telemetry.Listen(ctx, o.listen, telemetry.Handler(c.Metrics, c.Health))
		if err != nil {
			return fault.Hintf("use another --listen", "%w", err)
		}
		defer server.Close()
		log.Info("serving", "address", server.Address())
	}
	closed, err := o.show(ctx, c, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closed()) }()
	log.Info("running", "id", c.ID, "branch", repo.Branch(), "version", o.deps.Version, "election", o.led)
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error { return replica.New(*c).Run(running) })
	group.Go(func() error { return beside(running) })
	err = group.Wait()
	if ctx.Err() != nil {
		log.Info("stopped", "id", c.ID)
		return nil
	}
	return err
}

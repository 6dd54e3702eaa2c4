// Package ingestcmd is `sluice ingest`: subscriptions from SPS into etcd.
package ingestcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/ranged"
	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/etcd/task"
	"github.com/gatorcloud/sluice/renderer/ingest"
	"github.com/gatorcloud/sluice/renderer/ingest/sps"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/run/telemetry"
)

// Deps is what the commands need from the outside.
type Deps struct {
	// Etcd opens the store that the flags name and says where the records are;
	// the function closes it.
	Etcd func(ctx context.Context) (store *etcd.Store, records string, stop func() error, err error)
	// EtcdFlags adds the flags by which Etcd finds it.
	EtcdFlags func(*pflag.FlagSet)
	Now       func() time.Time
	Version   string
}

// options are the flags.
type options struct {
	deps                Deps
	prefix              string
	endCap              int
	sps                 sps.Options
	mapping             string
	keys                string
	notify, listen, id  string
	lease, pull, reread time.Duration
	workers, rate       int
	debug               bool
	query               queries
	cron, zone          string
}

const day = 24 * time.Hour

// New returns `sluice ingest`.
func New(deps Deps) *cobra.Command {
	o := &options{deps: deps}
	cmd := &cobra.Command{
		Use:   "ingest",
		Short: "Take subscriptions from SPS into etcd, for ever",
		Long: `Ingest asks SPS, the upstream subscription system, what tenants bought and writes
it to etcd, where the renderer finds it. SPS tells it about changes by signed
notices, and a list of all tenants makes up for notices that got lost.

A notice is a hint and is durable when it is answered. No answer of SPS deletes
a record: who is gone is ended, after two whole lists and SPS's word, and keeps
the data for the days of grace. What would end many tenants at once or shrink
a volume waits for a person: see sluice ingest held list.

Any number of replicas do the same work. Logs are JSON on stderr; /livez,
/readyz?verbose and /metrics are served on --listen, POST /v1/notify on
--notify-listen, and on --query-listen what other services ask: what a tenant
may use, and who has changed, from a copy in memory.`,
		Example: `  # from an SPS with a token, told by notices
  sluice ingest --sps-url https://sps.example/api --sps-token-file token --notify-keys keys \
    --etcd-endpoints https://etcd:2379

  # the same, and answer other services that have a token
  sluice ingest --sps-url https://sps.example/api --sps-token-file token --query-listen 127.0.0.1:8082 --query-tokens callers

  # an SPS with other names, without notices
  sluice ingest --sps-url https://sps.example --sps-mapping mapping.yaml --pull 5m`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), cmd.ErrOrStderr()) },
	}
	deps.EtcdFlags(cmd.PersistentFlags())
	cmd.PersistentFlags().StringVar(&o.prefix, "ingest-prefix", ingest.DefaultPrefix, "etcd prefix of what ingest keeps beside the records")
	ranged.Int(cmd.PersistentFlags(), "end-cap", ranged.Bounds[int]{Into: &o.endCap, Default: ingest.DefaultEndCap, Least: 1, Most: 500},
		"how many tenants may be ended in a day without a person; never more than half of all")
	o.add(cmd.Flags())
	cmd.AddCommand(newImport(o), newHeld(o))
	return cmd
}

func (o *options) add(set *pflag.FlagSet) {
	set.StringVar(&o.sps.URL, "sps-url", "", "where SPS is, such as https://sps.example/api (required)")
	set.StringVar(&o.sps.TokenFile, "sps-token-file", "", "`file` with the bearer token for SPS; it is read for each request")
	set.StringVar(&o.sps.CAFile, "sps-cacert", "", "certificates that SPS's own is checked with, PEM `file`")
	set.StringVar(&o.sps.CertFile, "sps-cert", "", "client certificate for SPS, PEM `file`")
	set.StringVar(&o.sps.KeyFile, "sps-key", "", "key of the client certificate, PEM `file`")
	set.StringVar(&o.mapping, "sps-mapping", "", "YAML `file` that says how SPS names the fields; those of the contract by default")
	ranged.Duration(set, "sps-timeout", ranged.Bounds[time.Duration]{Into: &o.sps.Timeout, Default: 30 * time.Second, Least: time.Second, Most: time.Hour}, "longest wait for an answer of SPS")
	ranged.Int(set, "sps-page", ranged.Bounds[int]{Into: &o.sps.Limit, Default: 1000, Least: 1, Most: 10_000}, "how many tenants a page of the list is asked to have")
	set.StringVar(&o.keys, "notify-keys", "", "`file` with the keys that sign notices, whsec_ and base64, one a line; without it no notices are taken")
	ranged.Int(set, "notify-rate", ranged.Bounds[int]{Into: &o.rate, Default: 2000, Least: 1, Most: 1_000_000}, "how many notices a second are taken")
	set.StringVar(&o.notify, "notify-listen", "127.0.0.1:8081", "address of POST /v1/notify; empty serves none")
	set.StringVar(&o.listen, "listen", "127.0.0.1:8080", "address of /livez, /readyz and /metrics; empty serves none")
	ranged.Duration(set, "pull", ranged.Bounds[time.Duration]{Into: &o.pull, Default: 30 * time.Minute, Least: time.Second, Most: day}, "mean time between readings of the whole list")
	set.StringVar(&o.cron, "pull-cron", "", "when one of all replicas reads the whole list, in five fields such as '*/30 * * * *'; without it each does every --pull")
	set.StringVar(&o.zone, "pull-zone", "", "time zone of --pull-cron, such as Europe/Berlin (default UTC)")
	ranged.Duration(set, "reread", ranged.Bounds[time.Duration]{Into: &o.reread, Default: 30 * time.Second, Least: time.Second, Most: time.Hour}, "mean time between readings of the queue beside its watch")
	ranged.Duration(set, "lease-ttl", ranged.Bounds[time.Duration]{Into: &o.lease, Default: 15 * time.Second, Least: time.Second, Most: time.Hour}, "how long the tenants of a replica that is gone wait for another")
	ranged.Int(set, "workers", ranged.Bounds[int]{Into: &o.workers, Default: 4, Least: 1, Most: 256}, "tenants fetched at once")
	o.query.add(set)
	set.StringVar(&o.id, "id", "", "name of this replica for people; host and process by default")
	set.BoolVar(&o.debug, "debug", false, "log every step")
}

// opened is the store of the flags, and what it is made of.
type opened struct {
	store   *ingest.Store
	etcd    *etcd.Store
	records string
}

// open opens the store of the flags; the function closes it.
func (o *options) open(ctx context.Context) (opened, func() error, error) {
	store, records, stop, err := o.deps.Etcd(ctx)
	if err != nil {
		return opened{}, nil, err
	}
	prefix, err := authz.Apart(o.prefix, records, ingest.DefaultPrefix)
	if err != nil {
		return opened{}, nil, errors.Join(fmt.Errorf("reading --ingest-prefix: %w", err), stop())
	}
	place := ingest.Place{Etcd: store, Prefix: prefix, Records: records, Now: o.deps.Now, EndCap: o.endCap}
	return opened{ingest.NewStore(place), store, records}, stop, nil
}

// names reads the mapping of a file; none is the contract.
func names(file string) (sps.Mapping, error) {
	if file == "" {
		return sps.Mapping{}, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return sps.Mapping{}, fault.Hintf("check --sps-mapping", "reading the mapping: %w", err)
	}
	m, err := sps.ParseMapping(data)
	if err != nil {
		return m, fmt.Errorf("reading --sps-mapping: %w", err)
	}
	return m, nil
}

// run opens everything and runs until ctx ends, which is no failure.
func (o *options) run(ctx context.Context, stderr io.Writer) (err error) {
	level := slog.LevelInfo
	if o.debug {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: level}))
	if o.sps.URL == "" {
		return fault.Hintf("give --sps-url, or take a file with sluice ingest import", "SPS is not named")
	}
	if o.sps.Mapping, err = names(o.mapping); err != nil {
		return err
	}
	schedule, err := o.schedule()
	if err != nil {
		return err
	}
	client, err := sps.NewClient(o.sps)
	if err != nil {
		return err
	}
	sv := service{client: client, schedule: schedule, log: log, metrics: telemetry.New(o.deps.Version), health: telemetry.NewHealth()}
	sv.counts = sv.metrics.Ingest()
	if sv.keys, err = o.keyring(log); err != nil {
		return err
	}
	if sv.gate, err = o.query.gate(o.deps.Now, sv.counts); err != nil {
		return err
	}
	store, stop, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	sv.opened = store
	return o.serve(ctx, sv)
}

// schedule returns when the list is read; nil when each replica decides.
func (o *options) schedule() (*task.Schedule, error) {
	if o.cron == "" {
		if o.zone != "" {
			return nil, fault.Hintf("give --pull-cron, or leave it out", "reading --pull-zone: nothing has a schedule")
		}
		return nil, nil
	}
	s, err := task.ParseSchedule(o.cron, o.zone)
	if err != nil {
		return nil, fmt.Errorf("reading --pull-cron: %w", err)
	}
	return &s, nil
}

// name returns the replica's id.
func (o *options) name() string {
	if o.id != "" {
		return o.id
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s-%d", host, os.Getpid())
}

// Package ingestcmd is `sluice ingest`: subscriptions from SPS into etcd.
package ingestcmd

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/ingestflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/ranged"
	"github.com/gatorcloud/sluice/cmd/internal/cli/replicaid"
	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/ingest"
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
	deps       Deps
	service    ingestflags.Flags
	listen, id string
	lease      time.Duration
	debug      bool
}

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
may use, and who has changed, from a copy in memory. Both want a certificate on
any address but loopback. sluice run --ingest is the same in one process.`,
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
	o.service.Place.Add(cmd.PersistentFlags())
	o.add(cmd.Flags())
	cmd.AddCommand(newImport(o), newHeld(o))
	return cmd
}

func (o *options) add(set *pflag.FlagSet) {
	o.service.Add(set)
	set.StringVar(&o.listen, "listen", "127.0.0.1:8080", "address of /livez, /readyz and /metrics; empty serves none")
	ranged.Duration(set, "lease-ttl", ranged.Bounds[time.Duration]{Into: &o.lease, Default: 15 * time.Second, Least: time.Second, Most: time.Hour}, "how long the tenants of a replica that is gone wait for another")
	set.StringVar(&o.id, "id", "", "name of this replica for people; host and process by default")
	set.BoolVar(&o.debug, "debug", false, "log every step")
}

// with opens the store for f and closes it.
func (o *options) with(ctx context.Context, f func(*ingest.Store) error) error {
	e, records, stop, err := o.deps.Etcd(ctx)
	if err != nil {
		return err
	}
	store, err := o.service.Place.Store(e, records, o.deps.Now)
	if err == nil {
		err = f(store)
	}
	return errors.Join(err, stop())
}

// run opens everything and runs until ctx ends, which is no failure.
func (o *options) run(ctx context.Context, stderr io.Writer) (err error) {
	level := slog.LevelInfo
	if o.debug {
		level = slog.LevelDebug
	}
	h := ingestflags.Host{ID: replicaid.Of(o.id), Lease: o.lease, Now: o.deps.Now, Metrics: telemetry.New(o.deps.Version), Health: telemetry.NewHealth(),
		Logger: slog.New(slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: level}))}
	service, err := o.service.Service(h)
	if err != nil {
		return err
	}
	store, records, stop, err := o.deps.Etcd(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if o.listen != "" {
		server, err := telemetry.Listen(ctx, o.listen, telemetry.Handler(h.Metrics, h.Health))
		if err != nil {
			return fault.Hintf("use another --listen", "%w", err)
		}
		defer server.Close()
		h.Logger.Info("serving", "what", "listen", "address", server.Address())
	}
	h.Logger.Info("running", "id", h.ID, "version", o.deps.Version)
	if err := service.Run(ctx, store, records); err != nil {
		return err
	}
	h.Logger.Info("stopped", "id", h.ID)
	return nil
}

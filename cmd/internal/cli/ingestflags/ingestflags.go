// Package ingestflags is the service that takes subscriptions from SPS as flags
// describe it: one place for `sluice ingest` and `sluice run --ingest`.
package ingestflags

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/ranged"
	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/etcd/task"
	"github.com/gatorcloud/sluice/renderer/ingest"
	"github.com/gatorcloud/sluice/renderer/ingest/caller"
	"github.com/gatorcloud/sluice/renderer/ingest/notify"
	"github.com/gatorcloud/sluice/renderer/ingest/sps"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/run/telemetry"
)

// Flags hold what was given on the command line. Use the Add functions, then
// the others after parsing.
type Flags struct {
	Place
	SPS
	notices
	queries
	pull, reread time.Duration
	workers      int
	cron, zone   string
}

// Place are the flags that say where ingest keeps its own.
type Place struct {
	prefix string
	endCap int
}

// Add adds the flags.
func (p *Place) Add(set *pflag.FlagSet) {
	p.AddPrefix(set)
	ranged.Int(set, "end-cap", ranged.Bounds[int]{Into: &p.endCap, Default: ingest.DefaultEndCap, Least: 1, Most: 500},
		"how many tenants may be ended in a day without a person; never more than half of all")
}

// AddPrefix adds the flag that finds what ingest keeps, for who only looks.
func (p *Place) AddPrefix(set *pflag.FlagSet) {
	set.StringVar(&p.prefix, "ingest-prefix", ingest.DefaultPrefix, "etcd prefix of what ingest keeps beside the records")
}

// Prefix returns where ingest keeps its own.
func (p *Place) Prefix() string { return p.prefix }

// Store returns the store beside some records.
func (p *Place) Store(store *etcd.Store, records string, now func() time.Time) (*ingest.Store, error) {
	prefix, err := authz.Apart(p.prefix, records, ingest.DefaultPrefix)
	if err != nil {
		return nil, fmt.Errorf("reading --ingest-prefix: %w", err)
	}
	return ingest.NewStore(ingest.Place{Etcd: store, Prefix: prefix, Records: records, Now: now, EndCap: p.endCap}), nil
}

// SPS are the flags that say where SPS is and how it knows us.
type SPS struct {
	options sps.Options
	mapping string
}

// Add adds the flags.
func (s *SPS) Add(set *pflag.FlagSet) {
	set.StringVar(&s.options.URL, "sps-url", "", "where SPS is, such as https://sps.example/api")
	set.StringVar(&s.options.TokenFile, "sps-token-file", "", "`file` with the bearer token for SPS; it is read for each request")
	set.StringVar(&s.options.CAFile, "sps-cacert", "", "certificates that SPS's own is checked with, PEM `file`")
	set.StringVar(&s.options.CertFile, "sps-cert", "", "client certificate for SPS, PEM `file`")
	set.StringVar(&s.options.KeyFile, "sps-key", "", "key of the client certificate, PEM `file`")
	AddMapping(set, &s.mapping)
	ranged.Duration(set, "sps-timeout", ranged.Bounds[time.Duration]{Into: &s.options.Timeout, Default: 30 * time.Second, Least: time.Second, Most: time.Hour}, "longest wait for an answer of SPS")
	ranged.Int(set, "sps-page", ranged.Bounds[int]{Into: &s.options.Limit, Default: 1000, Least: 1, Most: 10_000}, "how many tenants a page of the list is asked to have")
}

// AddMapping adds the flag that names the file of a mapping.
func AddMapping(set *pflag.FlagSet, into *string) {
	set.StringVar(into, "sps-mapping", "", "YAML `file` that says how SPS names the fields; those of the contract by default")
}

// Mapping reads the mapping of a file; none is the contract.
func Mapping(file string) (sps.Mapping, error) {
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

// Named reports whether an SPS is named.
func (s *SPS) Named() bool { return s.options.URL != "" }

// Client returns a client of the SPS that is named.
func (s *SPS) Client() (_ *sps.Client, err error) {
	if !s.Named() {
		return nil, fault.Hintf("give --sps-url, or take a file with sluice ingest import", "SPS is not named")
	}
	if s.options.Mapping, err = Mapping(s.mapping); err != nil {
		return nil, err
	}
	return sps.NewClient(s.options)
}

// Add adds all flags but those of the Place.
func (f *Flags) Add(set *pflag.FlagSet) {
	f.SPS.Add(set)
	f.notices.add(set)
	f.queries.add(set)
	ranged.Duration(set, "pull", ranged.Bounds[time.Duration]{Into: &f.pull, Default: 30 * time.Minute, Least: time.Second, Most: 24 * time.Hour}, "mean time between readings of SPS's whole list")
	set.StringVar(&f.cron, "pull-cron", "", "when one of all replicas reads the whole list, in five fields such as '*/30 * * * *'; without it each does every --pull")
	set.StringVar(&f.zone, "pull-zone", "", "time zone of --pull-cron, such as Europe/Berlin (default UTC)")
	ranged.Duration(set, "reread", ranged.Bounds[time.Duration]{Into: &f.reread, Default: 30 * time.Second, Least: time.Second, Most: time.Hour}, "mean time between readings of the queue of tenants beside its watch")
	ranged.Int(set, "fetches", ranged.Bounds[int]{Into: &f.workers, Default: 4, Least: 1, Most: 256}, "tenants fetched at once")
}

// Host is the process that the service runs in. All of it is needed.
type Host struct {
	// ID names the replica to people.
	ID      string
	Lease   time.Duration
	Now     func() time.Time
	Metrics *telemetry.Metrics
	Health  *telemetry.Health
	Logger  *slog.Logger
}

// Service is what the flags describe, before etcd is there.
type Service struct {
	Host
	flags    *Flags
	client   *sps.Client
	schedule *task.Schedule              // nil when each replica reads the list
	keys     *caller.Files[[]notify.Key] // nil when no notices are taken
	gate     *caller.Gate                // nil when no queries are answered
	counts   *telemetry.Ingest           // of Metrics
}

// Service checks the flags and reads their files.
func (f *Flags) Service(h Host) (*Service, error) {
	s := &Service{Host: h, flags: f, counts: h.Metrics.Ingest()}
	for _, step := range []func() error{
		func() (err error) { s.client, err = f.Client(); return err },
		func() (err error) { s.schedule, err = f.schedule(); return err },
		func() (err error) { s.keys, err = f.notices.open(h.Now(), s.unread); return err },
		func() (err error) { s.gate, err = f.queries.gate(h.Now, s.counts, s.unread); return err },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// unread tells that files could not be read again.
func (s *Service) unread(err error) {
	s.Logger.Warn("keys and certificates stay as they were", "error", err, "hint", fault.HintOf(err))
}

// schedule returns when the list is read; nil when each replica decides.
func (f *Flags) schedule() (*task.Schedule, error) {
	if f.cron == "" {
		if f.zone != "" {
			return nil, fault.Hintf("give --pull-cron, or leave it out", "reading --pull-zone: nothing has a schedule")
		}
		return nil, nil
	}
	s, err := task.ParseSchedule(f.cron, f.zone)
	if err != nil {
		return nil, fmt.Errorf("reading --pull-cron: %w", err)
	}
	return &s, nil
}

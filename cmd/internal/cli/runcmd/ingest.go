package runcmd

import (
	"context"
	"time"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/ingestflags"
	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/run/replica"
)

// taking are the flags of subscriptions that are taken in the same process.
type taking struct {
	on    bool
	flags ingestflags.Flags
	set   *pflag.FlagSet
}

func (t *taking) add(set *pflag.FlagSet) {
	set.BoolVar(&t.on, "ingest", false, "take subscriptions from SPS too, as sluice ingest does with the same flags")
	t.set = pflag.NewFlagSet("ingest", pflag.ContinueOnError)
	t.flags.Place.Add(t.set)
	t.flags.Add(t.set)
	set.AddFlagSet(t.set)
	if records := set.Lookup("etcd-prefix"); records != nil { // an environment has its own place
		t.set.AddFlag(records)
	}
}

// service checks the flags; nil when nothing is to be taken.
func (t *taking) service(now func() time.Time, lease time.Duration, c *replica.Config) (*ingestflags.Service, error) {
	if t.on {
		return t.flags.Service(ingestflags.Host{ID: c.ID, Lease: lease, Now: now, Metrics: c.Metrics, Health: c.Health, Logger: c.Logger})
	}
	var err error
	t.set.VisitAll(func(f *pflag.Flag) {
		if f.Changed && err == nil {
			err = fault.Hintf("give --ingest too", "reading --%s: no subscriptions are taken", f.Name)
		}
	})
	return nil, err
}

// beside returns what runs beside the replica: the service, if there is one.
func beside(s *ingestflags.Service, store *etcd.Store, records string) func(context.Context) error {
	return func(ctx context.Context) error {
		if s == nil {
			return nil
		}
		return s.Run(ctx, store, records)
	}
}

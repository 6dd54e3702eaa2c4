package doctorcmd

import (
	"context"
	"fmt"
	"time"

	"github.com/gatorcloud/sluice/cmd/internal/cli/ingestflags"
	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/ingest"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// taking are the flags that find an SPS and what ingest keeps.
type taking struct {
	place ingestflags.Place
	sps   ingestflags.SPS
}

// upstream checks whether SPS is there, knows us, and has our time: notices are
// signed with its clock and checked by ours.
func (d *doctor) upstream(ctx context.Context) {
	if !d.ingest.sps.Named() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	client, err := d.ingest.sps.Client()
	var total int
	var at time.Time
	if err == nil {
		defer client.Close()
		total, at, err = client.Probe(ctx)
	}
	if d.note("sps", fmt.Sprintf("answers, and has %d tenants", total), err) && !at.IsZero() {
		d.note("sps clock", "its clock and ours agree", checkSkew(d.deps.Now(), at))
	}
}

// checkSkew refuses clocks that differ by more than the slack.
func checkSkew(ours, theirs time.Time) error {
	if skew := ours.Sub(theirs); skew.Abs() > slack {
		return fault.Hintf("set the one that is wrong: notices that are more than 5 minutes off are refused",
			"our clock is %s apart from that of SPS, which says %s", skew.Abs().Round(time.Second), theirs.UTC().Format(time.RFC3339))
	}
	return nil
}

const (
	// patience is how long a tenant may wait for its fetch: longer than between two tries.
	patience = 15 * time.Minute
	// listAge is how long ago a list may have been read whole: on the word of
	// its ETag alone it becomes a day old.
	listAge = 25 * time.Hour
)

// taken checks what ingest has in hand.
func (d *doctor) taken(ctx context.Context, e *etcd.Store, records []string) {
	if !d.ingest.sps.Named() {
		return
	}
	prefix := d.ingest.place.Prefix()
	if !d.note("ingest", "may write below "+prefix, apart(ctx, e, prefix, ingest.DefaultPrefix, records)) {
		return
	}
	stats, err := ingest.NewStore(ingest.Place{Etcd: e, Prefix: prefix, Now: d.deps.Now}).Stats(ctx)
	if !d.note("ingest held", fmt.Sprintf("%d tenants wait for a person (sluice ingest held list)", stats.Held), err) {
		return
	}
	now := d.deps.Now()
	d.note("ingest queue", fmt.Sprintf("%d tenants wait for a fetch", stats.Dirty), checkQueue(now, stats))
	d.note("ingest list", "read whole at "+stats.Listed.UTC().Format(time.RFC3339), checkList(now, stats.Listed))
}

// checkQueue refuses a queue in which somebody waits too long.
func checkQueue(now time.Time, s ingest.Stats) error {
	if waits := now.Sub(s.Oldest); s.Dirty > 0 && waits > patience {
		return fault.Hintf("see why with: sluice ingest held list -o wide; and whether sluice ingest runs",
			"%d tenants wait for a fetch, the oldest for %s; SPS describes %d of them in a way that is not to be used", s.Dirty, waits.Round(time.Minute), s.Quarantined)
	}
	return nil
}

// checkList refuses a list that was never read whole, or long ago.
func checkList(now, listed time.Time) error {
	const hint = "see whether sluice ingest runs, and what it logs"
	switch age := now.Sub(listed); {
	case listed.IsZero():
		return fault.Hintf(hint, "no list of SPS was read whole")
	case age > listAge:
		return fault.Hintf(hint, "the last list of SPS was read whole %s ago", age.Round(time.Minute))
	}
	return nil
}

package render_test

import (
	"context"
	"maps"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Changes whose commit lost a race are made again on what the winner left, and
// nothing is forgotten: who came, who left, and how many a ring counts.
func TestLostRace(t *testing.T) {
	r := newRenderer(t, 2, 2)
	before := small()
	came, gone, stays := before["1000005"], before["1000003"], before["1000001"]
	delete(before, "1000005")
	fleet, files := full(t, r, sorted(before), nil)

	after := maps.Clone(before)
	after["1000005"] = came
	delete(after, "1000003")
	stays.Name = "renamed"
	after["1000001"] = stays
	var sink *memory
	for range 3 {
		sink = newMemory(files)
		r.Settle(fleet, []authz.Facts{came, stays}, []ident.Tenant{gone.ID})
		change(t, r, fleet, came, files, sink)
		change(t, r, fleet, stays, files, sink)
		if err := r.Remove(fleet, gone.ID, sink); err != nil {
			t.Fatal(err)
		}
		if err := fleet.Flush(context.Background(), sink); err != nil {
			t.Fatal(err)
		}
	}
	fleet.Settle()
	_, want := full(t, r, sorted(after), files)
	if d := diffFiles(want, sink.commit()); d != "" {
		t.Errorf("after two lost races (-full +incremental):\n%s", d)
	}

	// Once published, who is gone is nobody's business any more.
	sink = newMemory(files)
	if err := r.Remove(fleet, gone.ID, sink); err != nil || len(sink.puts) > 0 {
		t.Errorf("Remove() of a tenant that is not there = %v, writes %v, want nothing", err, sink.puts)
	}
}

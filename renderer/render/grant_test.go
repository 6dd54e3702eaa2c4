package render_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// bumped is a renderer of the fleet in which main shall run swg 202, too.
func bumped(t *testing.T, batch int, steps ...int) (*render.Renderer, *rollout.Fleet) {
	t.Helper()
	s := site(t, batch)
	main := &s.Fleet.Rings[1]
	main.Versions = maps.Clone(main.Versions)
	main.Versions[ident.Must[ident.ProductKind]("swg")] = ident.Must[ident.VersionKind]("202")
	f := fleetOf(t, s)
	f.Rings[1].Steps = steps
	return render.New(render.Config{Site: s, Catalog: sold(t), Fleet: f, Bases: &bases{}, Engine: engine()}), f
}

// crowd is some tenants with swg, of which every fifth is suspended.
func crowd(n int) []authz.Facts {
	var all []authz.Facts
	for i := range n {
		f := authz.Facts{Tenant: authz.Tenant{ID: ident.Must[ident.TenantKind](fmt.Sprint(1000000 + i)), Name: "n", Code: fmt.Sprintf("c%d", i)},
			States: []authz.State{authz.Active}}
		if i%5 == 0 {
			f.States[0] = authz.Suspended
		}
		f.Tenant.Authorisations = []authz.Authorisation{{Product: ident.Must[ident.ProductKind]("swg"), StartTime: now}}
		all = append(all, f)
	}
	return all
}

// A bump moves nobody: it makes the overlays ready. Each grant after it writes
// what a render from nothing would, over its rollouts, and no file of a tenant
// but the members of a slice that stay behind.
func TestGrantsWriteSlices(t *testing.T) {
	all := crowd(40)
	_, files := full(t, newRenderer(t, 2, 2), all, served())
	r, fleet := bumped(t, 2, 25)
	before := applications(files)
	roster, files := full(t, r, all, files)
	if now := applications(files); !maps.Equal(before, now) {
		t.Fatalf("a bump changes what slices are granted: %v, before %v", now, before)
	}
	grants := 0
	for {
		in, at := roster.Rollouts()
		res := rollout.Advance(in, at, rollout.Observation{Promoted: map[ident.Ring]bool{fleet.Rings[0].Name: true, fleet.Rings[1].Name: true}}, now)
		if len(res.Moves) == 0 {
			break
		}
		granted := slices.ContainsFunc(res.Moves, func(m rollout.Move) bool { return m.What == rollout.Granted })
		sink := newMemory(files)
		start, ok := r.Grant(roster, res.Rollouts)
		if !ok {
			if granted {
				t.Errorf("%v needs a full render", res.Moves)
			}
			roster, files = full(t, r, all, files)
			continue
		}
		if err := roster.Flush(context.Background(), sink); err != nil {
			t.Fatal(err)
		}
		roster.Settle()
		after := sink.commit()
		whole := newMemory(files)
		if _, _, err := r.Full(context.Background(), all, stored(files), &start, whole); err != nil {
			t.Fatal(err)
		}
		if d := diffFiles(whole.commit(), after); d != "" {
			t.Fatalf("%v (-full +incremental):\n%s", res.Moves, d)
		}
		if granted {
			grants++
			little(t, files, after)
		}
		files = after
	}
	for path, versions := range applications(files) {
		if !strings.Contains(versions, `swg: "202"`) {
			t.Errorf("%s grants %s in the end", path, versions)
		}
	}
	if grants != 2 {
		t.Errorf("%d grants, want one for each step", grants)
	}
}

// applications are what the slices of a fleet are granted.
func applications(files map[string][]byte) map[string]string {
	all := map[string]string{}
	for path, data := range files {
		if strings.Contains(path, "/fleet/rings/") {
			_, all[path], _ = strings.Cut(string(data), "map:")
		}
	}
	return all
}

// little fails if a grant changed more than it has to.
func little(t *testing.T, before, after map[string][]byte) {
	t.Helper()
	bytesChanged := 0
	for path, data := range after {
		if bytes.Equal(before[path], data) {
			continue
		}
		bytesChanged += len(data)
		if strings.Contains(path, "/tenants/") || strings.Contains(path, "canary") {
			t.Errorf("a grant in main changes %s", path)
		}
	}
	if len(before) != len(after) || bytesChanged > 64<<10 {
		t.Errorf("a grant makes %d files of %d and changes %d bytes", len(after), len(before), bytesChanged)
	}
}

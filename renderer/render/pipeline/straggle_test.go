package pipeline_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/short"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// A product whose parameter the version rolled back to does not know stays at
// the version that it runs. Its tenant's other products go on, and so does time.
func TestUnknownParameterAfterRollback(t *testing.T) {
	short.Skip(t, "renders the example again and again")
	const tenant = "environments/local/tenants/06/00/1000006/"
	held := unpinned()
	held[1].Value = bytes.Replace(held[1].Value, []byte(`"replicas"`), []byte(`"parameters":{"auditRetentionDays":30},"replicas"`), 1)
	held = append(held, authz.Record{Key: "/tenant/info/1000006/rs/dsa", Value: []byte(`{"product":"dsa","replicas":2,"startTime":"2024-06-18T00:00:00Z"}`)})
	before, _, err := render(t, repository(t), pipeline.Options{Source: held, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	files := repository(t)
	for path, data := range before {
		files[path] = &fstest.MapFile{Data: data}
	}
	proven(t, files, "swg", "200", "202")
	fleet := files["environments/local/fleet.yaml"].Data
	files["environments/local/fleet.yaml"] = &fstest.MapFile{Data: bytes.ReplaceAll(bytes.ReplaceAll(bytes.ReplaceAll(fleet,
		[]byte(`["200"]`), []byte(`[old]`)), []byte(`"202"`), []byte(`"200"`)), []byte(`[old]`), []byte(`["202"]`))}
	more := slices.Clone(held)
	more[len(more)-1].Value = []byte(`{"product":"dsa","replicas":5,"startTime":"2024-06-18T00:00:00Z"}`)
	after := before
	for name, tc := range map[string]struct {
		reason string
		now    time.Time
		state  string
	}{
		"Runs":  {"it runs on", now, "active"},
		"Ended": {"a right that ends while it waits is suspended", time.Date(2029, 1, 2, 0, 0, 0, 0, time.UTC), "suspended"},
	} {
		t.Run(name, func(t *testing.T) {
			got, summary, err := render(t, files, pipeline.Options{Source: more, Now: tc.now, AllowRemovals: true})
			if err != nil || len(summary.Kept) > 0 || !slices.ContainsFunc(summary.Skipped(), func(e error) bool { return strings.Contains(e.Error(), "auditRetentionDays") }) {
				t.Fatalf("Render() = %v, keeps %v, left out %v, want the parameter told and nobody kept", err, summary.Kept, summary.Skipped())
			}
			if d := string(got[tenant+"swg/202/sluice.yaml"]); !strings.Contains(d, `state: "`+tc.state+`"`) {
				t.Errorf("overlay of swg 202 is\n%s\nwant state %s: %s", d, tc.state, tc.reason)
			}
			if m := string(got["environments/local/rings/main/1000006.yaml"]); !strings.Contains(m, `pin: "202"`) {
				t.Errorf("member is\n%s\nwant swg pinned to 202: %s", m, tc.reason)
			}
			if d := string(got[tenant+"dsa/31/sluice.yaml"]); !strings.Contains(d, "replicas: 5") {
				t.Errorf("overlay of dsa is\n%s\nwant its new replicas: %s", d, tc.reason)
			}
			if f := string(got[tenant+"tenant.yaml"]); strings.Contains(f, "  version: ") {
				t.Errorf("tenant.yaml is\n%s\nwant no pin: nobody bought one", f)
			}
			if tc.state == "active" {
				after = got
			}
		})
	}
	again := maps.Clone(files)
	for path, data := range after {
		again[path] = &fstest.MapFile{Data: data}
	}
	got, _, err := render(t, again, pipeline.Options{Source: more, Now: now})
	if err != nil || !maps.EqualFunc(got, after, bytes.Equal) {
		for path, data := range got {
			if !bytes.Equal(data, after[path]) {
				t.Errorf("a second render changes %s from\n%s\nto\n%s", path, after[path], data)
			}
		}
		t.Errorf("a second render = %v, changes what stands", err)
	}
}

// proven makes versions of a product good in every ring of the environment.
func proven(t *testing.T, files fstest.MapFS, product string, versions ...string) {
	t.Helper()
	const name = "environments/local/" + rollout.File
	r, err := rollout.Decode(files[name].Data)
	if err != nil {
		t.Fatal(err)
	}
	for k, lane := range r.Lanes {
		if k.Product.String() == product {
			lane.Good = nil
			for _, v := range versions {
				lane.Good = append(lane.Good, ident.Must[ident.VersionKind](v))
			}
			r.Lanes[k] = lane
		}
	}
	files[name] = &fstest.MapFile{Data: r.Encode()}
}

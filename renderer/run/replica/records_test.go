package replica

import (
	"errors"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/etcd/status"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/render/plan"
	"github.com/gatorcloud/sluice/renderer/run/loop"
)

var (
	one = ident.Must[ident.TenantKind]("1000006")
	swg = ident.Must[ident.ProductKind]("swg")
)

func sold(products ...ident.Product) loop.Outcome {
	f := authz.Facts{Tenant: authz.Tenant{ID: one, Name: "a", Code: "c5cb27eb"}}
	for _, p := range products {
		f.Tenant.Authorisations = append(f.Tenant.Authorisations, authz.Authorisation{Product: p})
		f.States = append(f.States, authz.Active)
	}
	return loop.Outcome{Changed: true, Commit: "c1", Facts: []authz.Facts{f}}
}

func example(t *testing.T) *environments.Site {
	t.Helper()
	s, err := environments.Load(environments.Example(), ident.Must[ident.EnvironmentKind]("local"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRecords(t *testing.T) {
	t.Parallel()
	bad := fault.Hintf("write it again", "record\nis bad")
	for name, tc := range map[string]struct {
		reason string
		change func(*loop.Outcome)
		want   status.Record
	}{
		"Accepted": {"the ring's version is what is rendered", func(*loop.Outcome) {},
			status.Record{Environment: "local", AcceptedVersion: "202", Ring: "main", Commit: "c1", State: "active"}},
		"Quarantined": {"the last good record is still rendered", func(o *loop.Outcome) {
			o.Quarantined = []authz.Quarantine{{Tenant: one, Product: swg, Err: bad}}
		}, status.Record{Environment: "local", AcceptedVersion: "202", Ring: "main", Commit: "c1", State: "active", Error: "record is bad; write it again"}},
		"Fault": {"the version asked for is not", func(o *loop.Outcome) {
			o.Faults = []plan.Fault{{Tenant: one, Product: swg, Err: bad}}
		}, status.Record{Environment: "local", Ring: "main", Commit: "c1", State: "active", Error: "record is bad; write it again"}},
		"GrantRefused": {"the ring keeps what it has", func(o *loop.Outcome) {
			o.Grants = []pipeline.Grant{{Ring: ident.Must[ident.RingKind]("main"), Product: swg, Err: bad}, {Ring: ident.Must[ident.RingKind]("canary"), Product: swg, Err: errors.New("x")}}
		}, status.Record{Environment: "local", AcceptedVersion: "202", Ring: "main", Commit: "c1", State: "active", Error: `ring "main": product "swg": record is bad; write it again`}},
		"Long": {"hostile errors are bounded", func(o *loop.Outcome) {
			o.Faults = []plan.Fault{{Tenant: one, Product: swg, Err: errors.New(strings.Repeat("x", 9000))}}
		}, status.Record{Environment: "local", Ring: "main", Commit: "c1", State: "active", Error: strings.Repeat("x", 512) + "..."}},
	} {
		o := sold(swg)
		tc.change(&o)
		got := records(o, example(t), func(ident.Tenant, ident.Product) ident.Version { return ident.Must[ident.VersionKind]("202") })
		if len(got) != 1 || got[0].Records[swg] != tc.want {
			t.Errorf("%s: records() = %+v, want %+v: %s", name, got, tc.want, tc.reason)
		}
	}
}

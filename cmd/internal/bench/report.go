package main

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/report"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

func reportFigures() []figure {
	return []figure{
		{name: "report-bytes-per-tenant", unit: "bytes", bound: 1024, run: reportBytes,
			about: "heap of the report over an empty one, with 10,000 tenants of 4 products and all their Applications"},
		{name: "why-10k-ms", unit: "ms", bound: 50, run: whyTime,
			about: "the slowest of 200 whys among them, of tenants whose ring waits for a degraded one of another"},
	}
}

const reported = 10000

// joined returns a report of many tenants, and what it takes of the heap.
func joined() (*report.Join, float64, error) {
	sold, err := fourProducts()
	if err != nil {
		return nil, 0, err
	}
	s, err := site()
	if err != nil {
		return nil, 0, err
	}
	fleet, err := rollout.FleetOf(s)
	if err != nil {
		return nil, 0, err
	}
	lanes, last := map[rollout.Key]rollout.Lane{}, len(fleet.Rings)-1
	for i, g := range fleet.Rings {
		g.Versions[swg] = ident.Must[ident.VersionKind]("202")
		for p, v := range g.Versions {
			if p == swg && i == last {
				v = ident.Must[ident.VersionKind]("200") // it waits for the rings before
			}
			lanes[rollout.Key{Ring: g.Name, Product: p}] = rollout.Lane{At: []rollout.Segment{{To: rollout.End, Version: v}}, Good: []ident.Version{v}}
		}
	}
	j := report.New(local, sold)
	j.Order(fleet, rollout.Rollouts{Lanes: lanes})
	for _, source := range []string{report.Git, report.ArgoCD, report.Engine} {
		j.Source(source, time.Now(), "")
	}
	before := heap()
	for i := range reported {
		g := &fleet.Rings[i%len(fleet.Rings)]
		f := tenant(i, 1, "dsa", "seg", "swg", "ucwi")
		j.Put(report.Member{Facts: f, Ring: g.Name, Pin: func(authz.Authorisation) ident.Version { return ident.Version{} }})
		for _, a := range f.Tenant.Authorisations {
			j.See(wellRun(f.Tenant.ID, g.Name, a.Product, lanes[rollout.Key{Ring: g.Name, Product: a.Product}].At[0].Version))
		}
		j.See(&report.Application{Name: manifest.AppTenant(local, f.Tenant.ID), Level: "tenant", Tenant: f.Tenant.ID, Ring: g.Name, Verdict: rollout.Proven})
	}
	return j, heap() - before, nil
}

func wellRun(id ident.Tenant, ring ident.Ring, p ident.Product, v ident.Version) *report.Application {
	at := time.Now().Truncate(time.Second)
	return &report.Application{Name: manifest.AppProduct(local, id, p), Level: "product", Tenant: id, Product: p, Ring: ring,
		Asked: v, Running: v, Verdict: rollout.Proven, Since: at, Reconciled: at}
}

func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

func reportBytes(context.Context) (float64, error) {
	j, bytes, err := joined()
	runtime.KeepAlive(j)
	return bytes / reported, err
}

func whyTime(context.Context) (float64, error) {
	j, _, err := joined()
	if err != nil {
		return 0, err
	}
	cells := j.Report(time.Now()).Cells
	first, last := ident.Must[ident.RingKind](cells[0].Ring), ident.Must[ident.RingKind](cells[len(cells)-1].Ring)
	v := ident.Must[ident.VersionKind]("202")
	sick := wellRun(ident.Must[ident.TenantKind]("1000000"), first, swg, v)
	sick.Verdict, sick.Obstacle = rollout.Degraded, report.InObject
	sick.Objects = []report.Object{{Group: "apps", Kind: "Deployment", Namespace: "local-1000000", Name: "swg-engine", Health: "Degraded", Says: "exceeded quota"}}
	j.See(sick)
	j.Reasons([]rollout.Reason{{Key: rollout.Key{Ring: first, Product: swg}, Code: rollout.Ill, Version: v},
		{Key: rollout.Key{Ring: last, Product: swg}, Code: rollout.RingBefore, Version: v}})
	slowest := time.Duration(0)
	for i := range 200 {
		start := time.Now()
		w := j.Why(ident.Must[ident.TenantKind](fmt.Sprint(1000001+2*i)), swg, start)
		slowest = max(slowest, time.Since(start))
		if w.Cause().Code != report.Quota {
			return 0, fmt.Errorf("why of tenant %s ends with %+v", w.Tenant, w.Cause())
		}
	}
	return float64(slowest) / float64(time.Millisecond), nil
}

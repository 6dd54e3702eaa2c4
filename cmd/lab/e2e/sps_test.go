//go:build e2e

package e2e

import (
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/lab"
	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
	"github.com/gatorcloud/sluice/renderer/ingest/spstest"
)

// subscribed proves the whole way from SPS: the two tenants of the example
// exist there only. `sluice ingest` brings them to etcd, `sluice run` to Git and
// Argo CD to the cluster. Cancelling at SPS suspends, renewing brings the
// product back on the same data.
func (r *rig) subscribed(t *testing.T) {
	s := r.site(t, "sps", two())
	sps := spstest.New()
	if err := sps.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sps.Close() })
	buys := func(id, name, code string, end time.Time) {
		web := map[string]any{"product": "web", "replicas": 1, "startTime": "2024-06-18T00:00:00Z"}
		if !end.IsZero() {
			web["endTime"] = end.UTC().Format(time.RFC3339)
		}
		mail := map[string]any{"product": "mail", "replicas": 1, "startTime": "2024-06-18T00:00:00Z"}
		if err := sps.Put(id, map[string]any{"tenantId": id, "tenantName": name, "tenantCode": code, "authorisations": []any{mail, web}}); err != nil {
			t.Fatal(err)
		}
		s.log.Mark(time.Now(), "SPS: web of %s ends %s", id, end)
	}
	const zhangyong, yuhongyan = "1000006", "1000009"
	buys(zhangyong, "zhangyong", "c5cb27eb", time.Time{})
	buys(yuhongyan, "yuhongyan", "b078e46e", time.Time{})
	s.ingested(sps.URL())
	s.watched()
	s.start()
	s.await("both are up", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "1", zhangyong, yuhongyan), s.runs(now, "mail", "1", zhangyong, yuhongyan), s.quiet(now))
	})
	claim := s.claim(zhangyong)

	buys(zhangyong, "zhangyong", "c5cb27eb", time.Now().Add(-time.Hour))
	s.await("web is suspended", func(now map[timeline.Object]timeline.State) string {
		return all(s.suspended(now, zhangyong), s.quiet(now))
	})
	s.same(zhangyong, claim)
	buys(zhangyong, "zhangyong", "c5cb27eb", time.Time{})
	s.await("web is back", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "1", zhangyong), s.present(now, zhangyong, "ConfigMap", "web-routes"), s.quiet(now))
	})
	s.same(zhangyong, claim)
	s.ordered("the other tenant was touched", s.since("web is suspended").Never(pods(s.namespace(yuhongyan), "", "")))
}

// ingested lets `sluice ingest` keep the environment's records from now on.
func (s *site) ingested(sps string) {
	s.t.Helper()
	name := "ingest-" + s.name
	err := s.lab.Start(s.t.Context(), lab.Program{Name: name, Command: []string{
		s.rig.sluice, "ingest", "--sps-url=" + sps, "--pull=1s", "--reread=1s", "--listen=", "--notify-listen=",
		"--etcd-endpoints=" + s.lab.TenantEtcd(), "--etcd-prefix=/" + s.name, "--ingest-prefix=/sluice/ingest-" + s.name,
	}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := s.lab.Kill(name); err != nil {
			s.t.Error(err)
		}
	})
}

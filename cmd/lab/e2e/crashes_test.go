//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/argocd"
	"github.com/gatorcloud/sluice/cmd/lab/internal/control"
	"github.com/gatorcloud/sluice/cmd/lab/internal/lab"
	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// watcher is the name of `sluice run` as a component of the lab.
func (s *site) watcher() string { return "renderer-" + s.name }

// watched lets `sluice run` render the environment from now on.
func (s *site) watched() {
	s.t.Helper()
	s.replicas(s.watcher())
}

// replicas lets several of `sluice run` render the environment from now on.
func (s *site) replicas(names ...string) {
	s.t.Helper()
	s.watching = true
	for _, name := range names {
		err := s.lab.Start(s.t.Context(), lab.Program{Name: name, Command: append([]string{
			s.rig.sluice, "run", "--env=" + s.name, "--repo=" + s.lab.RepositoryURL(s.name), "--branch=main", "--listen=", "--poll=2s",
			"--git-cache=" + filepath.Join(s.t.TempDir(), "cache"), "--etcd-endpoints=" + s.lab.TenantEtcd(),
			"--argocd-kubeconfig=" + s.lab.KubeConfig(),
		}, s.flags...)})
		if err != nil {
			s.t.Fatal(err)
		}
		s.t.Cleanup(func() {
			if err := s.lab.Kill(name); err != nil {
				s.t.Error(err)
			}
		})
	}
	s.eventually("rendered by sluice run", func() string {
		s.pull()
		if _, err := os.Stat(filepath.Join(s.work, "environments", s.name, "fleet")); err != nil {
			return err.Error()
		}
		return ""
	})
}

// crashes kills what takes part in a bump, one after the other while it runs:
// the end is the same and no order is broken.
func (r *rig) crashes(t *testing.T) {
	s := r.site(t, "crash", fleet(0))
	s.tenants("web")
	s.watched()
	s.start()
	s.await("everybody runs web 1", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "1", everyone()...), s.quiet(now))
	})
	s.proven("web", "1")
	s.change("web 2", move("web", "2"))
	for _, name := range []string{
		argocd.ControllerName, argocd.RepoServerName, argocd.PluginName("sluice"), argocd.RedisName, lab.GitServer, control.TenantEtcdName, "etcd", s.watcher(),
	} {
		s.moving()
		if err := s.lab.Kill(name); err != nil {
			t.Fatal(err)
		}
		s.log.Mark(time.Now(), "killed %s", name)
		if err := s.lab.Restart(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	s.await("everybody runs web 2", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "2", everyone()...), s.quiet(now))
	})
	events := s.since("pushed: web 2")
	s.inRings(events, "web", "2")
	for _, tenant := range everyone() {
		s.inBuckets(events, tenant, "2")
	}
	// What was killed still takes orders: one more change in etcd reaches the cluster.
	s.sluiced("authz", "put", "1006/web", "--replicas=2")
	s.await("1006 has two replicas", func(now map[timeline.Object]timeline.State) string {
		if front := now[timeline.Object{Kind: "Deployment", Namespace: s.namespace("1006"), Name: "web-front"}]; front.Detail != "2/2" {
			return front.Detail
		}
		return ""
	})
}

// moving waits for the next event of the bump, so that each kill meets it at work.
func (s *site) moving() {
	s.t.Helper()
	before := len(s.log.Events())
	s.await("the bump moves", func(map[timeline.Object]timeline.State) string {
		if len(s.log.Events()) == before {
			return "an event"
		}
		return ""
	})
}

//go:build e2e

package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// leaders proves that a rollout goes on when its leader dies, and when it is
// stopped for longer than its lease; one that comes to itself again breaks no
// order. Each ring is held until the leader of before is out of the way, so
// only the next one can move it.
func (r *rig) leaders(t *testing.T) {
	s := r.site(t, "leaders", selling(fleet(0), "note"))
	s.up("note")
	s.replicas(s.watcher()+"-a", s.watcher()+"-b")
	s.proven("note", "1")
	s.beside["holds"] = []any{hold("early", "note", "1"), hold("main", "note", "1")}
	s.change("note 2", move("note", "2"))
	s.await("canary runs note 2", s.ran("note", "2", members[0]...))

	dead := s.leader()
	if err := s.lab.Kill(dead); err != nil {
		t.Fatal(err)
	}
	s.log.Mark(time.Now(), "killed the leader, %s", dead)
	s.beside["holds"] = []any{hold("main", "note", "1")}
	s.change("early may go", func([]ring) {})
	s.await("early runs note 2", s.ran("note", "2", members[1]...))
	if err := s.lab.Restart(t.Context(), dead); err != nil {
		t.Fatal(err)
	}

	stopped := s.leader()
	s.signal(stopped, syscall.SIGSTOP)
	delete(s.beside, "holds")
	s.change("main may go", func([]ring) {})
	s.await("everybody runs note 2", s.ran("note", "2", everyone()...))
	if now := s.leader(); now == stopped {
		t.Errorf("%s leads, which was stopped", now)
	}
	s.signal(stopped, syscall.SIGCONT)
	s.bumpAndAwait("note", "3")
	s.inTurn(s.since("pushed: note 2"), "note", "2", members...)
	s.inTurn(s.since("pushed: note 3"), "note", "3", members...)
	for _, tenant := range everyone() {
		s.ordered("who woke up went back", s.since("SIGCONT*").Never(s.took(tenant, "note", "1")))
	}
}

// leader is the component that leads the environment: the oldest candidate in etcd.
func (s *site) leader() string {
	s.t.Helper()
	prefix := "/sluice/leader/" + s.name + "/"
	end := strings.TrimSuffix(prefix, "/") + "0" // the byte after the slash
	b64 := base64.StdEncoding.EncodeToString
	ask := fmt.Sprintf(`{"key": %q, "range_end": %q, "sort_target": "CREATE", "sort_order": "ASCEND", "limit": "1"}`, b64([]byte(prefix)), b64([]byte(end)))
	var answer struct {
		Kvs []struct{ Value []byte }
	}
	s.eventually("somebody leads", func() string {
		resp, err := http.Post(s.lab.TenantEtcd()+"/v3/kv/range", "application/json", strings.NewReader(ask))
		if err != nil {
			return err.Error()
		}
		defer resp.Body.Close()
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
			return err.Error()
		}
		if len(answer.Kvs) == 0 {
			return "nobody stands for election"
		}
		return ""
	})
	for _, status := range s.lab.Status(s.t.Context()) {
		if strings.HasPrefix(status.Name, s.watcher()) && strings.Contains(string(answer.Kvs[0].Value), fmt.Sprint(status.PID)) {
			return status.Name
		}
	}
	s.t.Fatalf("%q leads, which is none of ours", answer.Kvs[0].Value)
	return ""
}

// signal sends a signal to a component.
func (s *site) signal(name string, sig syscall.Signal) {
	s.t.Helper()
	for _, status := range s.lab.Status(s.t.Context()) {
		if status.Name == name {
			if err := syscall.Kill(status.PID, sig); err != nil {
				s.t.Fatal(err)
			}
			s.log.Mark(time.Now(), "%s to %s", map[syscall.Signal]string{syscall.SIGSTOP: "SIGSTOP", syscall.SIGCONT: "SIGCONT"}[sig], name)
			return
		}
	}
	s.t.Fatalf("no component %s", name)
}

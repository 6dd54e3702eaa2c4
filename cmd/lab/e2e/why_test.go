//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
	"github.com/gatorcloud/sluice/cmd/lab/internal/lab"
	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// because demands that `sluice why` ends with a code within ten seconds: it is
// called when the cause has just appeared.
func (s *site) because(subject, code string) {
	s.t.Helper()
	const most = 10 * time.Second
	start := time.Now()
	for {
		out, err := s.command(s.sluice, "why", subject, "--env="+s.name, "--repo="+s.lab.RepositoryURL(s.name), "--branch=main",
			"--git-cache="+filepath.Join(s.work, ".git", "why"), "--etcd-endpoints="+s.lab.TenantEtcd(),
			"--kubeconfig="+s.lab.KubeConfig(), "--argocd-namespace="+lab.Namespace, "--destination-kubeconfig="+s.lab.KubeConfig(), "--output=name")
		lines := strings.Split(strings.TrimSpace(out), "\n")
		if took := time.Since(start); err == nil && lines[len(lines)-1] == code {
			s.log.Mark(time.Now(), "why %s: %s", subject, code)
			s.t.Logf("why %s named %s after %s", subject, code, took.Round(time.Millisecond))
			return
		} else if took > most {
			s.t.Errorf("why %s, %s after its cause appeared = %v: %s, want %s at the end", subject, took.Round(time.Second), err, out, code)
			return
		}
		time.Sleep(time.Second)
	}
}

// causes are those that no other scenario has: a quota that is used up, which
// stands on the ReplicaSet alone, and a record that cannot be read.
func (r *rig) causes(t *testing.T) {
	s := r.site(t, "causes", two())
	for _, id := range []string{"1001", "1002"} {
		s.tenant(id, "web")
	}
	s.render("two tenants")
	s.start()
	s.await("both are up", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "1", "1001", "1002"), s.quiet(now))
	})
	s.because("1001/web", "well")
	s.apply("apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: none-left, namespace: " + s.namespace("1002") + "}\nspec: {hard: {pods: \"1\"}}\n")
	s.sluiced("authz", "put", "1002/web", "--replicas=4")
	s.render("more than the quota has")
	s.eventually("a ReplicaSet may make no pods", func() string {
		sets, _, err := s.client.List(t.Context(), kube.Ref{APIVersion: "apps/v1", Kind: "ReplicaSet", Namespace: s.namespace("1002")})
		if text := fmt.Sprint(sets); err != nil || !strings.Contains(text, "exceeded quota") {
			return fmt.Sprintf("a refusal: %v", err)
		}
		return ""
	})
	s.because("1002/web", "quota")

	s.key("/"+s.name+"/1001/rs/web", "no record")
	s.because("1001/web", "quarantined")
}

// key writes a key of etcd past everything that checks records.
func (s *site) key(name, value string) {
	s.t.Helper()
	body, err := json.Marshal(map[string][]byte{"key": []byte(name), "value": []byte(value)})
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.Post(s.lab.TenantEtcd()+"/v3/kv/put", "application/json", bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		s.t.Fatalf("writing %s: %s", name, resp.Status)
	}
}

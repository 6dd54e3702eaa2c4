//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// refusals edits rendered files by hand: Argo CD shows what the plugin says,
// and the cluster stays as it is.
func (r *rig) refusals(t *testing.T) {
	s := r.site(t, "refused", two())
	for _, id := range []string{"1001", "1002"} {
		s.tenant(id, "web")
	}
	s.render("two tenants")
	s.start()
	s.await("both are up", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "1", "1001", "1002"), s.quiet(now))
	})
	overlay := "environments/" + s.name + "/tenants/02/10/1002/web/1/"
	s.refused("an edited overlay", "-1002-web", overlay+"parameters.yaml", `replicas: "1"`, `replicas: "7"`, "was edited after it was rendered")
	s.refused("an edited base", "-1002-web", overlay+"base/workloads/front.yaml", "progressDeadlineSeconds: 60", "progressDeadlineSeconds: 61", "base was edited after it was rendered")
	s.refused("a tenant moved ahead of its ring", "-main", "environments/"+s.name+"/rings/main/1002.yaml", `- name: "web"`, "- name: \"web\"\n  pin: \"2\"", "seal")
	s.lockedVersion()
}

// refused edits a file, waits for the message on the Application and takes the edit back.
func (s *site) refused(what, app, file, old, text, message string) {
	s.t.Helper()
	s.pull()
	s.edit(file, old, text)
	s.commit(what)
	s.eventually("Argo CD shows "+what, func() string {
		o, err := s.client.Get(s.t.Context(), s.appRef(app))
		if err != nil {
			return err.Error()
		}
		conditions, _ := o.Field("status", "conditions").([]any)
		for _, c := range conditions {
			if m, ok := c.(map[string]any); ok && m["type"] == "ComparisonError" && strings.Contains(m["message"].(string), message) {
				return ""
			}
		}
		return "a condition with " + message
	})
	if subject, own := strings.CutSuffix(app, "-web"); own {
		s.because(strings.TrimPrefix(subject, "-")+"/web", "refusal")
	}
	// The cluster has the time of some reconciliations to get it wrong.
	time.Sleep(20 * time.Second)
	events := s.since("pushed: " + what)
	s.ordered(what+" reached the cluster", events.Never(pods(s.name+"-1*", "", "")))
	s.ordered(what+" changed a Deployment", events.Never(timeline.Match{Kind: "Deployment", Namespace: s.name + "-1*"}))
	s.git("revert", "--no-edit", "HEAD")
	s.git("push", "--quiet", "origin", "main")
	s.log.Mark(time.Now(), "took back %s", what)
	s.await("all is well after "+what, func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "1", "1001", "1002"), s.quiet(now))
	})
}

func (s *site) edit(file, old, text string) {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.work, file))
	if err != nil || !strings.Contains(string(data), old) {
		s.t.Fatalf("editing %s: %v, want %q in it: %s", file, err, old, data)
	}
	s.writeFile(file, strings.Replace(string(data), old, text, 1))
}

// lockedVersion edits a published version: the renderer leaves it out and every tenant keeps what it has.
func (s *site) lockedVersion() {
	s.t.Helper()
	s.pull()
	s.edit("catalog/products/web/1/components/front/deployment.yaml", "progressDeadlineSeconds: 60", "progressDeadlineSeconds: 61")
	s.commit("an edited catalog version")
	before := s.git("rev-parse", "origin/main")
	out, err := s.command(s.sluice, "render", "--env="+s.name, "--repo="+s.lab.RepositoryURL(s.name), "--branch=main",
		"--git-cache="+filepath.Join(s.t.TempDir(), "cache"), "--etcd-endpoints="+s.lab.TenantEtcd())
	if err == nil || !strings.Contains(out, "web/1") {
		s.t.Errorf("render after an edit of a published version = %v: %s, want it refused by name", err, out)
	}
	s.pull()
	if diff := s.git("diff", "--stat", before, "HEAD", "--", "environments/"+s.name+"/tenants"); diff != "" {
		s.t.Errorf("an edited catalog version changed tenants: %s", diff)
	}
}

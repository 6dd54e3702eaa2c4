package reportcmd_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/cmd/internal/cli/repoflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/reportcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/rolloutcmd"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/argocd/observe"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/gitlab"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/short"
	"github.com/gatorcloud/sluice/renderer/report"
	"github.com/gatorcloud/sluice/renderer/rollout"
	"github.com/gatorcloud/sluice/renderer/run/publish"
)

const fleetFile = `apiVersion: sluice.gatorcloud.io/v1
kind: Fleet
rings:
- name: canary
  tenants: ["1000001"]
  versions: {swg: "202"}
- name: main
  versions: {swg: "202"}
`

var (
	local        = ident.Must[ident.EnvironmentKind]("local")
	swg          = ident.Must[ident.ProductKind]("swg")
	canary, main = ident.Must[ident.RingKind]("canary"), ident.Must[ident.RingKind]("main")
	noon         = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
)

// scene is a fleet in which canary was granted swg=202 and main waits for it.
type scene struct {
	t     *testing.T
	repo  *gittest.Repo
	argo  *argo
	cause report.Cause
	// gitlab are the merge requests that are open; nil names no GitLab.
	gitlab *requests
}

// requests is a GitLab, and how often it was asked.
type requests struct {
	bumps []gitlab.Bump
	err   error
	asked int
}

func (r *requests) Bumps(context.Context) ([]gitlab.Bump, error) {
	r.asked++
	return r.bumps, r.err
}

// argo shows the Applications of all tenants, and notes what it was asked.
type argo struct {
	apps  map[string]map[string]string // labels by name
	bad   string                       // name of a degraded one
	lists []string
	err   error
}

func (a *argo) Each(_ context.Context, selector string, see func([]byte)) error {
	a.lists = append(a.lists, selector)
	for name, labels := range a.apps {
		if chosen(selector, labels) {
			see(a.show(name, labels))
		}
	}
	return a.err
}

func (a *argo) Refresh(context.Context, string) error { return errors.New("nothing is to be written") }

func (a *argo) Annotate(context.Context, string, map[string]string, bool) error {
	return errors.New("nothing is to be written")
}

// chosen reads the selectors that Kubernetes does: equality and one set.
func chosen(selector string, labels map[string]string) bool {
	if before, set, found := strings.Cut(selector, " in ("); found {
		rest, key := "", before
		if i := strings.LastIndex(before, ","); i >= 0 {
			rest, key = before[:i], before[i+1:]
		}
		return strings.Contains(","+strings.TrimSuffix(set, ")")+",", ","+labels[key]+",") && (rest == "" || chosen(rest, labels))
	}
	for part := range strings.SplitSeq(selector, ",") {
		if key, value, _ := strings.Cut(part, "="); labels[key] != value {
			return false
		}
	}
	return true
}

func (a *argo) show(name string, labels map[string]string) []byte {
	source := fmt.Sprintf(`{"repoURL": "x", "path": %q, "plugin": {"name": "sluice", "parameters": [{"name": "versions", "map": {"swg": %q}}]}}`, name, labels["version"])
	health, object := "Healthy", `{"status": "Healthy"}`
	if name == a.bad {
		health, object = "Degraded", `{"status": "Degraded", "message": "0 of 1 pods available"}`
	}
	var text []string
	for k, v := range labels {
		text = append(text, fmt.Sprintf("%q: %q", k, v))
	}
	return fmt.Appendf(nil, `{"metadata": {"name": %q, "labels": {%s}}, "spec": {"source": %s, "destination": {"name": "site", "namespace": "n"}}, "status": {
		"sync": {"status": "Synced", "comparedTo": {"source": %s, "destination": {"name": "site", "namespace": "n"}}},
		"health": {"status": %q, "lastTransitionTime": "2026-11-29T09:00:00Z"}, "reconciledAt": "2026-11-29T11:00:00Z",
		"operationState": {"phase": "Succeeded", "finishedAt": "2026-11-29T09:00:00Z", "syncResult": {"source": %s}}, "history": [{"deployedAt": "2026-11-29T09:00:00Z", "source": %s}],
		"resources": [{"group": "apps", "kind": "Deployment", "namespace": "n", "name": "swg-engine", "syncWave": 1, "health": %s}]}}`,
		name, strings.Join(text, ", "), source, source, health, source, source, object)
}

func newScene(t *testing.T, tenants int) *scene {
	t.Helper()
	s := &scene{t: t, repo: gittest.New(t), argo: &argo{apps: map[string]map[string]string{}}}
	at := func(v string) rollout.Lane {
		version := ident.Must[ident.VersionKind](v)
		return rollout.Lane{At: []rollout.Segment{{To: rollout.End, Version: version}}, Good: []ident.Version{ident.Must[ident.VersionKind]("200")}}
	}
	r := rollout.Rollouts{Lanes: map[rollout.Key]rollout.Lane{{Ring: canary, Product: swg}: at("202"), {Ring: main, Product: swg}: at("200")}}
	repo, err := git.Open(t.Context(), s.repo.Dir, git.Options{Branch: "main"})
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	_, err = git.Update(t.Context(), repo, func(_ context.Context, tx *git.Tx, _ git.Head) (git.Message, error) {
		site, err := fs.ReadFile(environments.Example(), "local/environment.yaml")
		err = errors.Join(err, tx.PutFS("catalog", catalog.Published()), tx.PutFile("environments/local/environment.yaml", site),
			tx.PutFile("environments/local/fleet.yaml", []byte(fleetFile)), tx.PutFile("environments/local/rollouts.yaml", r.Encode()))
		for i := range tenants {
			err = errors.Join(err, s.sell(tx, i))
		}
		return git.Message{Subject: "begin"}, err
	}, git.RetryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sell gives a tenant swg, the first in canary.
func (s *scene) sell(tx *git.Tx, i int) error {
	id := ident.Must[ident.TenantKind](fmt.Sprint(1000001 + i))
	f := authz.Facts{Tenant: authz.Tenant{ID: id, Name: "t", Code: "c" + id.String()}, States: []authz.State{authz.Active}}
	f.Tenant.Authorisations = []authz.Authorisation{{Product: swg, Replicas: 1, StartTime: noon.AddDate(-1, 0, 0)}}
	ring, version := "main", "200"
	if i == 0 {
		ring, version = "canary", "202"
	}
	s.argo.apps[manifest.AppProduct(local, id, swg)] = map[string]string{manifest.LabelEnvironment: "local", manifest.LabelLevel: "product",
		manifest.LabelTenant: id.String(), manifest.LabelProduct: "swg", manifest.LabelRing: ring, "version": version}
	data, err := authz.EncodeFacts(f)
	return errors.Join(err, tx.PutFile(manifest.FactsPath(local, id), data))
}

// Cause implements report.Cluster.
func (s *scene) Cause(context.Context, report.Object) (report.Cause, error) { return s.cause, nil }

// run runs a command and returns what it printed as data and as talk.
func (s *scene) run(args ...string) (data, talk string, err error) {
	s.t.Helper()
	s.argo.lists = nil
	d := reportcmd.Deps{
		Repo: func() repoflags.Repository {
			return repoflags.Repository{Flags: func(*pflag.FlagSet) {}, Location: func() string { return s.repo.Dir },
				Place: func(ctx context.Context) (publish.Place, error) {
					return publish.Open(ctx, s.repo.Dir, git.Options{Branch: "main"})
				}}
		},
		Etcd: func() reportcmd.Etcd {
			return reportcmd.Etcd{Flags: func(*pflag.FlagSet) {},
				Open: func(context.Context, string) (reportcmd.Records, func() error, error) { return nil, nil, nil }}
		},
		GitLab: func() reportcmd.GitLab {
			return reportcmd.GitLab{Flags: func(*pflag.FlagSet) {}, Open: func(string) (reportcmd.Requests, error) {
				if s.gitlab == nil {
					return nil, nil
				}
				return s.gitlab, nil
			}}
		},
		Argo:        func(rolloutcmd.Place) (observe.Annotator, func(), error) { return s.argo, func() {}, nil },
		Destination: func(rolloutcmd.Place) (report.Cluster, func(), error) { return s, func() {}, nil },
		Now:         func() time.Time { return noon },
	}
	root := &cobra.Command{Use: "sluice", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(reportcmd.NewStatus(d), reportcmd.NewWhy(d))
	var stdout, stderr strings.Builder
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	root.SetArgs(args) // there is one environment
	err = root.ExecuteContext(s.t.Context())
	return stdout.String(), stderr.String(), err
}

// What is asked of Argo CD does not depend on how many tenants there are.
func TestNoCallPerTenant(t *testing.T) {
	short.Skip(t, "reads a large fleet")
	t.Parallel()
	for _, tenants := range []int{3, 60} {
		s := newScene(t, tenants)
		s.argo.bad = "local-1000001-swg"
		for name, tc := range map[string]struct {
			why  string
			args []string
			most int
		}{
			"Fleet":  {"all Applications are in one list", []string{"status", "--kubeconfig=x"}, 1},
			"Tenant": {"his label chooses his", []string{"status", "1000002", "--kubeconfig=x"}, 1},
			"Own":    {"his, and those above him", []string{"why", "1000001/swg", "--kubeconfig=x"}, 2},
			"Ring":   {"and those of the product, one of which is in the way", []string{"why", "1000002/swg", "--kubeconfig=x"}, 3},
			"Git":    {"Argo CD is not named", []string{"status"}, 0},
		} {
			if _, _, err := s.run(tc.args...); err != nil || len(s.argo.lists) != tc.most {
				t.Errorf("%s of %d tenants: %q asks %q, %v, want %d lists: %s", name, tenants, tc.args, s.argo.lists, err, tc.most, tc.why)
			}
		}
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	s := newScene(t, 4)
	s.argo.bad = "local-1000001-swg"
	for name, tc := range map[string]struct {
		why  string
		args []string
		want []string // of the data, line by line
	}{
		"Fleet":   {"the worst first", []string{"--kubeconfig=x", "--no-headers"}, []string{"swg canary 202 1 - - 1 - - wanted", "swg main 200 3 3 - - - - -"}},
		"Ring":    {"one ring", []string{"--kubeconfig=x", "--no-headers", "--ring=main"}, []string{"swg main 200 3 3 - - - - -"}},
		"Unasked": {"what runs is unknown", []string{"--no-headers", "--ring=main"}, []string{"swg main 200 3 - - - 3 - -"}},
		"Behind":  {"who does not run it yet", []string{"--kubeconfig=x", "--behind=swg=202", "-o=name"}, []string{"1000002/swg", "1000003/swg", "1000004/swg"}},
		"Bad":     {"who needs a person", []string{"--kubeconfig=x", "--state=bad", "-o=name"}, []string{"1000001/swg"}},
		"Tenant":  {"one tenant", []string{"1000002", "-o=name"}, []string{"swg"}},
	} {
		out, _, err := s.run(append([]string{"status"}, tc.args...)...)
		var got []string
		for line := range strings.Lines(out) {
			got = append(got, strings.Join(strings.Fields(line), " "))
		}
		if err != nil || strings.Join(got, "\n") != strings.Join(tc.want, "\n") {
			t.Errorf("%s: status %q = %q, %v, want %q: %s", name, tc.args, got, err, tc.want, tc.why)
		}
	}
	all := s.rollouts()
	for args, want := range map[string][]string{
		"--ring=main": {"swg/main"}, "--ring=canary": {"swg/canary"}, "--product=swg": {"swg/canary", "swg/main"}, "--product=dsa": nil,
	} {
		if got := s.rollouts(args); !slices.Equal(got, want) || !slices.Equal(all, []string{"swg/canary", "swg/main"}) {
			t.Errorf("status %s has the rollouts %q of %q, want %q", args, got, all, want)
		}
	}
}

// rollouts are the lanes of status as a document, sorted.
func (s *scene) rollouts(args ...string) (lanes []string) {
	s.t.Helper()
	out, _, err := s.run(append([]string{"status", "--kubeconfig=x", "-o=json"}, args...)...)
	var r report.Report
	if err := errors.Join(err, json.Unmarshal([]byte(out), &r)); err != nil {
		s.t.Fatal(err)
	}
	for _, l := range r.Rollouts {
		lanes = append(lanes, l.Product+"/"+l.Ring)
	}
	slices.Sort(lanes)
	return lanes
}

// The chain of a tenant whose ring waits goes down to the object in the other
// ring, and behind it.
func TestWhy(t *testing.T) {
	t.Parallel()
	s := newScene(t, 4)
	s.argo.bad = "local-1000001-swg"
	s.cause = report.Cause{Code: report.Quota, Object: "ReplicaSet n/swg-engine-5d", Says: "exceeded quota"}
	out, _, err := s.run("why", "1000003/swg", "--kubeconfig=x", "--destination-kubeconfig=y", "-o=name")
	if want := "wanted\nring-before\ndegraded\nin-ring\nbucket\nobject\nquota\n"; err != nil || out != want {
		t.Errorf("why = %q, %v, want %q", out, err, want)
	}
	out, _, err = s.run("why", "1000003/swg", "--kubeconfig=x", "-o=json")
	if err != nil || !strings.Contains(out, `"command": "sluice why 1000001/swg --env local"`) || !strings.Contains(out, `"code": "object"`) {
		t.Errorf("why = %s, %v, want the command that asks for the tenant in the way", out, err)
	}
}

// An Argo CD that fails half-way is missing, and what it said is forgotten.
func TestArgoFails(t *testing.T) {
	t.Parallel()
	s := newScene(t, 4)
	s.argo.err = errors.New("connection reset")
	out, talk, err := s.run("status", "--kubeconfig=x", "--no-headers")
	if err != nil || !strings.Contains(talk, "argocd: looking at environment \"local\": connection reset") || strings.Contains(strings.Join(strings.Fields(out), " "), "main 200 3 3") {
		t.Errorf("status = %s %s, %v, want Argo CD to be told as missing and nobody as well", out, talk, err)
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	s := newScene(t, 1)
	for name, args := range map[string][]string{
		"Subject": {"why", "100000/SWG"}, "Nobody": {"status", "1009999"}, "State": {"status", "--state=ill"}, "Behind": {"status", "--behind=swg"},
		"NobodysWhy": {"why", "1009999"},
	} {
		if out, _, err := s.run(args...); err == nil || out != "" {
			t.Errorf("%s: %q = %q, %v, want an error and no data", name, args, out, err)
		}
	}
}

// A bump that people have not merged is told with what GitLab waits for, in one
// request however many tenants there are; a GitLab that does not answer is told
// as missing, and costs nothing else.
func TestUnmerged(t *testing.T) {
	t.Parallel()
	s := newScene(t, 9)
	s.gitlab = &requests{bumps: []gitlab.Bump{
		{MergeRequest: gitlab.MergeRequest{Number: 7, Title: "Bump swg to 203 in local"}, Subjects: []string{"local/swg"}, Waits: "its pipeline has not passed"},
		{MergeRequest: gitlab.MergeRequest{Number: 8}, Subjects: []string{"other/swg", "local/swg/1000002", "x"}},
	}}
	out, talk, err := s.run("why", "1000001/swg", "--kubeconfig=x")
	if err != nil || !strings.Contains(out, "merge request !7 (Bump swg to 203 in local) is not merged: its pipeline has not passed") || strings.Contains(out, "!8") || s.gitlab.asked != 1 {
		t.Errorf("why = %s %s, %v after %d requests, want !7 alone", out, talk, err, s.gitlab.asked)
	}
	if out, _, err = s.run("status", "--kubeconfig=x", "--no-headers"); err != nil || s.gitlab.asked != 2 {
		t.Errorf("status = %s, %v after %d requests, want one", out, err, s.gitlab.asked)
	}
	s.gitlab.err = errors.New("502 Bad Gateway")
	out, talk, err = s.run("why", "1000001/swg", "--kubeconfig=x", "-o=name")
	if err != nil || out != "wanted\nwell\n" || !strings.Contains(talk, "gitlab: 502 Bad Gateway") {
		t.Errorf("why = %q %q, %v, want GitLab to be told as missing", out, talk, err)
	}
}

// The value of a gate is asked once, now, and stands in the reason with its bound.
func TestMetric(t *testing.T) {
	t.Parallel()
	s := newScene(t, 3)
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1764417600, "0.25"]}]}}`)
	}))
	defer server.Close()
	s.gate(server.URL)
	out, talk, err := s.run("why", "1000003/swg", "--kubeconfig=x")
	if err != nil || !strings.Contains(out, "errors: 0.25 is above 0.01") || asked != 1 {
		t.Errorf("why = %s %s, %v after %d queries, want the value and its bound", out, talk, err, asked)
	}
	out, _, err = s.run("status", "--kubeconfig=x", "-o=json")
	if err != nil || !strings.Contains(out, "errors: 0.25 is above 0.01") || !strings.Contains(out, `"name": "metrics",`) {
		t.Errorf("status = %s, %v, want the value and its source", out, err)
	}
	server.Close()
	out, _, err = s.run("why", "1000003/swg", "--kubeconfig=x")
	if err != nil || !strings.Contains(out, "metric") || strings.Contains(out, "0.25") {
		t.Errorf("why = %s, %v, want why the gate cannot be asked", out, err)
	}
}

// gate lets ring canary, which is proven, wait for a metric of a server.
func (s *scene) gate(server string) {
	s.t.Helper()
	repo, err := git.Open(s.t.Context(), s.repo.Dir, git.Options{Branch: "main"})
	if err != nil {
		s.t.Fatal(err)
	}
	defer repo.Close()
	_, err = git.Update(s.t.Context(), repo, func(_ context.Context, tx *git.Tx, head git.Head) (git.Message, error) {
		site, err := fs.ReadFile(repo.FS(head), "environments/local/environment.yaml")
		world, bad := rolloutcmd.Look(repo.FS(head), local)
		if err = errors.Join(err, bad); err != nil {
			return git.Message{}, err
		}
		r := world.Rollouts
		lane := r.Lanes[rollout.Key{Ring: canary, Product: swg}]
		lane.Since = noon.Add(-2 * time.Hour)
		r.Lanes[rollout.Key{Ring: canary, Product: swg}] = lane
		fleet := strings.Replace(fleetFile, "- name: main", "  gates: [{name: errors, query: \"x\", max: 0.01}]\n- name: main", 1)
		return git.Message{Subject: "gate"}, errors.Join(tx.PutFile("environments/local/fleet.yaml", []byte(fleet)), tx.PutFile("environments/local/rollouts.yaml", r.Encode()),
			tx.PutFile("environments/local/environment.yaml", append(site, "prometheus: "+server+"\n"...)))
	}, git.RetryOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
}

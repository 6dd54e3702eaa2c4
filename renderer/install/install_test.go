package install_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/renderer/run/telemetry"
)

// The kustomizations: of the renderer, and of ingest beside it.
const (
	renderer = "."
	ingest   = "ingest"
)

func build(t *testing.T, dir string) resmap.ResMap {
	t.Helper()
	m, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// object decodes the only object of a kind.
func object(t *testing.T, dir, kind string, out any) {
	t.Helper()
	found := 0
	for _, r := range build(t, dir).Resources() {
		if r.GetKind() == kind {
			found++
			data, err := r.AsYAML()
			if err != nil {
				t.Fatal(err)
			}
			if err := yaml.Unmarshal(data, out); err != nil {
				t.Fatal(err)
			}
		}
	}
	if found != 1 {
		t.Fatalf("%d objects of kind %s, want one", found, kind)
	}
}

func TestBuilds(t *testing.T) {
	for dir, want := range map[string][]string{
		renderer: {"ConfigMap", "ConfigMap", "Deployment", "Namespace", "NetworkPolicy", "PodDisruptionBudget", "PrometheusRule", "Service", "ServiceAccount", "ServiceMonitor"},
		ingest:   {"ConfigMap", "Deployment", "NetworkPolicy", "PodDisruptionBudget", "PrometheusRule", "Service", "ServiceAccount", "ServiceMonitor"},
	} {
		var kinds []string
		for _, r := range build(t, dir).Resources() {
			kinds = append(kinds, r.GetKind())
			if r.GetKind() != "Namespace" && r.GetNamespace() != "sluice" {
				t.Errorf("%s: %s %s is in namespace %q", dir, r.GetKind(), r.GetName(), r.GetNamespace())
			}
		}
		slices.Sort(kinds)
		if !slices.Equal(kinds, want) {
			t.Errorf("%s: kinds %v, want %v", dir, kinds, want)
		}
	}
}

// What runs is a release that somebody chose, and where it may connect is written.
func TestBounds(t *testing.T) {
	for _, dir := range []string{renderer, ingest} {
		t.Run(dir, func(t *testing.T) { checkBounds(t, dir) })
	}
}

func checkBounds(t *testing.T, dir string) {
	t.Helper()
	var d struct {
		Spec struct {
			Template struct {
				Spec struct {
					Containers []struct {
						Image string `json:"image"`
					} `json:"containers"`
				} `json:"spec"`
			} `json:"template"`
		} `json:"spec"`
	}
	object(t, dir, "Deployment", &d)
	for _, c := range d.Spec.Template.Spec.Containers {
		if _, tag, found := strings.Cut(c.Image, ":"); !found || tag == "latest" {
			t.Errorf("image %q is any release", c.Image)
		}
	}
	var p struct {
		Spec struct {
			PolicyTypes []string `json:"policyTypes"`
			Egress      []any    `json:"egress"`
		} `json:"spec"`
	}
	object(t, dir, "NetworkPolicy", &p)
	if !slices.Equal(p.Spec.PolicyTypes, []string{"Ingress", "Egress"}) || len(p.Spec.Egress) == 0 {
		t.Errorf("policy types %q with %d ways out, want both closed but for what is written", p.Spec.PolicyTypes, len(p.Spec.Egress))
	}
}

type selector struct {
	MatchLabels map[string]string `json:"matchLabels"`
}

type deployment struct {
	Spec struct {
		Replicas                int      `json:"replicas"`
		ProgressDeadlineSeconds int      `json:"progressDeadlineSeconds"`
		Selector                selector `json:"selector"`
		Template                struct {
			Metadata struct {
				Labels map[string]string `json:"labels"`
			} `json:"metadata"`
			Spec struct {
				AutomountServiceAccountToken *bool `json:"automountServiceAccountToken"`
				SecurityContext              struct {
					RunAsNonRoot bool `json:"runAsNonRoot"`
				} `json:"securityContext"`
				Containers []struct {
					SecurityContext struct {
						AllowPrivilegeEscalation *bool `json:"allowPrivilegeEscalation"`
						ReadOnlyRootFilesystem   bool  `json:"readOnlyRootFilesystem"`
					} `json:"securityContext"`
					ReadinessProbe, LivenessProbe struct {
						HTTPGet struct{ Path string } `json:"httpGet"`
					}
					VolumeMounts []struct{ Name, MountPath string } `json:"volumeMounts"`
				} `json:"containers"`
				Volumes []struct{ Name string } `json:"volumes"`
			} `json:"spec"`
		} `json:"template"`
	} `json:"spec"`
}

// The pods are as narrow as they can be, and the objects that select them do.
func TestDeployment(t *testing.T) {
	for _, dir := range []string{renderer, ingest} {
		t.Run(dir, func(t *testing.T) { checkDeployment(t, dir) })
	}
}

func checkDeployment(t *testing.T, dir string) {
	t.Helper()
	var d deployment
	object(t, dir, "Deployment", &d)
	pod := d.Spec.Template.Spec
	if d.Spec.Replicas < 2 || d.Spec.ProgressDeadlineSeconds == 0 {
		t.Errorf("%d replicas with deadline %d, want two or more with one", d.Spec.Replicas, d.Spec.ProgressDeadlineSeconds)
	}
	c := pod.Containers[0]
	if !pod.SecurityContext.RunAsNonRoot || !c.SecurityContext.ReadOnlyRootFilesystem ||
		c.SecurityContext.AllowPrivilegeEscalation == nil || *c.SecurityContext.AllowPrivilegeEscalation ||
		pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
		t.Errorf("pod may more than it needs: %+v", pod)
	}
	if c.ReadinessProbe.HTTPGet.Path != "/readyz" || c.LivenessProbe.HTTPGet.Path != "/livez" {
		t.Errorf("probes %+v, %+v are not those that are served", c.ReadinessProbe, c.LivenessProbe)
	}
	for _, m := range c.VolumeMounts {
		if !slices.ContainsFunc(pod.Volumes, func(v struct{ Name string }) bool { return v.Name == m.Name }) {
			t.Errorf("volume %q is mounted and not there", m.Name)
		}
	}
	labels := d.Spec.Template.Metadata.Labels
	matches := func(what string, s map[string]string) {
		for k, v := range s {
			if labels[k] != v {
				t.Errorf("%s selects %s=%s, pods have %q", what, k, v, labels[k])
			}
		}
		if len(s) == 0 {
			t.Errorf("%s selects everything", what)
		}
	}
	matches("Deployment", d.Spec.Selector.MatchLabels)
	var pdb struct {
		Spec struct{ Selector selector } `json:"spec"`
	}
	object(t, dir, "PodDisruptionBudget", &pdb)
	matches("PodDisruptionBudget", pdb.Spec.Selector.MatchLabels)
	var service struct {
		Spec struct{ Selector map[string]string } `json:"spec"`
	}
	object(t, dir, "Service", &service)
	matches("Service", service.Spec.Selector)
}

// families returns the metrics that a replica serves by the names of their
// series.
func families(t *testing.T) map[string]family {
	t.Helper()
	m := telemetry.New("test")
	m.Environment("local")
	m.Retries.WithLabelValues("local", "moved")
	m.Rereads.WithLabelValues("local", "start")
	m.LastSuccess.WithLabelValues("local")
	m.Status.WithLabelValues("local", "written")
	m.Notices.WithLabelValues("sent")
	m.Moves.WithLabelValues("local", "granted")
	m.Waiting("local", []telemetry.Wait{{Ring: "canary", Product: "swg", Reason: "soak"}})
	m.Granted("local", []telemetry.Grant{{Ring: "canary", Product: "swg", Version: "202", Share: 1}})
	m.Ends.WithLabelValues("local")
	m.Restarts.WithLabelValues("local", "sent")
	taken := m.Ingest()
	taken.Notices.WithLabelValues("accepted")
	taken.Refused.WithLabelValues("rate")
	taken.Fetches.WithLabelValues("written")
	taken.Listed.WithLabelValues("written")
	taken.Lists.WithLabelValues("whole")
	w := httptest.NewRecorder()
	telemetry.Handler(m, telemetry.NewHealth()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	label := regexp.MustCompile(`([a-z_]+)="`)
	all, kinds := map[string]family{}, map[string]string{}
	for line := range strings.Lines(w.Body.String()) {
		if words := strings.Fields(line); words[0] == "#" {
			if words[1] == "TYPE" {
				kinds[words[2]] = words[3]
			}
			continue
		}
		name := line[:strings.IndexAny(line, "{ ")]
		f := family{kind: kinds[base(name, kinds)]}
		for _, l := range label.FindAllStringSubmatch(line[:strings.LastIndex(line, " ")], -1) {
			f.labels = append(f.labels, l[1])
		}
		all[name] = f
	}
	return all
}

// base returns the family's name of a series.
func base(name string, kinds map[string]string) string {
	for _, suffix := range []string{"_bucket", "_count", "_sum"} {
		if b, ok := strings.CutSuffix(name, suffix); ok && kinds[b] == "histogram" {
			return b
		}
	}
	return name
}

// checkExpr checks an expression of a rule or a panel. It returns the labels
// of what it gives.
func checkExpr(t *testing.T, where, expr string, served map[string]family) []string {
	t.Helper()
	v, err := check(expr, served)
	if err != nil {
		t.Errorf("%s: %q: %v", where, expr, err)
	}
	if len(v.kinds) == 0 {
		t.Errorf("%s: %q asks for no metric", where, expr)
	}
	job := regexp.MustCompile(`job="([^"]*)"`)
	for _, m := range job.FindAllStringSubmatch(expr, -1) {
		var service struct{ Metadata struct{ Name string } }
		if object(t, renderer, "Service", &service); m[1] != service.Metadata.Name {
			t.Errorf("%s: job %q is not the Service's name, %q, which scraping takes", where, m[1], service.Metadata.Name)
		}
	}
	return v.labels
}

func TestRules(t *testing.T) {
	for dir, alerts := range map[string]int{renderer: 8, ingest: 7} {
		t.Run(dir, func(t *testing.T) { checkRules(t, dir, alerts) })
	}
}

func checkRules(t *testing.T, dir string, alerts int) {
	t.Helper()
	var rules struct {
		Spec struct {
			Groups []struct {
				Rules []struct {
					Alert, Expr, For    string
					Labels, Annotations map[string]string
				}
			}
		} `json:"spec"`
	}
	object(t, dir, "PrometheusRule", &rules)
	served, shown := families(t), regexp.MustCompile(`\$labels\.([a-z_]+)`)
	names := map[string]bool{}
	for _, r := range rules.Spec.Groups[0].Rules {
		labels := checkExpr(t, r.Alert, r.Expr, served)
		for _, m := range shown.FindAllStringSubmatch(r.Annotations["summary"]+r.Annotations["action"], -1) {
			if !slices.Contains(labels, m[1]) {
				t.Errorf("%s: its words show the label %q, which its expression does not give", r.Alert, m[1])
			}
		}
		if names[r.Alert] || r.For == "" || r.Annotations["summary"] == "" || r.Annotations["action"] == "" ||
			!slices.Contains([]string{"critical", "warning"}, r.Labels["severity"]) {
			t.Errorf("alert %+v is there twice or lacks its duration, severity, summary or action", r)
		}
		names[r.Alert] = true
	}
	if len(names) < alerts {
		t.Errorf("%d alerts, want those of every guard", len(names))
	}
}

func TestDashboard(t *testing.T) {
	data, err := os.ReadFile("dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		UID    string
		Panels []struct {
			ID      int
			Title   string
			Targets []struct{ Expr, LegendFormat string }
		}
		Templating struct {
			List []struct{ Name, Type, Query string }
		}
	}
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	served, ids, shown := families(t), map[int]bool{}, ""
	legend, variable, variables := regexp.MustCompile(`{{\s*([a-z_]+)\s*}}`), regexp.MustCompile(`\$([a-z]+)`), map[string]bool{}
	for _, v := range d.Templating.List {
		variables[v.Name] = true
		if m := regexp.MustCompile(`^label_values\((\w+), (\w+)\)$`).FindStringSubmatch(v.Query); v.Type == "query" &&
			(m == nil || !slices.Contains(served[m[1]].labels, m[2])) {
			t.Errorf("variable %q asks %q, which is no label of a metric that is served", v.Name, v.Query)
		}
	}
	for _, p := range d.Panels {
		if ids[p.ID] || len(p.Targets) == 0 {
			t.Errorf("panel %q has the id of another or no query", p.Title)
		}
		ids[p.ID] = true
		for _, q := range p.Targets {
			labels := checkExpr(t, p.Title, q.Expr, served)
			shown += q.Expr
			for _, m := range legend.FindAllStringSubmatch(q.LegendFormat, -1) {
				if !slices.Contains(labels, m[1]) {
					t.Errorf("panel %q: its legend shows the label %q, which its query does not give", p.Title, m[1])
				}
			}
			for _, m := range variable.FindAllStringSubmatch(q.Expr, -1) {
				if !variables[m[1]] {
					t.Errorf("panel %q: the dashboard has no variable %q", p.Title, m[1])
				}
			}
		}
	}
	for name := range served {
		base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_count"), "_sum")
		if strings.HasPrefix(base, "sluice_") && !strings.Contains(shown, base) &&
			!slices.Contains([]string{"sluice_build_info", "sluice_clock_jump_seconds", "sluice_last_success_timestamp_seconds", "sluice_records", "sluice_reread_corrections_total"}, base) {
			t.Errorf("metric %s is on no panel", base)
		}
	}
}

package install_test

import (
	"encoding/json"
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

	"github.com/gatorcloud/sluice/renderer/telemetry"
)

func build(t *testing.T) resmap.ResMap {
	t.Helper()
	m, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), ".")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// object decodes the only object of a kind.
func object(t *testing.T, kind string, out any) {
	t.Helper()
	found := 0
	for _, r := range build(t).Resources() {
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
	var kinds []string
	for _, r := range build(t).Resources() {
		kinds = append(kinds, r.GetKind())
		if r.GetKind() != "Namespace" && r.GetNamespace() != "sluice" {
			t.Errorf("%s %s is in namespace %q", r.GetKind(), r.GetName(), r.GetNamespace())
		}
	}
	slices.Sort(kinds)
	want := []string{"ConfigMap", "ConfigMap", "Deployment", "Namespace", "NetworkPolicy", "PodDisruptionBudget", "PrometheusRule", "Service", "ServiceAccount", "ServiceMonitor"}
	if !slices.Equal(kinds, want) {
		t.Errorf("kinds %v, want %v", kinds, want)
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
	var d deployment
	object(t, "Deployment", &d)
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
	object(t, "PodDisruptionBudget", &pdb)
	matches("PodDisruptionBudget", pdb.Spec.Selector.MatchLabels)
	var service struct {
		Spec struct{ Selector map[string]string } `json:"spec"`
	}
	object(t, "Service", &service)
	matches("Service", service.Spec.Selector)
}

// families returns the metrics that a replica serves, with their labels.
func families(t *testing.T) map[string]string {
	t.Helper()
	m := telemetry.New("test")
	m.Environment("local")
	m.Retries.WithLabelValues("local", "moved")
	m.Rereads.WithLabelValues("local", "start")
	m.LastSuccess.WithLabelValues("local")
	m.Status.WithLabelValues("local", "written")
	m.Notices.WithLabelValues("sent")
	m.Soaks.WithLabelValues("local", "sent")
	w := httptest.NewRecorder()
	telemetry.Handler(m, telemetry.NewHealth()).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	all := map[string]string{}
	for line := range strings.Lines(w.Body.String()) {
		if name, labels, ok := strings.Cut(line, "{"); ok && !strings.HasPrefix(line, "#") {
			all[name] = labels
		} else if name, _, ok := strings.Cut(line, " "); ok && !strings.HasPrefix(line, "#") {
			all[name] = ""
		}
	}
	return all
}

var (
	word  = regexp.MustCompile(`[a-zA-Z_][a-zA-Z0-9_]*`)
	quote = regexp.MustCompile(`"[^"]*"`)
	span  = regexp.MustCompile(`\[[0-9]+[smhd]\]`)
	group = regexp.MustCompile(`by \(([^)]*)\)`)
)

// known are the functions, operators and labels of scraping that expressions use.
var known = []string{"sum", "max", "by", "rate", "increase", "abs", "absent", "time", "histogram_quantile",
	"environment", "le", "reason", "kind", "cause", "result", "pod", "job"}

// checkExpr checks an expression of PromQL: brackets match, every word is a
// function, a label or a metric that is served, and what it groups by is a
// label of its metrics or one that scraping adds.
func checkExpr(t *testing.T, where, expr string, served map[string]string) {
	t.Helper()
	bare := span.ReplaceAllString(quote.ReplaceAllString(expr, `""`), "")
	var open []rune
	for _, c := range bare {
		switch c {
		case '(', '{':
			open = append(open, c)
		case ')', '}':
			if len(open) == 0 || c == ')' != (open[len(open)-1] == '(') {
				t.Errorf("%s: brackets of %q do not match", where, expr)
				return
			}
			open = open[:len(open)-1]
		case '[', ']':
			t.Errorf("%s: %q has no proper range", where, expr)
		}
	}
	if len(open) > 0 {
		t.Errorf("%s: brackets of %q do not match", where, expr)
	}
	labels, metrics := "pod=job=le=", 0
	for _, w := range word.FindAllString(bare, -1) {
		if l, ok := served[w]; ok {
			metrics++
			labels += l
		} else if !slices.Contains(known, w) {
			t.Errorf("%s: %q is no metric that is served and no function that is known", where, w)
		}
	}
	if metrics == 0 {
		t.Errorf("%s: %q asks for no metric", where, expr)
	}
	for _, by := range group.FindAllStringSubmatch(bare, -1) {
		for _, l := range strings.Split(by[1], ",") {
			if !strings.Contains(labels, strings.TrimSpace(l)+"=") {
				t.Errorf("%s: groups by %q, which its metrics do not have", where, l)
			}
		}
	}
}

func TestRules(t *testing.T) {
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
	object(t, "PrometheusRule", &rules)
	served := families(t)
	names := map[string]bool{}
	for _, r := range rules.Spec.Groups[0].Rules {
		checkExpr(t, r.Alert, r.Expr, served)
		if names[r.Alert] || r.For == "" || r.Annotations["summary"] == "" || r.Annotations["action"] == "" ||
			!slices.Contains([]string{"critical", "warning"}, r.Labels["severity"]) {
			t.Errorf("alert %+v is there twice or lacks its duration, severity, summary or action", r)
		}
		names[r.Alert] = true
	}
	if len(names) < 8 {
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
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	served, ids, shown := families(t), map[int]bool{}, ""
	for _, p := range d.Panels {
		if ids[p.ID] || len(p.Targets) == 0 {
			t.Errorf("panel %q has the id of another or no query", p.Title)
		}
		ids[p.ID] = true
		for _, q := range p.Targets {
			checkExpr(t, p.Title, q.Expr, served)
			shown += q.Expr
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

//go:build e2e

package lab_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/argocd"
	"github.com/gatorcloud/sluice/cmd/lab/internal/control"
	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
	"github.com/gatorcloud/sluice/cmd/lab/internal/lab"
	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// echo is a plugin that sends its directory back with the Application's name filled in.
const echo = `
apiVersion: argoproj.io/v1alpha1
kind: ConfigManagementPlugin
metadata: {name: echo}
spec:
  generate:
    command: [sh, -c]
    args: ['for f in *.yaml; do echo "---"; sed "s/@APP@/$ARGOCD_APP_NAME/" "$f"; done']
`

// TestLab takes one lab through its life: up, a plain Application in waves, one
// through a plugin, a killed controller, and down without a trace.
func TestLab(t *testing.T) {
	set := os.Getenv("LAB_SET")
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Minute)
	defer cancel()
	dir := filepath.Join(t.TempDir(), "lab")
	l, err := lab.Up(ctx, lab.Options{
		Set: set, Dir: dir, Progress: t.Output(),
		ArgoCD:  argocd.Settings{WaveDelay: time.Second, Config: map[string]string{"resource.customizations.health.example.org_Thing": "return {status = \"Healthy\"}"}},
		Plugins: []argocd.Plugin{{Name: "echo", Config: echo}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lab.Down(dir) })
	client, err := l.Cluster()
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	log := record(t, client)

	s := scenario{t: t, lab: l, client: client, log: log}
	s.waves(ctx)
	s.plugin(ctx)
	s.loginAndList(ctx)
	s.crash(ctx)
	s.settings(ctx)
	s.program(ctx)
	s.down(ctx)
}

func record(t *testing.T, client *kube.Client) *timeline.Log {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	log := timeline.New()
	r := timeline.Recorder{Source: client, Log: log, Now: time.Now}
	for _, kind := range timeline.Kinds() {
		go r.Record(ctx, kind)
	}
	t.Cleanup(func() {
		cancel()
		if t.Failed() {
			_ = log.Events().Text(t.Output())
		}
		if file := os.Getenv("LAB_SVG"); file != "" {
			f, err := os.Create(file)
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			if err := log.Events().SVG(f, timeline.Picture{Title: t.Name()}); err != nil {
				t.Error(err)
			}
		}
	})
	return log
}

type scenario struct {
	t      *testing.T
	lab    *lab.Lab
	client *kube.Client
	log    *timeline.Log
}

func (s scenario) git(ctx context.Context, dir string, args ...string) {
	s.t.Helper()
	cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.org"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("git %v: %v: %s", args, err, out)
	}
}

// push commits the files over what the branch holds.
func (s scenario) push(ctx context.Context, files map[string]string) {
	s.t.Helper()
	work := s.t.TempDir()
	s.git(ctx, work, "clone", "--quiet", s.lab.RepositoryURL("fleet"), ".")
	s.git(ctx, work, "checkout", "-q", "-B", "main")
	for name, text := range files {
		file := filepath.Join(work, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			s.t.Fatal(err)
		}
		text = strings.ReplaceAll(text, "REPOSITORY", s.lab.RepositoryURL("fleet"))
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			s.t.Fatal(err)
		}
	}
	s.git(ctx, work, "add", "--all")
	s.git(ctx, work, "commit", "--quiet", "--message=change")
	s.git(ctx, work, "push", "--quiet", "origin", "main")
	s.log.Mark(time.Now(), "pushed")
}

func deployment(name, wave, tag string) string {
	return `apiVersion: apps/v1
kind: Deployment
metadata: {name: ` + name + `, annotations: {argocd.argoproj.io/sync-wave: "` + wave + `"}}
spec:
  replicas: 2
  progressDeadlineSeconds: 60
  selector: {matchLabels: {app: ` + name + `}}
  template:
    metadata: {labels: {app: ` + name + `}}
    spec: {terminationGracePeriodSeconds: 1, containers: [{name: c, image: "example.org/` + name + `:` + tag + `"}]}
`
}

const claim = `apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`

func (s scenario) application(ctx context.Context, name, plugin string) {
	s.t.Helper()
	source := map[string]any{"repoURL": s.lab.RepositoryURL("fleet"), "path": name, "targetRevision": "main"}
	if plugin != "" {
		source["plugin"] = map[string]any{"name": plugin}
	}
	if err := s.client.Apply(ctx, kube.Object{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
		"metadata": map[string]any{"name": name, "namespace": lab.Namespace},
		"spec": map[string]any{
			"project": "default", "source": source,
			"destination": map[string]any{"server": "https://kubernetes.default.svc", "namespace": name},
			"syncPolicy": map[string]any{
				"automated":   map[string]any{"prune": true, "selfHeal": true},
				"syncOptions": []any{"CreateNamespace=true"}, "retry": map[string]any{"limit": 0},
			},
		},
	}); err != nil {
		s.t.Fatal(err)
	}
}

func (s scenario) settled(ctx context.Context, namespace, tag string, names ...string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeoutCause(ctx, 90*time.Second, context.DeadlineExceeded)
	defer cancel()
	err := s.log.Wait(ctx, namespace+" at "+tag, func(l *timeline.Log) bool {
		now := l.Now()
		app := now[timeline.Object{Kind: "Application", Namespace: lab.Namespace, Name: namespace}]
		for _, name := range names {
			d := now[timeline.Object{Kind: "Deployment", Namespace: namespace, Name: name}]
			if d.Version != tag || d.Health != timeline.Healthy {
				return false
			}
		}
		return app.Health == timeline.Healthy && strings.HasPrefix(app.Detail, "Synced")
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s scenario) waves(ctx context.Context) {
	s.push(ctx, map[string]string{
		"plain/data.yaml": claim, "plain/a.yaml": deployment("a", "0", "1"),
		"plain/b.yaml": deployment("b", "1", "1"), "plain/c.yaml": deployment("c", "2", "1"),
		"echoed/app.yaml": deployment("x-@APP@", "0", "1"),
	})
	s.application(ctx, "plain", "")
	s.settled(ctx, "plain", "1", "a", "b", "c")
	s.ordered("1", timeline.Match{})
}

// ordered demands that no Deployment shows its new pods before the ones of the wave before are healthy.
func (s scenario) ordered(tag string, since timeline.Match) {
	s.t.Helper()
	events := s.log.Events()
	if since.Mark != "" {
		events = events.After(since)
	}
	for _, pair := range [][2]string{{"a", "b"}, {"b", "c"}} {
		err := events.AllBefore(
			timeline.Match{Kind: "Deployment", Namespace: "plain", Name: pair[0], Version: tag, Health: timeline.Healthy},
			timeline.Match{Kind: "Pod", Namespace: "plain", Name: pair[1] + "-*", Version: tag})
		if err != nil {
			s.t.Error(err)
		}
	}
}

func (s scenario) plugin(ctx context.Context) {
	s.application(ctx, "echoed", "echo")
	s.settled(ctx, "echoed", "1", "x-echoed")
}

// crash kills components in the middle of a change: what they were doing goes on when they are back, in order.
func (s scenario) crash(ctx context.Context) {
	s.push(ctx, map[string]string{
		"plain/a.yaml": deployment("a", "0", "2"), "plain/b.yaml": deployment("b", "1", "2"), "plain/c.yaml": deployment("c", "2", "2"),
	})
	if err := s.log.Wait(ctx, "the first wave", func(l *timeline.Log) bool {
		_, found := l.Events().First(timeline.Match{Kind: "Deployment", Namespace: "plain", Name: "a", Version: "2"})
		return found
	}); err != nil {
		s.t.Fatal(err)
	}
	for _, name := range []string{argocd.ControllerName, argocd.RepoServerName, lab.GitServer, control.TenantEtcdName, argocd.PluginName("echo"), "etcd"} {
		if err := s.lab.Kill(name); err != nil {
			s.t.Fatal(err)
		}
		s.log.Mark(time.Now(), "killed %s", name)
		if err := s.lab.Restart(ctx, name); err != nil {
			s.t.Fatal(err)
		}
	}
	s.settled(ctx, "plain", "2", "a", "b", "c")
	s.ordered("2", timeline.Match{Mark: "pushed"})
}

// loginAndList uses Argo CD's own command line over its API.
func (s scenario) loginAndList(ctx context.Context) {
	access, err := s.lab.Access(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	home := s.t.TempDir()
	run := func(args ...string) string {
		cmd := exec.CommandContext(ctx, access.CLI, args...)
		cmd.Env = []string{"HOME=" + home, "NO_PROXY=127.0.0.1"}
		out, err := cmd.CombinedOutput()
		if err != nil {
			s.t.Fatalf("argocd %s: %v: %s", args[0], err, out)
		}
		return string(out)
	}
	run("login", "--plaintext", s.lab.ArgoCDServer(), "--username", access.User, "--password", access.Password)
	got := strings.Fields(run("app", "list", "-o", "name"))
	if want := "argocd/echoed argocd/plain"; strings.Join(got, " ") != want {
		s.t.Errorf("argocd app list = %v, want %v", got, want)
	}
}

func (s scenario) settings(ctx context.Context) {
	cm, err := s.client.Get(ctx, kube.Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: lab.Namespace, Name: "argocd-cm"})
	if err != nil || cm.Text("data", "resource.customizations.health.example.org_Thing") == "" {
		s.t.Errorf("argocd-cm = %v, %v, want the given health check in it", cm["data"], err)
	}
	if err := s.lab.Configure(ctx, map[string]string{"kustomize.enable": "false"}); err != nil {
		s.t.Fatal(err)
	}
	cm, err = s.client.Get(ctx, kube.Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: lab.Namespace, Name: "argocd-cm"})
	if err != nil || cm.Text("data", "resource.customizations.health.example.org_Thing") != "" || cm.Text("data", "kustomize.enable") != "false" {
		s.t.Errorf("argocd-cm after Configure() = %v, %v, want the new setting in place of the old one", cm["data"], err)
	}
	resp, err := http.Get(s.lab.ArgoCDMetrics())
	if err != nil {
		s.t.Fatal(err)
	}
	resp.Body.Close()
	for _, st := range s.lab.Status(ctx) {
		if st.State != "ready" {
			s.t.Errorf("Status() of %s = %s, want ready", st.Name, st.State)
		}
	}
}

// program runs one of the caller's own under the lab, kills it and leaves its end to Down.
func (s scenario) program(ctx context.Context) {
	p := lab.Program{Name: "renderer", Command: []string{"/bin/sh", "-c", "echo up; while :; do sleep 1; done # " + s.lab.Dir()}}
	if err := s.lab.Start(ctx, p); err != nil {
		s.t.Fatal(err)
	}
	if err := s.lab.Start(ctx, p); err == nil {
		s.t.Error("Start() of a name that is taken = nil, want an error")
	}
	if err := s.lab.Kill("renderer"); err != nil {
		s.t.Error(err)
	}
	if err := s.lab.Restart(ctx, "renderer"); err != nil {
		s.t.Error(err)
	}
}

// down looks for what is left: processes that mention the directory, listeners, files.
func (s scenario) down(ctx context.Context) {
	var state struct{ Ports map[string]int }
	data, err := os.ReadFile(filepath.Join(s.lab.Dir(), "lab.json"))
	if err != nil {
		s.t.Fatal(err)
	}
	if err := json.Unmarshal(data, &state); err != nil || len(state.Ports) == 0 {
		s.t.Fatalf("lab.json = %s, %v, want ports in it", data, err)
	}
	if err := s.lab.Down(); err != nil {
		s.t.Fatal(err)
	}
	for name, port := range state.Ports {
		l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		if err != nil {
			s.t.Errorf("port of %s after Down(): %v", name, err)
			continue
		}
		l.Close()
	}
	out, err := exec.CommandContext(ctx, "ps", "-eo", "args").Output()
	if err != nil {
		s.t.Fatal(err)
	}
	if strings.Contains(string(out), s.lab.Dir()) {
		s.t.Errorf("processes after Down() mention %s:\n%s", s.lab.Dir(), out)
	}
	if _, err := os.Stat(s.lab.Dir()); !os.IsNotExist(err) {
		s.t.Errorf("directory after Down(): %v, want it gone", err)
	}
}

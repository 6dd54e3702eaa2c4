//go:build e2e

package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/cmd/lab/internal/argocd"
	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
	"github.com/gatorcloud/sluice/cmd/lab/internal/lab"
)

// root is the top of the source tree.
const root = "../../.."

// applicationHealth is the setting that gates one Application on another.
const applicationHealth = "resource.customizations.health.argoproj.io_Application"

// rig is a lab with the real programs of sluice.
type rig struct {
	lab    *lab.Lab
	client *kube.Client
	sluice string
	cmp    string
	// settings are what a cluster admin installs in argocd-cm.
	settings map[string]string
	// suffix tells the environments of one run on a kept lab from those of the last.
	suffix string
}

// TestScenarios runs every scenario on one lab, in an environment of its own.
func TestScenarios(t *testing.T) {
	r := up(t)
	// These change or kill what all scenarios share.
	t.Run("Bump", r.bump)
	t.Run("Crashes", r.crashes)
	t.Run("GitAway", r.gitAway)
	t.Run("Autoscale", r.autoscale)
	t.Run("Admission", r.admission)
	for name, run := range map[string]func(*testing.T){
		"ColdStart": r.coldStart, "BadVersion": r.badVersion, "Reverts": r.reverts, "Rollback": r.rollback, "Pins": r.pins,
		"Ends": r.ends, "LastHolder": r.lastHolder, "Refusals": r.refusals, "Moves": r.moves, "Modes": r.modes, "Causes": r.causes,
		"Hotfix": r.hotfix, "Leaders": r.leaders, "Inserted": r.inserted, "Migration": r.migration, "TakenBack": r.takenBack,
		"PartIll": r.partIll, "Overlap": r.overlap, "Subscribed": r.subscribed, "Steps": r.steps,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t)
		})
	}
}

// up builds sluice and brings up a lab whose Argo CD is configured as
// installed. The pause after a wave is Argo CD's own: scenarios side by side
// keep its controller busy, and what its cache of the cluster learns later than
// that passes for ready.
func up(t *testing.T) *rig {
	t.Helper()
	return upWith(t, argocd.Settings{WaveDelay: 2 * time.Second, Resync: resync})
}

// upWith is up with settings of Argo CD's processes.
func upWith(t *testing.T, set argocd.Settings) *rig {
	t.Helper()
	bin := t.TempDir()
	r := &rig{sluice: filepath.Join(bin, "sluice"), cmp: filepath.Join(bin, "sluice-cmp"), settings: installed(t)}
	set.RepoServerPostStart = postStart(t)
	dir := os.Getenv("LAB_DIR")
	if dir != "" {
		// A kept lab runs the plugin of the run before: its program has to stay.
		r.cmp = filepath.Join(filepath.Dir(dir), "sluice-cmp")
		r.suffix = strconv.FormatInt(time.Now().Unix()%(36*36*36), 36)
	} else {
		dir = filepath.Join(t.TempDir(), "lab")
		t.Cleanup(func() { _ = lab.Down(dir) })
	}
	set.Config = r.settings
	build(t, r.sluice, "./cmd/sluice")
	build(t, r.cmp, "./cmd/sluice-cmp")
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Minute)
	defer cancel()
	var err error
	r.lab, err = lab.Up(ctx, lab.Options{
		Set: os.Getenv("LAB_SET"), Dir: dir, Source: root, Progress: t.Output(), Volumes: 100,
		ArgoCD: set,
		Plugins: []argocd.Plugin{
			{Name: "sluice", Command: []string{r.cmp, "serve", "--socket={socket}", "--metrics-addr="}},
			{Name: "stock", Config: stock, Search: []string{filepath.Dir(r.cmp)}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.suffix != "" {
		if err := r.lab.Restart(ctx, argocd.PluginName("sluice")); err != nil {
			t.Fatal(err)
		}
	}
	if r.client, err = r.lab.Cluster(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.client.Close)
	return r
}

func build(t *testing.T, out, pkg string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-s -w", "-o", out, pkg)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v: %s", pkg, err, text)
	}
}

// installed are the settings that a cluster admin applies.
func installed(t *testing.T) map[string]string {
	t.Helper()
	var cm struct{ Data map[string]string }
	setting(t, "argocd-cm.yaml", &cm)
	if cm.Data[applicationHealth] == "" {
		t.Fatal("the installed settings have no health check of Applications")
	}
	return cm.Data
}

// postStart is the hook of the repo-server that a cluster admin applies.
func postStart(t *testing.T) []string {
	t.Helper()
	var patch appsv1.Deployment
	setting(t, "repo-server.yaml", &patch)
	containers := patch.Spec.Template.Spec.Containers
	if len(containers) != 1 || containers[0].Lifecycle == nil || containers[0].Lifecycle.PostStart == nil {
		t.Fatal("the installed settings have no hook of the repo-server")
	}
	return containers[0].Lifecycle.PostStart.Exec.Command
}

// setting reads a file of the installation.
func setting(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "plugin", "install", "settings", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, into); err != nil {
		t.Fatalf("reading %s: %v", name, err)
	}
}

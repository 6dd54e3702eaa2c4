//go:build e2e

package lab_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/cmd/lab/internal/argocd"
	"github.com/gatorcloud/sluice/cmd/lab/internal/lab"
	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

const applicationHealth = "resource.customizations.health.argoproj.io_Application"

// TestHealthGatesChildren bumps two children of one parent in one commit: with
// the installed settings the second moves when the first is healthy at the new
// version. That it moves earlier with the usual health check depends on how
// fast the first is looked at; the scenario Bump shows it where it always does.
func TestHealthGatesChildren(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Minute)
	defer cancel()
	dir := filepath.Join(t.TempDir(), "lab")
	l, err := lab.Up(ctx, lab.Options{
		Set: os.Getenv("LAB_SET"), Dir: dir, Progress: t.Output(),
		ArgoCD: argocd.Settings{WaveDelay: time.Second, Resync: 5 * time.Second, Config: installed(t)},
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
	s := scenario{t: t, lab: l, client: client, log: record(t, client)}

	s.push(ctx, tree("1"))
	s.application(ctx, "gate", "")
	s.moved(ctx, "1")
	s.push(ctx, tree("2"))
	s.moved(ctx, "2")
	if err := s.gated("2"); err != nil {
		t.Errorf("with the installed settings: %v", err)
	}
}

// installed are the settings that a cluster admin applies.
func installed(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "plugin", "install", "settings", "argocd-cm.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var cm struct{ Data map[string]string }
	if err := yaml.Unmarshal(data, &cm); err != nil || cm.Data[applicationHealth] == "" {
		t.Fatalf("reading the installed settings: %v, want a health check of Applications in them", err)
	}
	return cm.Data
}

// tree is a parent with two children in waves, each at the version.
func tree(version string) map[string]string {
	files := map[string]string{}
	for i, name := range []string{"a", "b"} {
		slow := strings.Replace(deployment(name, "0", version), "    metadata: {", `    metadata: {annotations: {lab.gatorcloud.io/ready-after: "4s"}, `, 1)
		files["children/"+name+"/"+version+"/d.yaml"] = slow
		files["gate/"+name+".yaml"] = strings.NewReplacer("NAME", name, "WAVE", string(rune('0'+i)), "VERSION", version).Replace(child)
	}
	return files
}

const child = `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: gate-NAME
  namespace: argocd
  annotations: {argocd.argoproj.io/sync-wave: "WAVE"}
  finalizers: [resources-finalizer.argocd.argoproj.io]
spec:
  project: default
  source: {repoURL: "REPOSITORY", path: children/NAME/VERSION, targetRevision: main}
  destination: {server: "https://kubernetes.default.svc", namespace: gate}
  syncPolicy:
    automated: {prune: true, selfHeal: true}
    syncOptions: [CreateNamespace=true]
    retry: {limit: 0}
`

// moved waits until both children run the version.
func (s scenario) moved(ctx context.Context, version string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeoutCause(ctx, 2*time.Minute, errors.New("not within two minutes"))
	defer cancel()
	err := s.log.Wait(ctx, "both children at "+version, func(l *timeline.Log) bool {
		now := l.Now()
		for _, name := range []string{"a", "b"} {
			d := now[timeline.Object{Kind: "Deployment", Namespace: "gate", Name: name}]
			app := now[timeline.Object{Kind: "Application", Namespace: lab.Namespace, Name: "gate-" + name}]
			if d.Version != version || d.Health != timeline.Healthy || app.Health != timeline.Healthy || app.Detail != "Synced Succeeded" {
				return false
			}
		}
		return strings.HasSuffix(now[timeline.Object{Kind: "Application", Namespace: lab.Namespace, Name: "gate"}].Detail, "Succeeded")
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// gated demands that no pod of the second child shows before the first is healthy at the version.
func (s scenario) gated(version string) error {
	return s.log.Events().AllBefore(
		timeline.Match{Kind: "Deployment", Namespace: "gate", Name: "a", Version: version, Health: timeline.Healthy},
		timeline.Match{Kind: "Pod", Namespace: "gate", Name: "b-*", Version: version})
}

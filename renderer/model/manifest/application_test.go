package manifest_test

import (
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/google/go-cmp/cmp"
)

// What an Application says of where it reads and writes, and how its parent
// treats it: nothing that was given is left out, and nothing else is said.
func TestApplication(t *testing.T) {
	place := manifest.Place{
		Environment: ident.Must[ident.EnvironmentKind]("local"), RepoURL: "https://git.example/x.git", TargetRevision: "main",
		Project: "tenants", ArgoCDNamespace: "argocd", Plugin: "sluice", DestinationServer: "https://k8s.example",
	}
	for name, tc := range map[string]struct {
		reason                           string
		app                              manifest.Application
		annotations, destination, policy string
		parameters                       string
		ignored                          string
	}{
		"Plain": {"a level of workloads", manifest.Application{Name: "a", Place: place, Level: "product", Path: "p", Namespace: "tenant-1", Wave: 100, Versions: map[string]string{"swg": "202"}},
			`{argocd.argoproj.io/manifest-generate-paths: ".", argocd.argoproj.io/sync-wave: "100"}`, "{server: https://k8s.example, namespace: tenant-1}",
			"{automated: {prune: true, selfHeal: true}, retry: {}}", `[{name: versions, map: {swg: "202"}}]`, ""},
		"Everything": {"options for both sides", manifest.Application{Name: "a", Place: place, Level: "shared", Path: "p", Namespace: "s", Create: true, SyncOptions: "PruneLast=true", Annotations: map[string]string{"x": "y"}},
			`{argocd.argoproj.io/manifest-generate-paths: ".", argocd.argoproj.io/sync-wave: "0", argocd.argoproj.io/sync-options: PruneLast=true, x: "y"}`, "{server: https://k8s.example, namespace: s}",
			"{automated: {prune: true, selfHeal: true}, retry: {}, syncOptions: [CreateNamespace=true]}", "[{name: versions, map: {}}]", ""},
		"Local": {"Applications stand beside Argo CD, wherever the workloads are", manifest.Application{Name: "a", Place: place, Level: "ring", Path: "p", Namespace: "s", Local: true, Wave: -2},
			`{argocd.argoproj.io/manifest-generate-paths: ".", argocd.argoproj.io/sync-wave: "-2"}`, "{server: https://kubernetes.default.svc, namespace: argocd}",
			"{automated: {prune: true, selfHeal: true}, retry: {}, syncOptions: [ApplyOutOfSyncOnly=true, Validate=false]}", "[{name: versions, map: {}}]", ""},
		"Waves": {"a tenant's parts wait for each other, so all of them are applied", manifest.Application{Name: "a", Place: place, Level: "tenant", Path: "p", Local: true},
			`{argocd.argoproj.io/manifest-generate-paths: ".", argocd.argoproj.io/sync-wave: "0"}`, "{server: https://kubernetes.default.svc, namespace: argocd}",
			"{automated: {prune: true, selfHeal: true}, retry: {}, syncOptions: [Validate=false]}", "[{name: versions, map: {}}]", ""},
		"Ignores": {"fields that the cluster writes are neither compared nor written", manifest.Application{Name: "a", Place: place, Level: "product", Path: "p", Namespace: "s", IgnoreDifferences: []manifest.IgnoreDifference{
			{Kind: "Service", Name: "x", JSONPointers: []string{"/spec/a~1b"}},
			{Group: "apps", Kind: "Deployment", Name: "y", JSONPointers: []string{"/spec/a", "/spec/b"}, JQPathExpressions: []string{`.spec.x[] | select(.name == "z")`}}}},
			`{argocd.argoproj.io/manifest-generate-paths: ".", argocd.argoproj.io/sync-wave: "0"}`, "{server: https://k8s.example, namespace: s}",
			"{automated: {prune: true, selfHeal: true}, retry: {}, syncOptions: [RespectIgnoreDifferences=true]}", "[{name: versions, map: {}}]",
			`
  ignoreDifferences:
  - {kind: Service, name: x, jsonPointers: [/spec/a~1b]}
  - {group: apps, kind: Deployment, name: "y", jsonPointers: [/spec/a, /spec/b], jqPathExpressions: ['.spec.x[] | select(.name == "z")']}`},
	} {
		t.Run(name, func(t *testing.T) {
			want := `
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: a
  namespace: argocd
  annotations: ` + tc.annotations + `
  labels: {gatorcloud.io/environment: local, gatorcloud.io/level: ` + tc.app.Level + `}
  finalizers: [resources-finalizer.argocd.argoproj.io]
spec:
  project: tenants
  source: {repoURL: https://git.example/x.git, targetRevision: main, path: p, plugin: {name: sluice, parameters: ` + tc.parameters + `}}
  destination: ` + tc.destination + tc.ignored + `
  syncPolicy: ` + tc.policy + "\n"
			if d := cmp.Diff(parsed(t, []byte(want)), parsed(t, tc.app.Encode())); d != "" {
				t.Errorf("Encode() (-want +got): %s\n%s", tc.reason, d)
			}
		})
	}
}

func parsed(t *testing.T, data []byte) any {
	t.Helper()
	var v any
	if err := yaml.UnmarshalStrict(data, &v); err != nil {
		t.Fatalf("%v in\n%s", err, data)
	}
	return v
}

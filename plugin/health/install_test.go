package health_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/v2/assets"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v2/util/rbac"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// Argo CD's own code judges here what the install folder says about roles and
// projects: the types are too heavy to be compiled for the tests there as well.

func TestRoles(t *testing.T) {
	var cm corev1.ConfigMap
	decode(t, "../install/example/argocd-rbac-cm.yaml", &cm)
	for key, lines := range cm.Data {
		if strings.Contains(lines, "*/*") || strings.Contains(lines, "get, *") {
			t.Errorf("%s gives rights in others' projects:\n%s", key, lines)
		}
	}
	cm.Data["policy.csv"] = "g, ann, role:sluice-sre\ng, bob, role:sluice-support\n"
	enforcer := rbac.NewEnforcer(fake.NewClientset(), "argocd", "argocd-rbac-cm", nil)
	builtin, err := assets.Embedded.ReadFile("builtin-policy.csv")
	if err != nil {
		t.Fatal(err)
	}
	if err := enforcer.SetBuiltinPolicy(string(builtin)); err != nil {
		t.Fatal(err)
	}
	policy := rbac.PolicyCSV(cm.Data)
	if err := rbac.ValidatePolicy(policy); err != nil {
		t.Fatal(err)
	}
	if err := enforcer.SetUserPolicy(policy); err != nil {
		t.Fatal(err)
	}
	const approve, fleet, product = "action/argoproj.io/Application/approve", "pop-sha1-fleet/pop-sha1", "pop-sha1-tenants/pop-sha1-1000006-swg"
	for name, tc := range map[string]struct {
		who, resource, action, object string
		want                          bool
	}{
		"SREApproves":          {"ann", "applications", approve, fleet, true},
		"SREPauses":            {"ann", "applications", "action/argoproj.io/Application/pause", fleet, true},
		"SREResumes":           {"ann", "applications", "action/argoproj.io/Application/resume", fleet, true},
		"SRERefreshes":         {"ann", "applications", "action/argoproj.io/Application/refresh", "pop-sha1/pop-sha1-1000006", true},
		"SRESyncs":             {"ann", "applications", "sync", product, true},
		"SREReads":             {"ann", "applications", "get", product, true},
		"SREDoesNotOverride":   {"ann", "applications", "override", fleet, false},
		"SREDoesNotDelete":     {"ann", "applications", "delete", fleet, false},
		"SREDoesNotEdit":       {"ann", "applications", "update", fleet, false},
		"SREDoesNotRestart":    {"ann", "applications", "action/apps/Deployment/restart", product, false},
		"SREHasNoShell":        {"ann", "exec", "create", product, false},
		"SRESyncsNoOthers":     {"ann", "applications", "sync", "platform/x", false},
		"SRESyncsNoNeighbour":  {"ann", "applications", "sync", "pop-sha10/x", false},
		"SupportReads":         {"bob", "applications", "get", fleet, true},
		"SupportReadsProjects": {"bob", "projects", "get", "pop-sha1-shared", true},
		"SupportReadsLogs":     {"bob", "logs", "get", product, true},
		"SupportReadsShared":   {"bob", "logs", "get", "pop-sha1-shared/pop-sha1-shared-license", true},
		"SupportReadsNoOthers": {"bob", "logs", "get", "platform/x", false},
		"SupportSeesNoOthers":  {"bob", "applications", "get", "platform/x", false},
		"SupportSeesNoProject": {"bob", "projects", "get", "platform", false},
		"SupportDoesNotSync":   {"bob", "applications", "sync", product, false},
		"SupportDoesNotAct":    {"bob", "applications", approve, fleet, false},
		"OthersReadNothing":    {"eve", "applications", "get", product, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := enforcer.Enforce(tc.who, tc.resource, tc.action, tc.object); got != tc.want {
				t.Errorf("Enforce(%s, %s, %s, %s) = %t, want %t", tc.who, tc.resource, tc.action, tc.object, got, tc.want)
			}
		})
	}
}

// The example decodes strictly, and the fleet's project admits it and nothing
// outside Argo CD's namespace, and of what is there Applications only.
func TestExampleFleet(t *testing.T) {
	var project v1alpha1.AppProject
	var app v1alpha1.Application
	if err := yaml.UnmarshalStrict([]byte(read(t, "../install/example/fleet.yaml")), &app); err != nil {
		t.Fatal(err)
	}
	place := manifest.Place{Environment: ident.Must[ident.EnvironmentKind](app.Name), RepoURL: app.Spec.Source.RepoURL, Project: app.Name,
		ArgoCDNamespace: app.Namespace, DestinationServer: "https://elsewhere.example"}
	first, _, _ := bytes.Cut(manifest.Projects(place, manifest.Bounds{Prefix: "tenant-"}), []byte("---\n"))
	if err := yaml.UnmarshalStrict(first, &project); err != nil {
		t.Fatal(err)
	}
	if err := project.ValidateProject(); err != nil {
		t.Errorf("project: %v", err)
	}
	for kind, want := range map[string]bool{"Application": true, "AppProject": false, "ApplicationSet": false} {
		if project.IsGroupKindPermitted(schema.GroupKind{Group: "argoproj.io", Kind: kind}, true) != want {
			t.Errorf("the fleet's project permits kind %s: %t, want %t", kind, !want, want)
		}
	}
	clusters := func(string) ([]*v1alpha1.Cluster, error) { return nil, nil }
	source, destination := app.Spec.GetSource(), app.Spec.Destination
	if ok, err := project.IsDestinationPermitted(destination, clusters); !ok || err != nil || !project.IsSourcePermitted(source) || app.Spec.Project != project.Name {
		t.Errorf("the project %q does not admit the Application (%v)", project.Name, err)
	}
	destination.Namespace = "tenant-1000006"
	if ok, _ := project.IsDestinationPermitted(destination, clusters); ok {
		t.Error("the fleet's project admits a tenant's namespace")
	}
	if source.Plugin != nil || app.Annotations[v1alpha1.AnnotationKeyManifestGeneratePaths] != "" || app.Spec.SyncPolicy.Retry.Limit != 0 {
		t.Errorf("want plain YAML, no manifest-generate-paths and no retries: %+v", app.Spec)
	}
	want := &v1alpha1.SyncPolicyAutomated{Prune: true, SelfHeal: true}
	if diff := cmp.Diff(want, app.Spec.SyncPolicy.Automated); diff != "" {
		t.Errorf("automated sync (-want +got):\n%s", diff)
	}
}

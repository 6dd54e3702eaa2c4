//go:build e2e

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// admission installs the admission policies as an administrator does and makes
// the attacks that they stop, at a real API server. The policies go again: the
// other scenarios do without.
func (r *rig) admission(t *testing.T) {
	for _, file := range []string{"applications.yaml", "beside.yaml", "cluster.yaml", "definitions/policy.yaml", "definitions/groups.yaml", "environments.yaml", "renderer.yaml", "tenants/policy.yaml"} {
		data, err := os.ReadFile(filepath.Join(root, "plugin", "install", "admission", file))
		if err != nil {
			t.Fatal(err)
		}
		r.put(t, strings.Replace(string(data), "  name: sluice-definitions\ndata:", "  name: sluice-definitions\n  namespace: argocd\ndata:", 1))
	}
	place := manifest.Place{Environment: ident.Must[ident.EnvironmentKind]("apart"), RepoURL: "https://git.example/fleet.git", TargetRevision: "main",
		Project: "apart", ArgoCDNamespace: "argocd", Plugin: "sluice", DestinationName: "in-cluster"}
	r.put(t, string(manifest.Projects(place, manifest.Bounds{Prefix: "apart-"})))
	r.put(t, "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: apart-1\n  labels: {gatorcloud.io/tenant: \"1\", pod-security.kubernetes.io/enforce: restricted}\n  annotations: {gatorcloud.io/code: abcd, gatorcloud.io/domain: apart.example.com}\n")
	app := manifest.Application{Name: "apart-1-web", Place: place, Project: place.TenantsProject(), Level: "product", Namespace: "apart-1",
		Path: "environments/apart/tenants/01/00/1/web/1", Labels: map[string]string{manifest.LabelTenant: "1", manifest.LabelProduct: "web"}}
	good := strings.Replace(string(app.Encode()), "  finalizers:\n  - "+manifest.Finalizer+"\n", "", 1) // nothing of it lives
	const object = "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: x, namespace: apart-1}\nsubjects: [{kind: ServiceAccount, name: x, namespace: apart-1}]\n"
	for name, tc := range map[string]struct{ object, want string }{
		"Project":    {strings.Replace(good, `"apart-tenants"`, "default", 1), `project "default"`},
		"Repository": {strings.Replace(good, "https://git.example/fleet.git", "https://git.example/evil.git", 1), "the source"},
		"Branch":     {strings.Replace(good, `"main"`, `"evil"`, 1), "the source"},
		"Namespace":  {strings.Replace(good, `namespace: "apart-1"`, `namespace: "apart-2"`, 1), "the destination"},
		"Unlabelled": {"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: x\n  namespace: argocd\n  annotations: {argocd.argoproj.io/tracking-id: 'apart:argoproj.io/Application:argocd/x'}\nspec:\n  project: default\n  source: {repoURL: https://git.example/evil.git, path: x}\n  destination: {name: in-cluster, namespace: argocd}\n", "whose fleet writes"},
		"Binding":    {object + "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}\n", "cluster-admin"},
		"Network":    {"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x, namespace: apart-1}\nspec: {podSelector: {}, ingress: [{}]}\n", "names who may come in"},
		"Hydrator":   {strings.Replace(good, "  source:\n", "  sourceHydrator: {drySource: {repoURL: x, path: x, targetRevision: x}, syncSource: {path: x, targetBranch: x}}\n  source:\n", 1), "the source"},
		"Manifests":  {good + "operation: {sync: {manifests: ['{}']}}\n", "no manifests"},
		"Tenants":    {"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x, namespace: apart-1}\nspec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}\n", "names who may come in"},
		"AnyHost":    {"apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: x, namespace: apart-1}\nspec: {defaultBackend: {service: {name: x, port: {number: 80}}}}\n", "without a host"},
		"External":   {"apiVersion: v1\nkind: Service\nmetadata: {name: x, namespace: apart-1}\nspec: {type: ExternalName, externalName: db.apart-2.svc}\n", "ExternalName"},
		"OtherHost":  {"apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: x, namespace: apart-1}\nspec: {rules: [{host: abcd.apart.example.com}, {host: 2.apart.example.com}]}\n", "not of the tenant alone"},
		"Alias":      {"apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: x, namespace: apart-1, annotations: {nginx.ingress.kubernetes.io/server-alias: x.example.com}}\nspec: {rules: [{host: abcd.apart.example.com}]}\n", "other hosts"},
		"Neighbour":  {"apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: apart-x, namespace: argocd, labels: {gatorcloud.io/environment: apart-x}}\nspec: {}\n", "begin alike"},
		"Pod":        {"apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: apart-1}\nspec: {hostNetwork: true, containers: [{name: x, image: x}]}\n", "violates PodSecurity"},
	} {
		t.Run(name, func(t *testing.T) { r.denied(t, r.client, tc.object, tc.want) })
	}
	argo, err := kube.Open(filepath.Join(filepath.Dir(r.lab.KubeConfig()), "argocd-application-controller.kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(argo.Close)
	tracked := func(apiVersion, kind, metadata, rest string) string {
		return "apiVersion: " + apiVersion + "\nkind: " + kind + "\nmetadata: {name: apart-x, " + metadata + "}\n" + rest
	}
	const byLabel, role = "annotations: {argocd.argoproj.io/tracking-id: 'others:x'}, labels: {app.kubernetes.io/instance: apart}", "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}\n"
	for name, tc := range map[string]struct{ object, want string }{
		"FleetRights":     {tracked("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", byLabel, role), "writes no ClusterRoleBinding"},
		"FleetSecret":     {tracked("v1", "Secret", "namespace: argocd, "+byLabel, ""), "no Secret"},
		"Definition":      {"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: xs.apart.example.com}\nspec: {group: apart.example.com, scope: Namespaced, names: {kind: X, plural: xs}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}\n", "no kinds of group"},
		"TenantNamespace": {tracked("v1", "Namespace", "annotations: {argocd.argoproj.io/tracking-id: 'apart-1:x'}", ""), "writes no Namespace"},
	} {
		t.Run(name, func(t *testing.T) { r.denied(t, argo, tc.object, tc.want) })
	}
	r.put(t, good)
	r.put(t, "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: x, namespace: apart-1}\nspec: {rules: [{host: abcd.web.apart.example.com}]}\n")
	r.put(t, object+"roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: x}\n")
}

// put applies objects that go when the test ends.
func (r *rig) put(t *testing.T, text string) {
	t.Helper()
	objects, err := kube.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		t.Cleanup(func() { _ = r.client.Delete(context.Background(), o.Ref()) })
	}
	if err := r.client.Apply(t.Context(), objects...); err != nil {
		t.Fatal(err)
	}
}

// denied applies an object until the API server refuses it: a policy takes some
// seconds before it is asked.
func (r *rig) denied(t *testing.T, as *kube.Client, text, want string) {
	t.Helper()
	objects, err := kube.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Second) {
		err = as.Apply(t.Context(), objects...)
		if err != nil && strings.Contains(err.Error(), want) {
			return
		}
		for _, o := range objects {
			_ = r.client.Delete(t.Context(), o.Ref())
		}
		if time.Now().After(end) {
			t.Fatalf("applied, or refused with %v, want %q", err, want)
		}
	}
}

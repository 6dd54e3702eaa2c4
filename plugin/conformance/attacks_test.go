package conformance_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/plugin"
	"github.com/gatorcloud/sluice/plugin/plugintest"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render/base"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
	"github.com/gatorcloud/sluice/renderer/render/shape"
)

// Layers that stop an attack: the proof of a version stops its author, the
// plugin whoever reseals an overlay, Argo CD's own code what a project does not
// permit, and the API server what its admission refuses.
const (
	author    = "base"
	resealed  = "plugin"
	project   = "project"
	admission = "admission"
)

// attack is one object that takes more than belongs to its writer, and the
// layers that stop it, each by itself.
type attack struct {
	reason string
	object string // YAML; its namespace is written in place of NAMESPACE
	shared bool   // by an environment-shared part, else by a tenant's product
	want   []string
}

const own = "tenant-1000006"

func object(apiVersion, kind, metadata, rest string) string {
	return fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata: {name: x%s}\n%s", apiVersion, kind, metadata, rest)
}

// workload is a Deployment whose pods have something more.
func workload(pod string) string {
	return object("apps/v1", "Deployment", "", "spec:\n  progressDeadlineSeconds: 60\n  selector: {matchLabels: {a: b}}\n  template:\n    metadata: {labels: {a: b}}\n    spec:\n"+
		"      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}\n"+pod)
}

func container(more string) string {
	return "      containers:\n      - name: a\n        image: registry.example.com/a:1\n        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}" + more + "}\n"
}

func attacks() map[string]attack {
	const rbac = "rbac.authorization.k8s.io/v1"
	binding := func(metadata, ref, subject string) string {
		return object(rbac, "RoleBinding", metadata, "roleRef: {apiGroup: rbac.authorization.k8s.io, "+ref+"}\nsubjects: ["+subject+"]\n")
	}
	admin := func(metadata string) string {
		return strings.Replace(binding(metadata, "kind: ClusterRole, name: cluster-admin", account), "RoleBinding", "ClusterRoleBinding", 1)
	}
	annotated := func(note string) string {
		return object("v1", "ConfigMap", ", annotations: {"+note+"}", "data: {a: b}\n")
	}
	three, two := []string{author, resealed, project}, []string{author, resealed}
	inside := []string{author, resealed, admission}
	definition := func(group string) string {
		return "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: xs." + group + "}\nspec:\n  group: " + group +
			"\n  names: {kind: X, plural: xs}\n  scope: Namespaced\n  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]\n"
	}
	return map[string]attack{
		"ClusterAdmin":          {"everything, for the product's own account", admin(""), false, three},
		"ClusterAdminInside":    {"the same with a namespace, which Argo CD clears", admin(", namespace: NAMESPACE"), false, three},
		"Definition":            {"a kind for everybody", definition("x.example.com"), false, three},
		"Webhook":               {"every object of the cluster passes it", object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", ", namespace: NAMESPACE", ""), false, three},
		"ClusterIssuer":         {"a custom kind without a namespace", object("cert-manager.io/v1", "ClusterIssuer", ", namespace: NAMESPACE", ""), false, three},
		"OtherNamespace":        {"an object beside another's", object("v1", "ConfigMap", ", namespace: kube-system", ""), false, three},
		"OtherTenant":           {"an object beside another tenant's", object("v1", "ConfigMap", ", namespace: tenant-1000007", ""), false, two},
		"Application":           {"an Application of its own", object("argoproj.io/v1alpha1", "Application", "", ""), false, three},
		"Project":               {"what Applications may do", object("argoproj.io/v1alpha1", "AppProject", "", ""), false, three},
		"SharedClusterAdmin":    {"everything, for a shared part", admin(""), true, two},
		"SharedWildcard":        {"a role that holds everything", object(rbac, "ClusterRole", "", "rules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]\n"), true, two},
		"SharedAggregated":      {"rights for everybody who may view", object(rbac, "ClusterRole", ", labels: {rbac.authorization.k8s.io/aggregate-to-view: 'true'}", "rules: [{apiGroups: [''], resources: [secrets], verbs: [get]}]\n"), true, two},
		"SharedGroup":           {"rights for everybody", strings.Replace(binding("", "kind: ClusterRole, name: x", "{kind: Group, name: 'system:authenticated', apiGroup: rbac.authorization.k8s.io}"), "RoleBinding", "ClusterRoleBinding", 1), true, two},
		"SharedOtherDefinition": {"the kinds of another operator", definition("cert-manager.io"), true, two},
		"SharedWebhook":         {"every object of the cluster passes it", object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "", ""), true, three},
		"BindsClusterAdmin":     {"a tenant's account with all rights in its namespace", binding("", "kind: ClusterRole, name: cluster-admin", account), false, inside},
		"BindsGroup":            {"everybody in the tenant's namespace", binding("", "kind: ClusterRole, name: view", "{kind: Group, name: 'system:authenticated', apiGroup: rbac.authorization.k8s.io}"), false, inside},
		"BindsOther":            {"another tenant's account", binding("", "kind: ClusterRole, name: view", "{kind: ServiceAccount, name: x, namespace: tenant-1000007}"), false, inside},
		"Escalates":             {"a role that gives itself more", object(rbac, "Role", "", "rules: [{apiGroups: [rbac.authorization.k8s.io], resources: [roles], verbs: [escalate]}]\n"), false, inside},
		"Privileged":            {"the node of others", workload(container(", privileged: true, runAsUser: 0")), false, []string{author, admission}},
		"HostNetwork":           {"the network of the node", workload("      hostNetwork: true\n" + container("")), false, []string{author, admission}},
		"HostPath":              {"the disk of the node", workload(container("") + "      volumes: [{name: a, hostPath: {path: /}}]\n"), false, []string{author, admission}},
		"HostPort":              {"a port of the node", workload(container("") + "        ports: [{containerPort: 80, hostPort: 80}]\n"), false, []string{author, admission}},
		"Priority":              {"others' pods go first", workload("      priorityClassName: system-node-critical\n" + container("")), false, two},
		"ExternalIPs":           {"traffic for another address", object("v1", "Service", "", "spec: {ports: [{port: 80}], externalIPs: [10.0.0.1]}\n"), false, inside},
		"OpenNetwork":           {"the namespace is open again", object("networking.k8s.io/v1", "NetworkPolicy", "", "spec: {podSelector: {}, ingress: [{}]}\n"), false, inside},
		"FixedHost":             {"a host that others have as well", object("networking.k8s.io/v1", "Ingress", "", "spec: {rules: [{host: portal.example.com}]}\n"), false, []string{author}},
		"GlobalRule":            {"the routes of everybody", object("apisix.apache.org/v2", "ApisixGlobalRule", "", "spec: {plugins: []}\n"), false, inside},
		"Owner":                 {"it goes with another object", object("v1", "ConfigMap", ", ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: y, uid: z}]", ""), false, two},
		"Finalizer":             {"it never goes", object("v1", "ConfigMap", ", finalizers: [example.com/x]", ""), false, two},
		"Hook":                  {"it runs before everything", annotated("argocd.argoproj.io/hook: PreSync"), false, two},
		"HelmHook":              {"it runs before everything", annotated("helm.sh/hook: pre-install"), false, two},
		"TrackingID":            {"it belongs to another Application", annotated("argocd.argoproj.io/tracking-id: 'x:/ConfigMap:y/z'"), false, two},
		"IgnoreHealth":          {"nobody waits for it", annotated("argocd.argoproj.io/ignore-healthcheck: 'true'"), false, two},
		"Deadline":              {"nobody waits less for it", annotated("gatorcloud.io/progress-deadline: '999999'"), false, two},
		"Replace":               {"it is deleted and made again", annotated("argocd.argoproj.io/sync-options: 'Force=true,Replace=true'"), false, two},
		"Keep":                  {"it outlives its tenant", annotated("argocd.argoproj.io/sync-options: Prune=false"), false, two},
	}
}

// Each attack is made, and every layer says for itself whether it lets it pass.
func TestAttacks(t *testing.T) {
	admits := compile(t, install+"/admission/tenants/policy.yaml")
	all := applied(t)
	for name, a := range attacks() {
		t.Run(name, func(t *testing.T) {
			var got []string
			if stoppedByProof(t, a) {
				got = append(got, author)
			}
			if stoppedByPlugin(t, a) {
				got = append(got, resealed)
			}
			if stoppedByProject(t, all, a) {
				got = append(got, project)
			}
			if stoppedByAdmission(t, admits, a) {
				got = append(got, admission)
			}
			if !slices.Equal(got, a.want) {
				t.Errorf("%s: stopped by %q, want %q", a.reason, got, a.want)
			}
		})
	}
}

// in returns the object as it stands in a namespace.
func (a attack) in(namespace string) string {
	return strings.ReplaceAll(a.object, "NAMESPACE", namespace)
}

// stoppedByProof publishes a version that has the object and nothing else but a
// Role and an account.
func stoppedByProof(t *testing.T, a attack) bool {
	t.Helper()
	dir, head := "products/x/1/", "kind: Product\nname: x\nversion: \"1\"\n"
	file := "product.yaml"
	if a.shared {
		dir, head, file = "shared/x/1/", "kind: SharedComponent\nsharing: environment\nname: x\nversion: \"1\"\n", "component.yaml"
	}
	try := func(object string) error {
		c, err := catalog.LoadUnlocked(fstest.MapFS{
			dir + file: {Data: []byte("apiVersion: sluice.gatorcloud.io/v1\n" + head + "components: [{name: store}]\nallowTags: true\nimages: [{name: registry.example.com/a, newTag: \"1\"}]\n")},
			dir + "components/store/kustomization.yaml": {Data: []byte("resources: [own.yaml, more.yaml]\n")},
			dir + "components/store/own.yaml":           {Data: []byte("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: x}\n---\n" + strings.Replace(workload(container("")), "name: x", "name: y", 1))},
			dir + "components/store/more.yaml":          {Data: []byte(object)},
		})
		if err != nil {
			t.Fatal(err)
		}
		b, err := base.Build(t.Context(), c.All()[0])
		if err != nil {
			return err
		}
		return b.Prove(t.Context())
	}
	if err := try(object("v1", "Secret", "", "")); err != nil {
		t.Fatalf("Prove() without the attack = %v", err)
	}
	return try(a.in(own)) != nil
}

// stoppedByPlugin seals an overlay that has the object.
func stoppedByPlugin(t *testing.T, a attack) bool {
	t.Helper()
	o, r := plugintest.Product(), plugin.Request{Grants: plugin.Grants{"swg": ident.Must[ident.VersionKind]("202")}}
	if a.shared {
		o, r = plugintest.EnvironmentShared("license", "2"), plugin.Request{Grants: plugin.Grants{"license": ident.Must[ident.VersionKind]("2")}}
	}
	label := func(text, component string) string {
		return strings.Replace(text, "metadata: {name:", "metadata: {labels: {gatorcloud.io/component: "+component+"}, name:", 1)
	}
	component := "store"
	if a.shared {
		component = "db"
	}
	text := a.in(o.Descriptor.Namespace)
	if strings.Count(text, "labels: {") > 0 && strings.Contains(text, ", labels: {") { // of its own: one mapping
		text = strings.Replace(text, "labels: {", "labels: {gatorcloud.io/component: "+component+", ", 1)
	} else {
		text = label(text, component)
	}
	o = o.With(map[string]string{"workloads/kustomization.yaml": o.Base["workloads/kustomization.yaml"] + "- attack.yaml\n", "workloads/attack.yaml": text})
	r.Dir = o.Dir()
	got, err := plugin.New(overlay.New(overlay.Options{})).Generate(t.Context(), r)
	if err == nil { // the overlay's own kustomization, which is compared, moves what is beside others' things
		elsewhere := parsedObject(t, text).GetNamespace()
		return elsewhere != "" && !strings.Contains(string(got.Stream()), "namespace: "+elsewhere+"\n")
	}
	switch plugin.ReasonOf(err) {
	case plugin.ReasonNamespace, plugin.ReasonAuthority:
		return true
	}
	t.Fatalf("refused for another reason: %v", err)
	return false
}

// stoppedByProject asks Argo CD whether the Application's project permits the object.
func stoppedByProject(t *testing.T, all map[string]v1alpha1.AppProject, a attack) bool {
	t.Helper()
	p, namespace := all["pop-sha1-tenants"], own
	if a.shared {
		p, namespace = all["pop-sha1-shared"], "pop-sha1-shared"
	}
	o := parsedObject(t, a.in(namespace))
	gk := o.GroupVersionKind().GroupKind()
	if manifest.ClusterScoped(gk.Group, gk.Kind) { // Argo CD asks the cluster, and clears the namespace
		return !p.IsGroupKindPermitted(gk, false)
	}
	if o.GetNamespace() != "" {
		namespace = o.GetNamespace()
	}
	permitted, err := p.IsResourcePermitted(gk, namespace, v1alpha1.ApplicationDestination{Name: "in-cluster", Server: "x", Namespace: namespace}, nil)
	return err != nil || !permitted
}

// stoppedByAdmission asks the API server's own code, in a namespace without a
// declared pod security standard.
func stoppedByAdmission(t *testing.T, admits policy, a attack) bool {
	t.Helper()
	if a.shared {
		return false
	}
	o := parsedObject(t, a.in(own))
	o.SetNamespace(own)
	switch o.GetKind() {
	case "RoleBinding", "Role", "NetworkPolicy", "Service", "ApisixGlobalRule": // those that the policy matches
		return admits.refuses(t, change{}, o, nil) != ""
	case "Deployment":
		text, err := o.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		s, err := shape.Decode(text)
		if err != nil {
			t.Fatal(err)
		}
		said, err := shape.Security(s, catalog.Restricted)
		return err != nil || said != ""
	}
	return false
}

// account is the product's own.
const account = "{kind: ServiceAccount, name: x}"

// applied are the projects of the fixture's environment.
func applied(t *testing.T) map[string]v1alpha1.AppProject {
	t.Helper()
	all := map[string]v1alpha1.AppProject{}
	for doc := range strings.SplitSeq(string(manifest.Projects(plugintest.Place(), "tenant-")), "---\n") {
		var p v1alpha1.AppProject
		decoded(t, []byte(doc), &p)
		all[p.Name] = p
	}
	return all
}

package policy_test

import (
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/policy"
)

// What plugin/conformance attacks with is refused there by every layer; here is
// what stands beside it: what is admitted, and the ends of the rules. The plugin
// asks Check only about what Concerns reports.
func TestCheck(t *testing.T) {
	const rbac = "apiVersion: rbac.authorization.k8s.io/v1\nkind: "
	tenant, shared := policy.Place{Namespace: "tenant-1"}, policy.Place{Namespace: "local-shared", Shared: true}
	for name, tc := range map[string]struct {
		reason string
		place  policy.Place
		object string
		want   string // words of the one refusal
	}{
		"Role":            {"named rights", tenant, rbac + "Role\nmetadata:\n  name: x\nrules:\n- apiGroups: [\"\"]\n  resources: [secrets]\n  verbs: [get, create]\n", ""},
		"Subresource":     {"all below a kind", tenant, rbac + "Role\nmetadata:\n  name: x\nrules:\n- apiGroups: [\"\"]\n  resources: [pods/*]\n  verbs: [get]\n", `resources "pods/*"`},
		"OwnAccount":      {"as kustomize completes it", tenant, rbac + "RoleBinding\nmetadata:\n  name: x\nroleRef: {kind: Role, name: x}\nsubjects:\n- {kind: ServiceAccount, name: x, namespace: tenant-1}\n", ""},
		"User":            {"a person", tenant, rbac + "RoleBinding\nmetadata:\n  name: x\nroleRef: {kind: Role, name: x}\nsubjects:\n- {kind: User, name: ann}\n", "subject User ann"},
		"SharedOwn":       {"a shared part's own cluster role", shared, rbac + "ClusterRoleBinding\nmetadata:\n  name: x\nroleRef: {kind: ClusterRole, name: license}\nsubjects:\n- {kind: ServiceAccount, name: x, namespace: local-shared}\n", ""},
		"SharedView":      {"everything of everybody, to read", shared, rbac + "ClusterRoleBinding\nmetadata:\n  name: x\nroleRef: {kind: ClusterRole, name: view}\n", "view"},
		"SharedSystem":    {"a role of Kubernetes' own", shared, rbac + "ClusterRoleBinding\nmetadata:\n  name: x\nroleRef: {kind: ClusterRole, name: 'system:node'}\n", "system:node"},
		"Aggregation":     {"rights of later roles", shared, rbac + "ClusterRole\nmetadata:\n  name: x\naggregationRule: {}\n", "aggregationRule"},
		"Urls":            {"every URL", shared, rbac + "ClusterRole\nmetadata:\n  name: x\nrules:\n- nonResourceURLs: [\"*\"]\n  verbs: [get]\n", "nonResourceURLs"},
		"OwnDefinition":   {"a kind of its own", shared, "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: x\nspec:\n  group: license.gatorcloud.io\n", ""},
		"Core":            {"a kind in a group of Kubernetes", shared, "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: x\nspec:\n  group: gateway.networking.k8s.io\n", "belongs to others"},
		"Closed":          {"a policy that closes", tenant, "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: x\nspec:\n  podSelector: {}\n  policyTypes: [Ingress, Egress]\n", ""},
		"Names":           {"everybody may ask for names", tenant, "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: x\nspec:\n  podSelector: {}\n  egress:\n  - ports: [{port: 53}]\n", ""},
		"Hole":            {"some pods reach everything", tenant, "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: x\nspec:\n  podSelector: {matchLabels: {a: b}}\n  egress: [{}]\n", ""},
		"OpenOut":         {"all pods reach everything", tenant, "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: x\nspec:\n  podSelector: {}\n  egress:\n  - {}\n", "egress is open"},
		"OwnMarks":        {"what the renderer writes", tenant, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  annotations:\n    argocd.argoproj.io/sync-wave: \"1\"\n    gatorcloud.io/provides: Secret/x\n  labels:\n    gatorcloud.io/product: swg\n    gatorcloud.io/tenant: \"1\"\n", ""},
		"OtherMark":       {"a mark of another tree", tenant, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  labels:\n    gatorcloud.io/ring: main\n", `label "gatorcloud.io/ring"`},
		"Deadline":        {"an hour for something slow", tenant, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  annotations:\n    gatorcloud.io/progress-deadline: \"3600\"\n", ""},
		"Kept":            {"data that outlives its tenant", tenant, "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: x\n  annotations:\n    argocd.argoproj.io/sync-options: Delete=false,Prune=false\n    argocd.argoproj.io/compare-options: IgnoreExtraneous\n", ""},
		"KeptByServer":    {"options that change nothing of what stays", tenant, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  annotations:\n    argocd.argoproj.io/sync-options: ServerSideApply=true, PruneLast=true\n", ""},
		"ForcedClaim":     {"a claim that is made again", tenant, "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: x\n  annotations:\n    argocd.argoproj.io/sync-options: Replace=true\n", "Replace=true"},
		"OwnPriority":     {"a class of one's own", tenant, "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: x\nspec:\n  template:\n    spec:\n      priorityClassName: swg\n", ""},
		"ClusterPriority": {"the cluster's own", tenant, "apiVersion: db.example.com/v1\nkind: Cluster\nmetadata:\n  name: x\nspec:\n  pods:\n    priorityClassName: system-cluster-critical\n", "priorityClassName"},
	} {
		t.Run(name, func(t *testing.T) {
			var fields map[string]any
			if err := yaml.Unmarshal([]byte(tc.object), &fields); err != nil {
				t.Fatal(err)
			}
			got := policy.Check(fields, tc.place)
			if tc.want == "" && len(got) > 0 || tc.want != "" && (len(got) != 1 || !strings.Contains(got[0].Error(), tc.want) || fault.HintOf(got[0]) == "") {
				t.Errorf("%s: Check() = %v, want %q with a hint", tc.reason, got, tc.want)
			}
			apiVersion, _ := fields["apiVersion"].(string)
			group, _, found := strings.Cut(apiVersion, "/")
			if !found {
				group = ""
			}
			if kind, _ := fields["kind"].(string); len(got) > 0 && !policy.Concerns(group, kind, []byte(tc.object)) {
				t.Errorf("%s: Concerns() = false of what Check refuses", tc.reason)
			}
		})
	}
}

// What nearly every object is needs no second look.
func TestConcernsFew(t *testing.T) {
	const plain = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  annotations:\n    argocd.argoproj.io/sync-wave: \"1\"\n  labels:\n    gatorcloud.io/component: gateway\n  name: x\n"
	if policy.Concerns("apps", "Deployment", []byte(plain)) {
		t.Error("Concerns() of a plain Deployment = true, want false")
	}
}

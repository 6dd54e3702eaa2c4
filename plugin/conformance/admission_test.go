package conformance_test

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	apiadmission "k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	apiservercel "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/cel/environment"
	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/plugin/plugintest"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// install is the folder of what an administrator applies.
const install = "../install"

// policy is an admission policy, compiled by the API server's own code.
type policy struct {
	validating.Validator
	rules  []admissionregistrationv1.NamedRuleWithOperations
	params []runtime.Object // evaluated with each; one that is nil without any
}

// decoded returns a document of a YAML stream.
func decoded(t *testing.T, doc []byte, into any) {
	t.Helper()
	if err := yaml.UnmarshalStrict(doc, into); err != nil {
		t.Fatalf("%v in\n%s", err, doc)
	}
}

// compile reads the policy of a file, with each error of an expression.
func compile(t *testing.T, file string, params ...runtime.Object) policy {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var p admissionregistrationv1.ValidatingAdmissionPolicy
	decoded(t, bytes.Split(data, []byte("\n---\n"))[0], &p)
	var binding admissionregistrationv1.ValidatingAdmissionPolicyBinding
	decoded(t, bytes.Split(data, []byte("\n---\n"))[1], &binding)
	if binding.Spec.PolicyName != p.Name || len(binding.Spec.ValidationActions) != 1 || binding.Spec.ValidationActions[0] != admissionregistrationv1.Deny {
		t.Errorf("%s: the binding %+v does not deny what policy %q refuses", file, binding.Spec, p.Name)
	}
	compiler, err := cel.NewCompositedCompiler(environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion(), true))
	if err != nil {
		t.Fatal(err)
	}
	options := cel.OptionalVariableDeclarations{HasParams: p.Spec.ParamKind != nil, StrictCost: true}
	var variables []cel.NamedExpressionAccessor
	for _, v := range p.Spec.Variables {
		variables = append(variables, &validating.Variable{Name: v.Name, Expression: v.Expression})
	}
	compiler.CompileAndStoreVariables(variables, options, environment.StoredExpressions)
	var conditions, validations, messages []cel.ExpressionAccessor
	for _, m := range p.Spec.MatchConditions {
		conditions = append(conditions, &matchconditions.MatchCondition{Name: m.Name, Expression: m.Expression})
	}
	for _, v := range p.Spec.Validations {
		validations = append(validations, &validating.ValidationCondition{Expression: v.Expression, Message: v.Message})
		if v.MessageExpression != "" {
			messages = append(messages, &validating.MessageExpressionCondition{MessageExpression: v.MessageExpression})
		} else {
			messages = append(messages, nil)
		}
	}
	for _, e := range slices.Concat(conditions, validations, messages) {
		if e == nil {
			continue
		}
		if r := compiler.CompileCELExpression(e, options, environment.StoredExpressions); r.Error != nil {
			t.Fatalf("%s: %v", file, r.Error)
		}
	}
	var matcher matchconditions.Matcher
	if len(conditions) > 0 {
		matcher = matchconditions.NewMatcher(compiler.CompileCondition(conditions, options, environment.StoredExpressions), p.Spec.FailurePolicy, "policy", "validate", p.Name)
	}
	if len(params) == 0 {
		params = []runtime.Object{nil}
	}
	none := compiler.CompileCondition(nil, options, environment.StoredExpressions)
	return policy{validating.NewValidator(compiler.CompileCondition(validations, options, environment.StoredExpressions), matcher, none,
		compiler.CompileCondition(messages, options, environment.StoredExpressions), p.Spec.FailurePolicy), p.Spec.MatchConstraints.ResourceRules, params}
}

// matches reports whether the API server asks the policy about objects of a kind.
func (p policy) matches(o *unstructured.Unstructured) bool {
	kind := o.GroupVersionKind()
	named := func(list []string, name string) bool {
		return slices.Contains(list, "*") || slices.Contains(list, name)
	}
	return slices.ContainsFunc(p.rules, func(r admissionregistrationv1.NamedRuleWithOperations) bool {
		return named(r.APIGroups, kind.Group) && named(r.Resources, strings.ToLower(kind.Kind)+"s")
	})
}

// groups is what an administrator lets Argo CD define.
func groups(t *testing.T) runtime.Object {
	t.Helper()
	data, err := os.ReadFile(install + "/admission/definitions/groups.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return parsedObject(t, string(data))
}

// change is one request to the API server.
type change struct {
	who      string // a name of a user; Argo CD when empty
	was, now string // YAML; no was is a creation
}

// refusal returns why the policy denies a change; it is empty when it admits it.
func (p policy) refusal(t *testing.T, c change) string {
	t.Helper()
	var was *unstructured.Unstructured
	if c.was != "" {
		was = parsedObject(t, c.was)
	}
	return p.refuses(t, c, parsedObject(t, c.now), was)
}

// refuses is refusal with the objects themselves.
func (p policy) refuses(t *testing.T, c change, now, before *unstructured.Unstructured) string {
	t.Helper()
	kind := now.GroupVersionKind()
	resource := schema.GroupVersionResource{Group: kind.Group, Version: kind.Version, Resource: strings.ToLower(kind.Kind) + "s"}
	operation, was := apiadmission.Create, runtime.Object(nil)
	if before != nil {
		operation, was = apiadmission.Update, before
	}
	who := c.who
	if who == "" {
		who = "system:serviceaccount:argocd:argocd-application-controller"
	}
	a := apiadmission.NewAttributesRecord(now, was, kind, now.GetNamespace(), now.GetName(), resource, "", operation, nil, false, &user.DefaultInfo{Name: who})
	versioned := &apiadmission.VersionedAttributes{Attributes: a, VersionedObject: now, VersionedOldObject: was, VersionedKind: kind}
	for _, param := range p.params {
		result := p.Validate(t.Context(), resource, versioned, param, namespaced(now.GetNamespace()), apiservercel.RuntimeCELCostBudget, nil)
		for _, d := range result.Decisions {
			if d.Action == validating.ActionDeny {
				return d.Message
			}
		}
	}
	return ""
}

// namespaced returns a namespace of the fixture's environment as it is in a cluster.
func namespaced(name string) *corev1.Namespace {
	n := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if tenant, found := strings.CutPrefix(name, "tenant-"); found {
		n.Labels = map[string]string{manifest.LabelTenant: tenant}
		n.Annotations = map[string]string{manifest.AnnotationCode: "c5cb27eb", manifest.AnnotationDomain: "sha1.example.com"}
	}
	return n
}

func parsedObject(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{}
	decoded(t, []byte(text), &o.Object)
	return o
}

// fleetProject is what an administrator applies for the fixture's environment.
func fleetProject(t *testing.T) runtime.Object {
	t.Helper()
	first, _, _ := strings.Cut(string(manifest.Projects(plugintest.Place(), bounds())), "---\n")
	return parsedObject(t, first)
}

// decision is a change and what is to come of it: words of the refusal, or
// none for what is admitted.
type decision struct {
	reason string
	change change
	want   string
}

func decide(t *testing.T, p policy, all map[string]decision) {
	t.Helper()
	for name, d := range all {
		t.Run(name, func(t *testing.T) {
			got := p.refusal(t, d.change)
			if (got == "") != (d.want == "") || !strings.Contains(got, d.want) {
				t.Errorf("%s: refused with %q, want %q", d.reason, got, d.want)
			}
		})
	}
}

// replaced replaces one text of a document, which must have it.
func replaced(t *testing.T, doc, old, text string) string {
	t.Helper()
	if !strings.Contains(doc, old) {
		t.Fatalf("no %q in\n%s", old, doc)
	}
	return strings.ReplaceAll(doc, old, text)
}

// application returns an Application of a level as sluice writes it.
func application(level string) string {
	place := plugintest.Place()
	a := manifest.Application{Name: "pop-sha1-1000006", Place: place, Level: level, Local: true, Path: plugintest.Path("1000006") + "/base",
		Labels: map[string]string{manifest.LabelTenant: "1000006"}}
	switch level {
	case "ring":
		a.Name, a.Path, a.Labels = "pop-sha1-main-01", "environments/pop-sha1/rings/main-01", nil
	case "product":
		a.Name, a.Local, a.Project, a.Namespace = "pop-sha1-1000006-swg", false, place.TenantsProject(), plugintest.Namespace
		a.Path, a.Labels[manifest.LabelProduct] = plugintest.Path("1000006")+"/swg/202", "swg"
	case "shared":
		a.Name, a.Local, a.Project, a.Namespace = "pop-sha1-shared-license", false, place.SharedProject(), "pop-sha1-shared"
		a.Path, a.Labels = "environments/pop-sha1/shared/license/2", map[string]string{manifest.LabelComponent: "license"}
	}
	return string(a.Encode())
}

func TestAdmissionOfApplications(t *testing.T) {
	fleet, err := os.ReadFile(install + "/example/fleet.yaml")
	if err != nil {
		t.Fatal(err)
	}
	top := replaced(t, string(fleet), "https://gitlab.gatorcloud.example/platform/fleet.git", plugintest.Repository)
	p := compile(t, install+"/admission/applications.yaml", fleetProject(t))
	product, ring := application("product"), application("ring")
	edit := func(doc, old, text string) change { return change{now: replaced(t, doc, old, text)} }
	const foreign = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: x, namespace: argocd%s}\nspec: {project: platform, source: {repoURL: https://git.example.com/evil.git}}\n"
	decide(t, p, map[string]decision{
		"Fleet":   {"the example", change{now: top}, ""},
		"Ring":    {"as rendered", change{now: ring}, ""},
		"Tenant":  {"as generated", change{now: application("tenant")}, ""},
		"Product": {"as generated", change{now: product}, ""},
		"Shared":  {"as rendered", change{now: application("shared")}, ""},
		"Others":  {"another team's", change{now: strings.ReplaceAll(foreign, "%s", "")}, ""},
		"Status":  {"Argo CD writes its status whatever the rest is", change{was: strings.ReplaceAll(foreign, "%s", ", labels: {gatorcloud.io/environment: pop-sha1}"), now: strings.ReplaceAll(foreign, "%s", ", labels: {gatorcloud.io/environment: pop-sha1}") + "status: {a: b}\n"}, ""},

		"OtherProject":    {"a product with the rights of shared parts", edit(product, `"pop-sha1-tenants"`, `"pop-sha1-shared"`), `project "pop-sha1-shared" is not "pop-sha1-tenants"`},
		"DefaultProject":  {"the project without limits", edit(product, `"pop-sha1-tenants"`, `default`), `project "default"`},
		"OtherRepository": {"a repository of the attacker's", edit(ring, plugintest.Repository, "https://git.example.com/evil.git"), "source"},
		"OtherBranch":     {"a branch that nobody protects", edit(ring, `targetRevision: "main"`, `targetRevision: "evil"`), "source"},
		"OtherFolder":     {"a folder of another environment", edit(ring, "environments/pop-sha1/rings", "environments/pop-2/rings"), "source"},
		"NoPlugin":        {"plain YAML passes no check", edit(ring, "    plugin:\n", "    helm:\n"), "source"},
		"OtherNamespace":  {"another tenant's namespace", edit(product, "namespace: \"tenant-1000006\"", "namespace: \"tenant-1000007\""), `"tenant-1000006"`},
		"OtherLevel":      {"a product that calls itself a ring", edit(product, `level: "product"`, `level: "ring"`), "project"},
		"NoLevel":         {"no level", edit(product, `level: "product"`, `level: ""`), "project"},
		"OtherName":       {"another tenant's product", edit(product, "pop-sha1-1000006-swg", "pop-sha1-1000007-swg"), "name"},
		"Unlabelled":      {"without labels, but written by the fleet", change{now: strings.ReplaceAll(foreign, "%s", ", annotations: {argocd.argoproj.io/tracking-id: 'pop-sha1:argoproj.io/Application:argocd/x'}")}, `label gatorcloud.io/environment`},
		"ByLabel":         {"the same where Argo CD tracks by label", change{now: strings.ReplaceAll(foreign, "%s", ", labels: {app.kubernetes.io/instance: pop-sha1-main-01}")}, `label gatorcloud.io/environment`},
		"Spoofed":         {"a tracking id of another's, where Argo CD tracks by label", change{now: strings.ReplaceAll(foreign, "%s", ", annotations: {argocd.argoproj.io/tracking-id: 'platform:x'}, labels: {app.kubernetes.io/instance: pop-sha1}")}, `label gatorcloud.io/environment`},
		"OtherPlugin":     {"a plugin that checks nothing", edit(ring, `name: "sluice"`, `name: "other"`), "source"},
		"Upwards":         {"a folder beside the environment's", edit(ring, "environments/pop-sha1/rings/", "environments/pop-sha1/../x/"), "source"},
		"Hydrated":        {"a source that goes before the source", change{now: product + "  sourceHydrator: {drySource: {repoURL: x, targetRevision: evil, path: x}, syncSource: {targetBranch: evil, path: x}}\n"}, "source"},
		"Operation":       {"a start by hand", change{now: product + "operation: {sync: {}}\n"}, ""},
		"Manifests":       {"objects that no plugin has seen", change{now: product + "operation: {sync: {manifests: ['{}']}}\n"}, "no manifests"},
		"OperationSource": {"a source for once", change{now: product + "operation: {sync: {source: {repoURL: x, path: x}}}\n"}, "no manifests"},
		"OperationLater":  {"the same of one that is there", change{was: product, now: product + "operation: {sync: {manifests: ['{}']}}\n"}, "no manifests"},
		"NamespaceLabels": {"another standard for the tenant's pods", edit(product, "  syncPolicy:\n", "  syncPolicy:\n    managedNamespaceMetadata: {labels: {pod-security.kubernetes.io/enforce: privileged}}\n"), "pod security standard"},
		"Later":           {"a change of one that was in order", change{was: product, now: replaced(t, product, `"pop-sha1-tenants"`, `default`)}, `project "default"`},
	})
}

func TestAdmissionOfTheRenderer(t *testing.T) {
	p := compile(t, install+"/admission/renderer.yaml")
	const who = "system:serviceaccount:sluice:sluice-run"
	was := application("ring")
	edit := func(old, text string) change { return change{who: who, was: was, now: replaced(t, was, old, text)} }
	const paths = `    argocd.argoproj.io/manifest-generate-paths: "."` + "\n"
	decide(t, p, map[string]decision{
		"Refresh":   {"what it is for", edit(paths, paths+"    argocd.argoproj.io/refresh: normal\n"), ""},
		"Operation": {"starting again", change{who: who, was: was, now: was + "operation: {sync: {}}\n"}, ""},
		"Others":    {"a person may", change{who: "ann", was: was, now: replaced(t, was, `"main"`, `"evil"`)}, ""},
		"Source":    {"where an Application reads", edit(`"main"`, `"evil"`), "no other field"},
		"Label":     {"which level it is", edit(`level: "ring"`, `level: "fleet"`), "no other field"},
		"Finalizer": {"what becomes of its objects", edit("  finalizers:\n  - resources-finalizer.argocd.argoproj.io\n", ""), "no other field"},
		"Status":    {"what became of it", change{who: who, was: was, now: was + "status: {health: {status: Healthy}}\n"}, "no other field"},
		"Approve":   {"a gate that a person opens", edit(paths, paths+"    gatorcloud.io/approved: x\n"), "no annotation"},
		"Remove":    {"an annotation of Argo CD's", edit(paths, ""), "no annotation"},
		"Create":    {"an Application of its own", change{who: who, now: was}, "nothing else"},
	})
}

func TestAdmissionBesideArgoCD(t *testing.T) {
	p := compile(t, install+"/admission/beside.yaml", fleetProject(t))
	written := func(kind, metadata string) change {
		return change{now: "apiVersion: v1\nkind: " + kind + "\nmetadata: {name: x, namespace: argocd" + metadata + "}\n"}
	}
	tracked := func(parent string) string {
		return ", annotations: {argocd.argoproj.io/tracking-id: '" + parent + ":/ConfigMap:argocd/x'}"
	}
	empty := written("ConfigMap", tracked("pop-sha1-canary"))
	empty.now = replaced(t, empty.now, "name: x", "name: pop-sha1-canary-empty")
	person := written("Secret", ", labels: {app.kubernetes.io/instance: pop-sha1-argocd}")
	person.who = "ann"
	tenant, _ := strings.CutPrefix(application("tenant"), "---\n")
	decide(t, p, map[string]decision{
		"Application":  {"a tenant, which the other policy judges", change{now: tenant}, ""},
		"Empty":        {"what a slice without tenants consists of", empty, ""},
		"Installation": {"people name their installation as they like", person, ""},
		"Others":       {"an Application of another team", written("Secret", tracked("platform")), ""},
		"Untracked":    {"Argo CD's own Secret", written("Secret", ""), ""},
		"Settings":     {"who may do what in Argo CD", written("ConfigMap", tracked("pop-sha1-1000006")), "no ConfigMap"},
		"ByLabel":      {"the same where Argo CD tracks by label", written("Secret", ", labels: {app.kubernetes.io/instance: pop-sha1-1000006}"), "no Secret"},
		"Fleet":        {"the fleet's own", written("Secret", tracked("pop-sha1")), "no Secret"},
		"Spoofed":      {"a tracking id of another's, where Argo CD tracks by label", written("Secret", tracked("platform")+", labels: {app.kubernetes.io/instance: pop-sha1}"), "no Secret"},
		"Later":        {"a change of what is there", change{was: written("Secret", "").now, now: written("Secret", tracked("pop-sha1-1000006")).now}, "no Secret"},
	})
}

func TestAdmissionWithoutNamespace(t *testing.T) {
	p := compile(t, install+"/admission/cluster.yaml", fleetProject(t))
	written := func(apiVersion, kind, name, parent string) change {
		return change{now: "apiVersion: " + apiVersion + "\nkind: " + kind + "\nmetadata: {name: " + name + ", annotations: {argocd.argoproj.io/tracking-id: '" + parent + ":x'}}\n"}
	}
	const rbac = "rbac.authorization.k8s.io/v1"
	person := written(rbac, "ClusterRole", "x", "pop-sha1")
	person.who = "ann"
	namespace := func(labels string) change {
		c := written("v1", "Namespace", plugintest.Namespace, "pop-sha1-1000006")
		c.now = replaced(t, c.now, "annotations:", "labels: {"+labels+"}, annotations:")
		return c
	}
	const known = "gatorcloud.io/tenant: '1000006', pod-security.kubernetes.io/enforce: restricted"
	labelled := change{now: "apiVersion: v1\nkind: Namespace\nmetadata: {name: x, labels: {app.kubernetes.io/instance: pop-sha1-1000006}}\n"}
	decide(t, p, map[string]decision{
		"Namespace":   {"a tenant's own", namespace(known), ""},
		"Unknown":     {"one that admission does not know as a tenant's", namespace("pod-security.kubernetes.io/enforce: restricted"), "tenant's label"},
		"Another":     {"one that says it is another's", namespace(strings.ReplaceAll(known, "1000006", "1000007")), "tenant's label"},
		"Unsafe":      {"no standard for its pods", namespace("gatorcloud.io/tenant: '1000006'"), "pod security"},
		"Entrance":    {"all tenants let it in", namespace(known + ", gatorcloud.io/entrance: 'true'"), "no entrance"},
		"Shared":      {"that of the shared parts", written("v1", "Namespace", "pop-sha1-shared", "pop-sha1-shared-license"), ""},
		"SharedRole":  {"a shared part's role", written(rbac, "ClusterRole", "license", "pop-sha1-shared-license"), ""},
		"Others":      {"another team's", written(rbac, "ClusterRole", "x", "platform"), ""},
		"Person":      {"an administrator's", person, ""},
		"Fleet":       {"the fleet's", written(rbac, "ClusterRoleBinding", "x", "pop-sha1"), "writes no ClusterRoleBinding"},
		"Ring":        {"a ring's", written("v1", "Namespace", "kube-system", "pop-sha1-canary"), "writes no Namespace"},
		"Role":        {"a tenant's", written(rbac, "ClusterRole", "x", "pop-sha1-1000006"), "writes no ClusterRole"},
		"Product":     {"a product's, of its tenant's namespace", written("v1", "Namespace", plugintest.Namespace, "pop-sha1-1000006-swg"), "writes no Namespace"},
		"OtherTenant": {"another's", written("v1", "Namespace", "tenant-1000007", "pop-sha1-1000006"), `writes no Namespace "tenant-1000007"`},
		"SharedHook":  {"a webhook of a shared part", written("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "x", "pop-sha1-shared-license"), "writes no Validating"},
		"SharedOther": {"a tenant's namespace from a shared part", written("v1", "Namespace", plugintest.Namespace, "pop-sha1-shared-license"), "writes no Namespace"},
		"ByLabel":     {"the same where Argo CD tracks by label", labelled, "writes no Namespace"},
	})
}

// noted gives the object an annotation.
func (c change) noted(note string) change {
	c.now = strings.Replace(c.now, "metadata: {name: x", "metadata: {annotations: {"+note+"}, name: x", 1)
	return c
}

// Where a namespace does not say yet what its tenant's hosts are made of, a host is
// all that is asked for.
func TestAdmissionOfTenantsOfBefore(t *testing.T) {
	p := compile(t, install+"/admission/tenants/policy.yaml")
	const route = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: x, namespace: before}\nspec: {hostnames: [%s]}\n"
	decide(t, p, map[string]decision{
		"Any":  {"a host", change{now: strings.ReplaceAll(route, "%s", "x.example.com")}, ""},
		"None": {"no host", change{now: strings.ReplaceAll(route, "%s", "")}, "without a host"},
	})
}

// What Argo CD may define is listed, since it says of no definition whose it is.
func TestAdmissionOfDefinitions(t *testing.T) {
	p := compile(t, install+"/admission/definitions/policy.yaml", groups(t))
	written := func(group string) change {
		return change{now: "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x}\nspec: {group: " + group + "}\n"}
	}
	person := written("cert-manager.io")
	person.who = "ann"
	decide(t, p, map[string]decision{
		"Listed": {"a group", written("gatorcloud.io"), ""},
		"Below":  {"one below it", written("license.gatorcloud.io"), ""},
		"Person": {"an administrator's", person, ""},
		"Others": {"the kinds of an operator", written("cert-manager.io"), `no kinds of group "cert-manager.io"`},
		"Alike":  {"a group that ends alike", written("evilgatorcloud.io"), "no kinds of group"},
		"Later":  {"a change of what is there", change{was: written("cert-manager.io").now, now: written("cert-manager.io").now}, "no kinds of group"},
	})
}

// Two environments of which one's name begins with the other's would refuse each
// other's Applications: the later one's projects are refused, with the reason.
func TestAdmissionOfEnvironments(t *testing.T) {
	p := compile(t, install+"/admission/environments.yaml", fleetProject(t))
	project := func(env, name string) change {
		return change{who: "ann", now: "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: " + name + ", namespace: argocd, labels: {gatorcloud.io/environment: " + env + "}}\n"}
	}
	decide(t, p, map[string]decision{
		"Own":     {"it is written anew", project("pop-sha1", "pop-sha1-fleet"), ""},
		"OwnPart": {"its other projects", project("pop-sha1", "pop-sha1-tenants"), ""},
		"Other":   {"one that begins alike, without a dash", project("pop-sha10", "pop-sha10-fleet"), ""},
		"None":    {"a project of others", change{now: "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: pop-sha1-x, namespace: argocd}\n"}, ""},
		"Longer":  {"pop-sha1-1000006 could be its fleet", project("pop-sha1-x", "pop-sha1-x-fleet"), `environment "pop-sha1-x" and environment "pop-sha1"`},
		"Shorter": {"the other way around", project("pop", "pop-fleet"), "begin alike"},
		"Twice":   {"the same environment of another repository", project("pop-sha1", "other-fleet"), "already"},
	})
}

func TestAdmissionOfTenants(t *testing.T) {
	p := compile(t, install+"/admission/tenants/policy.yaml")
	written := func(apiVersion, kind, rest string) change {
		return change{now: "apiVersion: " + apiVersion + "\nkind: " + kind + "\nmetadata: {name: x, namespace: tenant-1000006}\n" + rest}
	}
	binding := func(role, subject string) change {
		return written("rbac.authorization.k8s.io/v1", "RoleBinding", "roleRef: "+role+"\nsubjects: ["+subject+"]\n")
	}
	const own, account = "{apiGroup: rbac.authorization.k8s.io, kind: Role, name: x}", "{kind: ServiceAccount, name: x, namespace: tenant-1000006}"
	role := func(rule string) change {
		return written("rbac.authorization.k8s.io/v1", "Role", "rules: ["+rule+"]\n")
	}
	network := func(spec string) change {
		return written("networking.k8s.io/v1", "NetworkPolicy", "spec: "+spec+"\n")
	}
	decide(t, p, map[string]decision{
		"Own":          {"its own Role for its own account", binding(own, account), ""},
		"View":         {"the one cluster role", binding("{kind: ClusterRole, name: view}", account), ""},
		"ClusterAdmin": {"rights that the tenant has not", binding("{kind: ClusterRole, name: cluster-admin}", account), `ClusterRole "cluster-admin"`},
		"Group":        {"everybody", binding(own, "{kind: Group, name: 'system:authenticated'}"), "subjects"},
		"OtherAccount": {"an account of another tenant", binding(own, "{kind: ServiceAccount, name: x, namespace: tenant-1000007}"), "subjects"},
		"Role":         {"named rights", role("{apiGroups: [''], resources: [secrets], verbs: [get, create]}"), ""},
		"RoleAll":      {"all rights", role("{apiGroups: [''], resources: ['*'], verbs: [get]}"), "names its verbs"},
		"RoleEscalate": {"rights that it gives itself", role("{apiGroups: [rbac.authorization.k8s.io], resources: [roles], verbs: [escalate]}"), "escalates"},
		"Service":      {"a Service", written("v1", "Service", "spec: {ports: [{port: 80}]}\n"), ""},
		"ExternalIPs":  {"an address of others", written("v1", "Service", "spec: {externalIPs: [10.0.0.1]}\n"), "externalIPs"},
		"DenyAll":      {"closes", network("{podSelector: {}, policyTypes: [Ingress, Egress]}"), ""},
		"One":          {"a hole for some pods", network("{podSelector: {matchLabels: {a: b}}, egress: [{}]}"), ""},
		"Dns":          {"names for all", network("{podSelector: {}, egress: [{ports: [{port: 53}]}]}"), ""},
		"AllowAll":     {"opens the namespace", network("{podSelector: {}, ingress: [{}]}"), "names who may come in"},
		"AllowOut":     {"opens the way out", network("{podSelector: {}, egress: [{}]}"), "where they may go"},
		"Route":        {"a host, and a plugin that asks nobody", written("apisix.apache.org/v2", "ApisixRoute", "spec: {http: [{match: {hosts: [c5cb27eb.swg.sha1.example.com]}, plugins: [{name: redirect}]}], stream: [{match: {host: 1000006.sha1.example.com}}]}\n"), ""},
		"Stream":       {"a whole port", written("apisix.apache.org/v2", "ApisixRoute", "spec: {stream: [{match: {ingressPort: 9443}}]}\n"), "without a host"},
		"Ingress":      {"a host", written("networking.k8s.io/v1", "Ingress", "spec: {rules: [{host: c5cb27eb.swg.sha1.example.com}]}\n"), ""},
		"IngressAll":   {"every host", written("networking.k8s.io/v1", "Ingress", "spec: {rules: [{http: {paths: []}}]}\n"), "without a host"},
		"HTTPRoute":    {"every host of the gateway", written("gateway.networking.k8s.io/v1", "HTTPRoute", "spec: {rules: []}\n"), "without a host"},
		"OtherHost":    {"another tenant's, which the tenant's namespace does not say", written("apisix.apache.org/v2", "ApisixRoute", "spec: {http: [{match: {hosts: [c5cb27eb.swg.sha1.example.com, 1000007.sha1.example.com]}}]}\n"), "not of the tenant alone"},
		"OtherStream":  {"the same of a connection", written("apisix.apache.org/v2", "ApisixRoute", "spec: {stream: [{match: {host: 1000007.sha1.example.com}}]}\n"), "not of the tenant alone"},
		"OtherTls":     {"the same of a certificate", written("networking.k8s.io/v1", "Ingress", "spec: {rules: [{host: c5cb27eb.sha1.example.com}], tls: [{hosts: [portal.sha1.example.com]}]}\n"), "not of the tenant alone"},
		"OtherRoute":   {"the same of a gateway", written("gateway.networking.k8s.io/v1", "HTTPRoute", "spec: {hostnames: [x.example.com]}\n"), "not of the tenant alone"},
		"Beginning":    {"a domain that ends alike", written("gateway.networking.k8s.io/v1", "HTTPRoute", "spec: {hostnames: [c5cb27eb.evilsha1.example.com]}\n"), "not of the tenant alone"},
		"Rewrite":      {"an annotation that is the route's own", written("networking.k8s.io/v1", "Ingress", "spec: {rules: [{host: c5cb27eb.sha1.example.com}]}\n").noted("nginx.ingress.kubernetes.io/proxy-body-size: 1m"), ""},
		"Middleware":   {"another namespace's code", written("networking.k8s.io/v1", "Ingress", "spec: {rules: [{host: c5cb27eb.sha1.example.com}]}\n").noted("traefik.ingress.kubernetes.io/router.middlewares: x-y@kubernetescrd"), "other namespaces"},
		"TCPRoute":     {"a whole port", written("gateway.networking.k8s.io/v1", "TCPRoute", "spec: {rules: []}\n"), "a whole port"},
		"Certificate":  {"its own", written("apisix.apache.org/v2", "ApisixTls", "spec: {hosts: [c5cb27eb.swg.sha1.example.com], secret: {name: a, namespace: tenant-1000006}}\n"), ""},
		"OtherCA":      {"another's", written("apisix.apache.org/v2", "ApisixTls", "spec: {hosts: [c5cb27eb.swg.sha1.example.com], client: {caSecret: {name: a, namespace: tenant-1000007}}}\n"), "own namespace"},
		"Upstream":     {"settings of its own Service", written("apisix.apache.org/v2", "ApisixUpstream", "spec: {retries: 1}\n"), ""},
		"Absent":       {"all pods, by what they lack", network("{podSelector: {matchExpressions: [{key: x, operator: DoesNotExist}]}, ingress: [{}]}"), "names who may come in"},
		"AllTenants":   {"everybody's namespace", network("{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}"), "names who may come in"},
		"AllAddresses": {"everywhere", network("{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}"), "where they may go"},
		"Peers":        {"named ones", network("{podSelector: {}, ingress: [{from: [{podSelector: {}}, {namespaceSelector: {matchLabels: {a: b}}}]}], egress: [{to: [{ipBlock: {cidr: 192.0.2.0/24}}]}]}"), ""},
		"GlobalRule":   {"routes of all tenants", written("apisix.apache.org/v2", "ApisixGlobalRule", "spec: {}\n"), "for the routes of all tenants"},
	})
}

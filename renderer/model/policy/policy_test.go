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
	tenant := policy.Place{Namespace: "tenant-1", Hosts: policy.Hosts{Domain: "pop.example.com", Names: []string{"1", "c5cb27eb"}}}
	shared, nobody := policy.Place{Namespace: "local-shared", Shared: true}, policy.Place{Namespace: "tenant-1", Hosts: policy.Hosts{Names: []string{"1", ""}}}
	route := func(http string) string {
		return "apiVersion: apisix.apache.org/v2\nkind: ApisixRoute\nmetadata:\n  name: x\nspec:\n  http:\n  - " + http + "\n"
	}
	kind := func(apiVersion, kind, spec string) string {
		return "apiVersion: " + apiVersion + "\nkind: " + kind + "\nmetadata:\n  name: x\nspec:\n  " + spec + "\n"
	}
	const own, gateway = "{hosts: [c5cb27eb.swg.pop.example.com]}", "gateway.networking.k8s.io/v1"
	const eso = "external-secrets.io/v1"
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

		"Host":           {"code, product, domain", tenant, route("match: " + own), ""},
		"HostBelow":      {"a name below the tenant's, and all of them", tenant, route("match: {hosts: [agents.c5cb27eb.swg.pop.example.com, '*.1.pop.example.com']}"), ""},
		"HostOther":      {"a code that is not his", tenant, route("match: {hosts: [c5cb27ec.swg.pop.example.com]}"), "c5cb27ec.swg"},
		"HostPart":       {"a name that has his id in it", tenant, route("match: {hosts: [portal-1.pop.example.com]}"), "portal-1"},
		"HostOutside":    {"his code below a domain of others", tenant, route("match: {hosts: [c5cb27eb.example.com]}"), "c5cb27eb.example.com"},
		"HostDomain":     {"a domain that ends like the environment's", tenant, route("match: {hosts: [c5cb27eb.evilpop.example.com]}"), "evilpop"},
		"HostDot":        {"the same name for DNS, not for the gateway", tenant, route("match: {hosts: [c5cb27eb.swg.pop.example.com.]}"), "not of the tenant"},
		"HostWide":       {"the hosts of all", tenant, route("match: {hosts: ['*.swg.pop.example.com']}"), "not of the tenant"},
		"HostNone":       {"every host", tenant, route("match: {paths: [/login]}"), "without a host"},
		"HostNumber":     {"no text", tenant, route("match: {hosts: [1]}"), `host "1"`},
		"HostOfNobody":   {"no domain and no code in the parameters", nobody, route("match: {hosts: ['1.']}"), "not of the tenant"},
		"HostShared":     {"a name of the environment's", shared, route("match: {hosts: [license.pop.example.com]}"), ""},
		"HostSharedWide": {"the hosts of tenants", shared, route("match: {hosts: ['*.pop.example.com']}"), "tenants too"},
		"Stream":         {"a whole port", tenant, kind("apisix.apache.org/v2", "ApisixRoute", "stream: [{name: x, match: {ingressPort: 9443}}]"), "without a host"},
		"Certificate":    {"a certificate for another's host", tenant, kind("apisix.apache.org/v2", "ApisixTls", "hosts: [c5cb27ec.swg.pop.example.com]"), "not of the tenant"},
		"Secret":         {"another's certificate", tenant, kind("apisix.apache.org/v2", "ApisixTls", "{hosts: [c5cb27eb.swg.pop.example.com], secret: {name: x, namespace: tenant-2}}"), "in namespace tenant-2"},
		"Ingress":        {"his own", tenant, kind("networking.k8s.io/v1", "Ingress", "{rules: [{host: 1.pop.example.com}], tls: [{secretName: x}, {hosts: [1.pop.example.com]}]}"), ""},
		"IngressTls":     {"a certificate for another's host", tenant, kind("networking.k8s.io/v1", "Ingress", "tls: [{hosts: [2.pop.example.com]}]"), "not of the tenant"},
		"IngressRest":    {"what nobody else takes", tenant, kind("networking.k8s.io/v1", "Ingress", "defaultBackend: {service: {name: x, port: {number: 80}}}"), "without a host"},
		"IngressOld":     {"the group of before", tenant, kind("extensions/v1beta1", "Ingress", "rules: [{http: {}}]"), "without a host"},
		"IngressCode":    {"a part of the server's configuration", tenant, "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: x\n  annotations:\n    nginx.ingress.kubernetes.io/server-snippet: x\n", "server-snippet"},
		"HTTPRoute":      {"every host of the gateway", tenant, kind(gateway, "HTTPRoute", "rules: []"), "without a host"},
		"TCPRoute":       {"a whole port", tenant, kind(gateway, "TCPRoute", "rules: []"), "without a host"},
		"Listener":       {"another's host", tenant, kind(gateway, "Gateway", "listeners: [{name: x, hostname: '*.example.com'}]"), "not of the tenant"},
		"FilterFunc":     {"Lua in the gateway", tenant, route("match: {hosts: [1.pop.example.com], filter_func: 'function(vars) return true end'}"), "filter_func is code"},
		"Serverless":     {"Lua in the gateway", tenant, route("{match: " + own + ", plugins: [{name: serverless-pre-function, enable: true}]}"), "serverless-pre-function"},
		"Mirror":         {"the gateway asks others", tenant, kind("apisix.apache.org/v2", "ApisixPluginConfig", "plugins: [{name: proxy-mirror}]"), "proxy-mirror"},
		"PluginsByName":  {"the form of a mapping", tenant, kind("apisix.apache.org/v1alpha1", "PluginConfig", "plugins: {traffic-split: {}}"), "traffic-split"},
		"Redirect":       {"a plugin that asks nobody", tenant, route("{match: " + own + ", plugins: [{name: redirect, enable: true, config: {http_to_https: true}}]}"), ""},
		"ExternalNodes":  {"the gateway reaches all pods", tenant, kind("apisix.apache.org/v2", "ApisixUpstream", "externalNodes: [{type: Domain, name: db.tenant-2.svc}]"), "externalNodes"},
		"ExternalName":   {"the same by a Service", tenant, "apiVersion: v1\nkind: Service\nmetadata:\n  name: x\nspec:\n  externalName: db.tenant-2.svc.cluster.local\n  type: ExternalName\n", "ExternalName"},
		"Endpoints":      {"the same by an address", tenant, "apiVersion: v1\nkind: Endpoints\nmetadata:\n  name: x\nsubsets: []\n", "any pod"},
		"Absent":         {"all pods, by what they lack", tenant, kind("networking.k8s.io/v1", "NetworkPolicy", "{podSelector: {matchExpressions: [{key: x, operator: DoesNotExist}]}, ingress: [{}]}"), "ingress is open"},
		"NotIn":          {"all pods but some", tenant, kind("networking.k8s.io/v1", "NetworkPolicy", "{podSelector: {matchExpressions: [{key: x, operator: NotIn, values: [y]}]}, egress: [{}]}"), "egress is open"},
		"In":             {"some pods", tenant, kind("networking.k8s.io/v1", "NetworkPolicy", "{podSelector: {matchExpressions: [{key: x, operator: In, values: [y]}]}, egress: [{}]}"), ""},
		"AllNamespaces":  {"those of all tenants", tenant, kind("networking.k8s.io/v1", "NetworkPolicy", "{podSelector: {}, ingress: [{from: [{podSelector: {}, namespaceSelector: {}}]}]}"), "ingress is open"},
		"AllAddresses":   {"all of them", tenant, kind("networking.k8s.io/v1", "NetworkPolicy", "{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}"), "egress is open"},
		"HalfAddresses":  {"one of two halves", tenant, kind("networking.k8s.io/v1", "NetworkPolicy", "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: '::/1'}}]}]}"), "ingress is open"},
		"OneNamespace":   {"named peers", tenant, kind("networking.k8s.io/v1", "NetworkPolicy", "{podSelector: {}, ingress: [{from: [{podSelector: {}}, {namespaceSelector: {matchLabels: {a: b}}}, {ipBlock: {cidr: 192.0.2.0/24}}]}]}"), ""},
		"OpenLabel":      {"no standard for the pods of the tenant", tenant, "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: tenant-1\n  labels:\n    gatorcloud.io/tenant: \"1\"\n", "pod-security"},
		"UnknownLabel":   {"a tenant that admission does not know", tenant, "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: tenant-1\n  labels:\n    pod-security.kubernetes.io/enforce: baseline\n", "gatorcloud.io/tenant"},
		"Entrance":       {"all tenants let it in", tenant, "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: tenant-1\n  labels:\n    gatorcloud.io/entrance: \"true\"\n    gatorcloud.io/tenant: \"1\"\n    pod-security.kubernetes.io/enforce: baseline\n", "gatorcloud.io/entrance"},
		"Link":           {"what Argo CD's page links to", tenant, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  annotations:\n    link.argocd.argoproj.io/external-link: https://example.com\n", "link.argocd.argoproj.io"},
		"DNS":            {"his own name", tenant, "apiVersion: v1\nkind: Service\nmetadata:\n  name: x\n  annotations:\n    external-dns.alpha.kubernetes.io/hostname: 1.pop.example.com\n", ""},
		"DNSOther":       {"another's beside his own", tenant, "apiVersion: v1\nkind: Service\nmetadata:\n  name: x\n  annotations:\n    external-dns.alpha.kubernetes.io/hostname: 1.pop.example.com, 2.pop.example.com\n", `"2.pop`},
		"DNSTarget":      {"his name, another's address", tenant, "apiVersion: v1\nkind: Service\nmetadata:\n  name: x\n  annotations:\n    external-dns.alpha.kubernetes.io/target: 192.0.2.1\n", "leads a DNS name"},
		"DNSEndpoint":    {"the same by an object", tenant, kind("externaldns.k8s.io/v1alpha1", "DNSEndpoint", "endpoints: []"), "DNS names"},
		"Slice":          {"the same of today", tenant, "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata:\n  name: x\n", "any pod"},
		"Store":          {"his own secret in the cluster's store", tenant, kind(eso, "ExternalSecret", "{secretStoreRef: {kind: ClusterSecretStore}, data: [{remoteRef: {key: tenants/1/db}}, {remoteRef: {key: tenant-1}}], dataFrom: [{extract: {key: secret/data/c5cb27eb}}, {find: {path: tenants/1}}]}"), ""},
		"StorePart":      {"another tenant's, whose id begins like his", tenant, kind(eso, "ExternalSecret", "{secretStoreRef: {kind: ClusterSecretStore}, data: [{remoteRef: {key: tenants/12/db}}]}"), "remoteRef.key"},
		"StoreDash":      {"another's name with his id in it", tenant, kind(eso, "ExternalSecret", "{secretStoreRef: {kind: ClusterSecretStore}, data: [{remoteRef: {key: tenants/x-1/db}}]}"), "remoteRef.key"},
		"StoreNobody":    {"no code in the parameters", nobody, kind(eso, "ExternalSecret", "{secretStoreRef: {kind: ClusterSecretStore}, data: [{remoteRef: {key: //}}]}"), "remoteRef.key"},
		"StoreOwn":       {"a store of his own", tenant, kind(eso, "ExternalSecret", "{secretStoreRef: {kind: SecretStore}, data: [{remoteRef: {key: db}}]}"), ""},
		"StoreShared":    {"a shared part's", shared, kind(eso, "ExternalSecret", "{secretStoreRef: {kind: ClusterSecretStore}, data: [{remoteRef: {key: license}}]}"), ""},
		"StoreAuth":      {"a store with a Secret of his", tenant, kind(eso, "SecretStore", "provider: {vault: {server: x, auth: {tokenSecretRef: {name: x}}}}"), ""},
		"StoreAccount":   {"one with an account of his", tenant, kind(eso, "SecretStore", "provider: {vault: {server: x, auth: {kubernetes: {role: x, serviceAccountRef: {name: x}}}}}"), ""},
		"StoreRole":      {"the controller's own account", tenant, kind(eso, "SecretStore", "provider: {vault: {server: x, auth: {kubernetes: {role: x}}}}"), "rights of the controller"},
		"Issued":         {"his own host", tenant, kind("cert-manager.io/v1", "Certificate", "{issuerRef: {kind: ClusterIssuer}, commonName: 1.pop.example.com, dnsNames: ['*.c5cb27eb.pop.example.com']}"), ""},
		"IssuedOther":    {"another's beside it", tenant, kind("cert-manager.io/v1", "Certificate", "{issuerRef: {kind: ClusterIssuer}, dnsNames: [1.pop.example.com, 2.pop.example.com]}"), `"2.pop`},
		"IssuedName":     {"the same by the older field", tenant, kind("cert-manager.io/v1", "Certificate", "{issuerRef: {kind: ClusterIssuer}, commonName: 2.pop.example.com}"), `"2.pop`},
		"IssuedPlugin":   {"an issuer of another maker for the whole cluster", tenant, kind("cert-manager.io/v1", "Certificate", "{issuerRef: {kind: AWSPCAClusterIssuer, group: x}, dnsNames: [x]}"), `host "x"`},
		"IssuedByOwn":    {"inside, by his own issuer", tenant, kind("cert-manager.io/v1", "Certificate", "{issuerRef: {kind: Issuer}, dnsNames: [db.tenant-1.svc], ipAddresses: [10.0.0.1]}"), ""},
		"Monitor":        {"his own pods", tenant, kind("monitoring.coreos.com/v1", "ServiceMonitor", "{namespaceSelector: {matchNames: [tenant-1]}, endpoints: [{port: x, bearerTokenSecret: {name: x}}]}"), ""},
		"MonitorOther":   {"another's", tenant, kind("monitoring.coreos.com/v1", "PodMonitor", "namespaceSelector: {matchNames: [tenant-1, tenant-2]}"), "other namespaces"},
		"Upstream":       {"a Secret of his, by name and namespace", tenant, kind("apisix.apache.org/v2", "ApisixUpstream", "tlsSecret: {name: x, namespace: tenant-1}"), ""},
		"Annotations":    {"what concerns his route alone", tenant, "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: x\n  annotations:\n    cert-manager.io/cluster-issuer: x\n    nginx.ingress.kubernetes.io/proxy-body-size: 1m\n", ""},
		"AnnotationNew":  {"one that nobody looked at", tenant, "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: x\n  annotations:\n    k8s.apisix.apache.org/x: y\n", "k8s.apisix.apache.org/x"},
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

// A hostile object cannot make the plugin hold a fault for each of its lines.
func TestCheckIsBounded(t *testing.T) {
	rules := make([]any, 100_000)
	for i := range rules {
		rules[i] = map[string]any{"verbs": []any{"*"}}
	}
	got := policy.Check(map[string]any{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "rules": rules}, policy.Place{})
	if len(got) == 0 || len(got) > 20 {
		t.Errorf("Check() of %d rules = %d faults, want at most 20", len(rules), len(got))
	}
}

// What nearly every object is needs no second look.
func TestConcernsFew(t *testing.T) {
	const plain = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  annotations:\n    argocd.argoproj.io/sync-wave: \"1\"\n  labels:\n    gatorcloud.io/component: gateway\n  name: x\n"
	if policy.Concerns("apps", "Deployment", []byte(plain)) {
		t.Error("Concerns() of a plain Deployment = true, want false")
	}
}

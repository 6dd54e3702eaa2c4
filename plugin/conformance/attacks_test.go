package conformance_test

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/argoproj/argo-cd/v2/cmpserver/apiclient"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/plugin"
	"github.com/gatorcloud/sluice/plugin/plugintest"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/short"
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
	object string       // YAML; its namespace is written in place of NAMESPACE
	by     plugin.Level // a tenant's product, his own parts beside it, one that the environment shares, or the fleet
	want   []string
}

const own = "tenant-1000006"

// fleet is the level that Argo CD reads without the plugin.
const fleet plugin.Level = "fleet"

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
	inside, outside := []string{author, resealed, admission}, []string{project, admission}
	const product, shared, tenant = plugin.LevelProduct, plugin.LevelShared, plugin.LevelTenant
	route := func(match, rest string) string {
		return object("apisix.apache.org/v2", "ApisixRoute", "", "spec: {http: [{name: x, match: {hosts: [c5cb27eb.swg.DOMAIN]"+match+"}"+rest+"}]}\n")
	}
	external := func(spec string) string {
		return object("external-secrets.io/v1", "ExternalSecret", "", "spec: {"+spec+"}\n")
	}
	ingress := func(note string) string {
		return object("networking.k8s.io/v1", "Ingress", ", annotations: {"+note+"}", "spec: {rules: [{host: c5cb27eb.swg.DOMAIN}]}\n")
	}
	definition := func(group string) string {
		return "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: xs." + group + "}\nspec:\n  group: " + group +
			"\n  names: {kind: X, plural: xs}\n  scope: Namespaced\n  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]\n"
	}
	return map[string]attack{
		"ClusterAdmin":          {"everything, for the product's own account", admin(""), product, three},
		"ClusterAdminInside":    {"the same with a namespace, which Argo CD clears", admin(", namespace: NAMESPACE"), product, three},
		"Definition":            {"a kind for everybody", definition("x.example.com"), product, three},
		"Webhook":               {"every object of the cluster passes it", object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", ", namespace: NAMESPACE", ""), product, three},
		"ClusterIssuer":         {"a custom kind without a namespace", object("cert-manager.io/v1", "ClusterIssuer", ", namespace: NAMESPACE", ""), product, three},
		"OtherNamespace":        {"an object beside another's", object("v1", "ConfigMap", ", namespace: kube-system", ""), product, three},
		"OtherTenant":           {"an object beside another tenant's", object("v1", "ConfigMap", ", namespace: tenant-1000007", ""), product, two},
		"Items":                 {"objects for Argo CD, one object for everybody else", object("v1", "ConfigMap", "", "items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: y, namespace: tenant-1000007}}]\n"), product, two},
		"ItemsOfOwn":            {"the same of a custom kind", object("x.example.com/v1", "Board", "", "items:\n- {apiVersion: v1, kind: Secret, metadata: {name: y, namespace: tenant-1000007}}\n"), product, three},
		"Application":           {"an Application of its own", object("argoproj.io/v1alpha1", "Application", "", ""), product, three},
		"Project":               {"what Applications may do", object("argoproj.io/v1alpha1", "AppProject", "", ""), product, three},
		"BesideSecret":          {"another cluster, or another repository, for Argo CD", object("v1", "Secret", ", namespace: argocd, labels: {argocd.argoproj.io/secret-type: cluster}", ""), tenant, inside},
		"BesideSettings":        {"who may do what in Argo CD", object("v1", "ConfigMap", ", namespace: argocd", ""), tenant, inside},
		"BesideBinding":         {"the rights of Argo CD's accounts", binding(", namespace: argocd", "kind: Role, name: x", account), tenant, inside},
		"BesideProject":         {"what Applications may do", object("argoproj.io/v1alpha1", "AppProject", ", namespace: argocd", ""), tenant, append(three, admission)},
		"FleetSecret":           {"another cluster for Argo CD, from the fleet's folder", object("v1", "Secret", ", namespace: argocd", ""), fleet, outside},
		"FleetProject":          {"what the fleet itself may do", object("argoproj.io/v1alpha1", "AppProject", ", namespace: argocd", ""), fleet, outside},
		"FleetClusterAdmin":     {"everything, for anybody", admin(""), fleet, outside},
		"FleetDefinition":       {"a kind for everybody, which Argo CD does not track", definition("cert-manager.io"), fleet, outside},
		"Unused":                {"a custom kind that no version has", object("x.example.com/v1", "Widget", "", ""), product, []string{author, project}},
		"Store":                 {"another tenant's secret, from the cluster's store", external("secretStoreRef: {name: x, kind: ClusterSecretStore}, data: [{secretKey: a, remoteRef: {key: tenants/1000007/db}}]"), product, three},
		"StoreBeside":           {"the same beside the products", strings.Replace(external("secretStoreRef: {name: x, kind: ClusterSecretStore}, data: [{secretKey: a, remoteRef: {key: tenants/1000007/db}}]"), "name: x", "name: x, namespace: NAMESPACE", 1), tenant, three},
		"StoreUpwards":          {"the same by a way through its own", external("secretStoreRef: {name: x, kind: ClusterSecretStore}, dataFrom: [{extract: {key: 1000006/../1000007/db}}]"), product, three},
		"StoreFinds":            {"all that it has", external("secretStoreRef: {name: x, kind: ClusterSecretStore}, dataFrom: [{find: {name: {regexp: '.*'}}}]"), product, three},
		"StoreOfOne":            {"the same by the store of one entry", external("data: [{secretKey: a, remoteRef: {key: db}, sourceRef: {storeRef: {name: x, kind: ClusterSecretStore}}}]"), product, three},
		"Generator":             {"a password of the cluster's", external("dataFrom: [{sourceRef: {generatorRef: {kind: ClusterGenerator, name: x}}}]"), product, three},
		"StoreWrites":           {"another tenant's secret, written anew", strings.Replace(external("secretStoreRefs: [{name: x, kind: ClusterSecretStore}], data: [{match: {secretKey: a, remoteRef: {remoteKey: tenants/1000007/db}}}]"), "ExternalSecret", "PushSecret", 1), product, three},
		"StoreAmbient":          {"what the controller itself may read", strings.Replace(external("provider: {aws: {service: SecretsManager, region: x}}"), "ExternalSecret", "SecretStore", 1), product, three},
		"Certificate":           {"a certificate for a host of others", object("cert-manager.io/v1", "Certificate", "", "spec: {secretName: x, issuerRef: {kind: ClusterIssuer, name: x}, dnsNames: [portal.example.com]}\n"), product, three},
		"CertificateAddress":    {"the same by an address", object("cert-manager.io/v1", "Certificate", "", "spec: {secretName: x, issuerRef: {kind: ClusterIssuer, name: x}, dnsNames: [c5cb27eb.swg.DOMAIN], ipAddresses: [10.0.0.1]}\n"), product, three},
		"CertificateRequest":    {"the same in a form that nobody reads", object("cert-manager.io/v1", "CertificateRequest", "", "spec: {request: x, issuerRef: {kind: ClusterIssuer, name: x}}\n"), product, three},
		"Scrapes":               {"the figures of other tenants", object("monitoring.coreos.com/v1", "ServiceMonitor", "", "spec: {namespaceSelector: {any: true}, selector: {}, endpoints: [{port: a}]}\n"), product, three},
		"ScrapesFile":           {"the token of Prometheus, sent to a pod", object("monitoring.coreos.com/v1", "ServiceMonitor", "", "spec: {selector: {}, endpoints: [{port: a, bearerTokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token}]}\n"), product, three},
		"Credentials":           {"the cluster's, for an autoscaler", object("keda.sh/v1alpha1", "ScaledJob", "", "spec: {jobTargetRef: {template: {spec: {containers: [{name: a, image: 'registry.example.com/a:1'}]}}}, triggers: [{type: x, metadata: {}, authenticationRef: {name: x, kind: ClusterTriggerAuthentication}}]}\n"), product, three},
		"Sealed":                {"a secret that every namespace opens", object("bitnami.com/v1alpha1", "SealedSecret", ", annotations: {sealedsecrets.bitnami.com/cluster-wide: 'true'}", "spec: {encryptedData: {a: b}}\n"), product, three},
		"ClusterConfig":         {"the plugins of everybody's routes, in a kind whose name does not begin so", object("apisix.apache.org/v2", "ApisixClusterConfig", ", namespace: NAMESPACE", "spec: {monitoring: {prometheus: {enable: true}}}\n"), product, three},
		"GatewayProxy":          {"which gateway everybody has", object("apisix.apache.org/v1alpha1", "GatewayProxy", "", "spec: {plugins: []}\n"), product, append(three, admission)},
		"GatewayDiscovers":      {"the gateway reaches the pods of others", object("apisix.apache.org/v2", "ApisixUpstream", "", "spec: {discovery: {type: dns, serviceName: db.tenant-1000007.svc}}\n"), product, inside},
		"GatewayCounts":         {"the gateway asks another server, by a plugin that is plain", route("", ", plugins: [{name: limit-count, enable: true, config: {policy: redis, redis_host: db.tenant-1000007.svc}}]"), product, inside},
		"GatewayLogs":           {"each request goes to another server", route("", ", plugins: [{name: http-logger, enable: true, config: {uri: 'http://db.tenant-1000007.svc'}}]"), product, inside},
		"GatewayBorrows":        {"the plugins of another tenant, with their keys", route("", ", plugin_config_name: x, plugin_config_namespace: tenant-1000007"), product, inside},
		"PluginConfig":          {"the same by a list of its own", object("apisix.apache.org/v2", "ApisixPluginConfig", "", "spec: {plugins: [{name: serverless-pre-function, enable: true}]}\n"), product, append(three, admission)},
		"OtherClient":           {"another's certificate, towards a server", object("apisix.apache.org/v2", "ApisixUpstream", "", "spec: {tlsSecret: {name: x, namespace: tenant-1000007}}\n"), product, inside},
		"Alias":                 {"a host of others beside the own one", ingress("nginx.ingress.kubernetes.io/server-alias: portal.example.com"), product, inside},
		"OtherService":          {"another tenant's pods behind the own host", ingress("k8s.apisix.apache.org/svc-namespace: tenant-1000007"), product, inside},
		"GatewayAuth":           {"the gateway asks for each request", ingress("nginx.ingress.kubernetes.io/auth-url: 'http://169.254.169.254/'"), product, inside},
		"FleetNamespace":        {"a namespace with a tenant's name", object("v1", "Namespace", "", ""), fleet, outside},
		"SharedClusterAdmin":    {"everything, for a shared part", admin(""), shared, two},
		"SharedWildcard":        {"a role that holds everything", object(rbac, "ClusterRole", "", "rules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]\n"), shared, two},
		"SharedAggregated":      {"rights for everybody who may view", object(rbac, "ClusterRole", ", labels: {rbac.authorization.k8s.io/aggregate-to-view: 'true'}", "rules: [{apiGroups: [''], resources: [secrets], verbs: [get]}]\n"), shared, two},
		"SharedGroup":           {"rights for everybody", strings.Replace(binding("", "kind: ClusterRole, name: x", "{kind: Group, name: 'system:authenticated', apiGroup: rbac.authorization.k8s.io}"), "RoleBinding", "ClusterRoleBinding", 1), shared, two},
		"SharedOtherDefinition": {"the kinds of another operator", definition("cert-manager.io"), shared, two},
		"SharedWebhook":         {"every object of the cluster passes it", object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "", ""), shared, three},
		"BindsClusterAdmin":     {"a tenant's account with all rights in its namespace", binding("", "kind: ClusterRole, name: cluster-admin", account), product, inside},
		"BindsGroup":            {"everybody in the tenant's namespace", binding("", "kind: ClusterRole, name: view", "{kind: Group, name: 'system:authenticated', apiGroup: rbac.authorization.k8s.io}"), product, inside},
		"BindsOther":            {"another tenant's account", binding("", "kind: ClusterRole, name: view", "{kind: ServiceAccount, name: x, namespace: tenant-1000007}"), product, inside},
		"Escalates":             {"a role that gives itself more", object(rbac, "Role", "", "rules: [{apiGroups: [rbac.authorization.k8s.io], resources: [roles], verbs: [escalate]}]\n"), product, inside},
		"Privileged":            {"the node of others", workload(container(", privileged: true, runAsUser: 0")), product, []string{author, admission}},
		"HostNetwork":           {"the network of the node", workload("      hostNetwork: true\n" + container("")), product, []string{author, admission}},
		"HostPath":              {"the disk of the node", workload(container("") + "      volumes: [{name: a, hostPath: {path: /}}]\n"), product, []string{author, admission}},
		"HostPort":              {"a port of the node", workload(container("") + "        ports: [{containerPort: 80, hostPort: 80}]\n"), product, []string{author, admission}},
		"Priority":              {"others' pods go first", workload("      priorityClassName: system-node-critical\n" + container("")), product, two},
		"ExternalIPs":           {"traffic for another address", object("v1", "Service", "", "spec: {ports: [{port: 80}], externalIPs: [10.0.0.1]}\n"), product, inside},
		"OpenNetwork":           {"the namespace is open again", object("networking.k8s.io/v1", "NetworkPolicy", "", "spec: {podSelector: {}, ingress: [{}]}\n"), product, inside},
		"FixedHost":             {"a host that others have as well", object("networking.k8s.io/v1", "Ingress", "", "spec: {rules: [{host: portal.example.com}]}\n"), product, inside},
		"OpenAbsent":            {"the same for pods that lack a label", object("networking.k8s.io/v1", "NetworkPolicy", "", "spec: {podSelector: {matchExpressions: [{key: x, operator: DoesNotExist}]}, ingress: [{}]}\n"), product, inside},
		"OpenTenants":           {"the same to the pods of all tenants", object("networking.k8s.io/v1", "NetworkPolicy", "", "spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}\n"), product, inside},
		"OpenName":              {"the tenant's own policy, written anew", strings.Replace(object("networking.k8s.io/v1", "NetworkPolicy", "", "spec: {podSelector: {}}\n"), "name: x", "name: tenant", 1), product, two},
		"Quota":                 {"the tenant's own quota, written anew", strings.Replace(object("v1", "ResourceQuota", "", "spec: {hard: {pods: 1k}}\n"), "name: x", "name: tenant", 1), product, two},
		"AdminNetwork":          {"it goes before the policies of all tenants", object("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", ", namespace: NAMESPACE", ""), product, three},
		"GlobalNetwork":         {"the same of another maker", object("crd.projectcalico.org/v1", "GlobalNetworkPolicy", ", namespace: NAMESPACE", ""), product, three},
		"OtherName":             {"another's name in DNS", object("v1", "Service", ", annotations: {external-dns.alpha.kubernetes.io/hostname: 1000007.DOMAIN}", "spec: {ports: [{port: 80}]}\n"), product, two},
		"Names":                 {"the same by an object", object("externaldns.k8s.io/v1alpha1", "DNSEndpoint", "", "spec: {endpoints: []}\n"), product, three},
		"Link":                  {"where support clicks", annotated("link.argocd.argoproj.io/external-link: https://example.com"), product, two},
		"Spelt":                 {"Replace in another spelling", annotated("argocd.argoproj.io/sync-options: ' ,REPLACE=true'"), product, two},
		"Server":                {"a part of the server's configuration", ingress("nginx.ingress.kubernetes.io/server-snippet: x"), product, inside},
		"Endpoints":             {"the gateway reaches the pods of others", object("discovery.k8s.io/v1", "EndpointSlice", "", "addressType: IPv4\nendpoints: [{addresses: [10.0.0.1]}]\n"), product, three},
		"NoHost":                {"the login of every tenant", object("apisix.apache.org/v2", "ApisixRoute", "", "spec: {http: [{name: x, match: {paths: [/login]}}]}\n"), product, inside},
		"NoHostIngress":         {"what nobody else takes", object("networking.k8s.io/v1", "Ingress", "", "spec: {defaultBackend: {service: {name: x, port: {number: 80}}}}\n"), product, inside},
		"GatewayCode":           {"Lua in the gateway of all tenants", route(", filter_func: 'function(vars) os.execute(1) end'", ""), product, inside},
		"GatewayPlugin":         {"the same by a plugin", route("", ", plugins: [{name: serverless-pre-function, enable: true}]"), product, inside},
		"GatewayAsks":           {"a tenant's requests go where the gateway may go", route("", ", plugins: [{name: traffic-split, enable: true}]"), product, inside},
		"GatewayNodes":          {"the gateway reaches the pods of others", object("apisix.apache.org/v2", "ApisixUpstream", "", "spec: {externalNodes: [{type: Domain, name: db.tenant-1000007.svc}]}\n"), product, inside},
		"ExternalName":          {"the same by a Service", object("v1", "Service", "", "spec: {type: ExternalName, externalName: db.tenant-1000007.svc.cluster.local}\n"), product, inside},
		"OtherSecret":           {"another's certificate", object("apisix.apache.org/v2", "ApisixTls", "", "spec: {hosts: [c5cb27eb.swg.DOMAIN], secret: {name: x, namespace: tenant-1000007}}\n"), product, inside},
		"GlobalRule":            {"the routes of everybody", object("apisix.apache.org/v2", "ApisixGlobalRule", "", "spec: {plugins: []}\n"), product, append(three, admission)},
		"Owner":                 {"it goes with another object", object("v1", "ConfigMap", ", ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: y, uid: z}]", ""), product, two},
		"Finalizer":             {"it never goes", object("v1", "ConfigMap", ", finalizers: [example.com/x]", ""), product, two},
		"Hook":                  {"it runs before everything", annotated("argocd.argoproj.io/hook: PreSync"), product, two},
		"HelmHook":              {"it runs before everything", annotated("helm.sh/hook: pre-install"), product, two},
		"TrackingID":            {"it belongs to another Application", annotated("argocd.argoproj.io/tracking-id: 'x:/ConfigMap:y/z'"), product, two},
		"IgnoreHealth":          {"nobody waits for it", annotated("argocd.argoproj.io/ignore-healthcheck: 'true'"), product, two},
		"Deadline":              {"nobody waits less for it", annotated("gatorcloud.io/progress-deadline: '999999'"), product, two},
		"Replace":               {"it is deleted and made again", annotated("argocd.argoproj.io/sync-options: 'Force=true,Replace=true'"), product, two},
		"Keep":                  {"it outlives its tenant", annotated("argocd.argoproj.io/sync-options: Prune=false"), product, two},
	}
}

// Each attack is made, and every layer says for itself whether it lets it pass. A
// plugin that knows keys stops all of them: who reseals cannot sign.
func TestAttacks(t *testing.T) {
	short.Skip(t, "proves and builds each attack")
	beside := compile(t, install+"/admission/beside.yaml", fleetProject(t))
	cluster := compile(t, install+"/admission/cluster.yaml", fleetProject(t))
	defined := compile(t, install+"/admission/definitions/policy.yaml", groups(t))
	inside := compile(t, install+"/admission/tenants/policy.yaml")
	all, both := applied(t), modes(t)
	trusting := plugin.NewTrusting(overlay.New(overlay.Options{}), []ed25519.PublicKey{make([]byte, ed25519.PublicKeySize)})
	for name, a := range attacks() {
		t.Run(name, func(t *testing.T) {
			var got []string
			if a.by != fleet && stoppedByProof(t, a) {
				got = append(got, author)
			}
			if a.by != fleet && stoppedByPlugin(t, both, a) {
				got = append(got, resealed)
			}
			if stoppedByProject(t, all, a) {
				got = append(got, project)
			}
			if stoppedBeside(t, beside, a) || stoppedWithoutNamespace(t, a, cluster, defined) || stoppedByAdmission(t, inside, a) {
				got = append(got, admission)
			}
			if a.by != fleet {
				if _, err := trusting.Generate(t.Context(), a.sealed().request(t)); plugin.ReasonOf(err) != plugin.ReasonSeal {
					t.Errorf("%s: with keys the plugin says %v, want that nobody signed it", a.reason, err)
				}
			}
			if !slices.Equal(got, a.want) {
				t.Errorf("%s: stopped by %q, want %q", a.reason, got, a.want)
			}
		})
	}
}

// in returns the object as it stands in a namespace.
func (a attack) in(namespace string) string {
	return strings.NewReplacer("NAMESPACE", namespace, "DOMAIN", plugintest.Product().Parameters["domain"]).Replace(a.object)
}

// stoppedByProof publishes a version that has the object and nothing else but a
// Role and an account.
func stoppedByProof(t *testing.T, a attack) bool {
	t.Helper()
	dir, file, head := "shared/x/1/", "component.yaml", "kind: SharedComponent\nsharing: environment"
	switch a.by {
	case plugin.LevelProduct:
		dir, file, head = "products/x/1/", "product.yaml", "kind: Product"
	case plugin.LevelTenant:
		head = "kind: SharedComponent\nsharing: tenant"
	}
	head += "\nname: x\nversion: \"1\"\n"
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
		return base.Publishable(t.Context(), c, nil)
	}
	if err := try(object("v1", "Secret", "", "")); err != nil {
		t.Fatalf("Prove() without the attack = %v", err)
	}
	return try(strings.ReplaceAll(a.in(own), plugintest.Product().Parameters["domain"], "pop.example.com")) != nil // the sample's
}

// modes are the two in which Argo CD has the plugin: as its own server, and as
// commands under Argo CD's.
func modes(t *testing.T) map[string]apiclient.ConfigManagementPluginServiceClient {
	t.Helper()
	return map[string]apiclient.ConfigManagementPluginServiceClient{"native": served(t), "command": commands(t)}
}

// sealed returns a directory that has the object beside what belongs there, with
// all seals in order, and what is asked with it.
func (a attack) sealed() asked {
	granted := func(versions string) string { return `[{"name":"versions","map":{` + versions + `}}]` }
	if a.by == plugin.LevelTenant {
		base := plugintest.Base()
		base.Files["kustomization.yaml"] += "- attack.yaml\n"
		base.Files["attack.yaml"] = a.in(plugintest.Namespace)
		return asked{base.Dir(), granted(`"swg":"202","dsa":"31"`)}
	}
	o, component, versions := plugintest.Product(), "store", `"swg":"202"`
	if a.by == plugin.LevelShared {
		o, component, versions = plugintest.EnvironmentShared("license", "2"), "db", `"license":"2"`
	}
	text := a.in(o.Descriptor.Namespace)
	if label := "labels: {gatorcloud.io/component: " + component; strings.Contains(text, ", labels: {") { // of its own: one mapping
		text = strings.Replace(text, "labels: {", label+", ", 1)
	} else {
		text = strings.Replace(text, "metadata: {name:", "metadata: {"+label+"}, name:", 1)
	}
	o = o.With(map[string]string{"workloads/kustomization.yaml": o.Base["workloads/kustomization.yaml"] + "- attack.yaml\n", "workloads/attack.yaml": text})
	return asked{o.Dir(), granted(versions)}
}

func (a asked) request(t *testing.T) plugin.Request {
	t.Helper()
	r, err := plugin.NewRequest(a.dir, func(name string) string { return map[string]string{plugin.EnvParameters: a.parameters}[name] })
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// stoppedByPlugin asks for the sealed directory; each mode says what the
// generator does.
func stoppedByPlugin(t *testing.T, modes map[string]apiclient.ConfigManagementPluginServiceClient, a attack) bool {
	t.Helper()
	got, refused := plugin.New(overlay.New(overlay.Options{})).Generate(t.Context(), a.sealed().request(t))
	for mode, c := range modes {
		if _, err := a.sealed().generate(t, c); (err == nil) != (refused == nil) || err != nil && !strings.Contains(err.Error(), "sluice: error: "+refused.Error()) {
			t.Errorf("%s: %v, want %v", mode, err, refused)
		}
	}
	switch plugin.ReasonOf(refused) {
	case plugin.ReasonNamespace, plugin.ReasonAuthority:
		return true
	case "": // the overlay's own kustomization, which is compared, moves what is beside others' things
		elsewhere := parsedObject(t, a.in(own)).GetNamespace()
		return refused == nil && elsewhere != "" && !strings.Contains(string(got.Stream()), "namespace: "+elsewhere+"\n")
	}
	t.Fatalf("refused for another reason: %v", refused)
	return false
}

// stoppedByProject asks Argo CD whether the Application's project permits the object.
func stoppedByProject(t *testing.T, all map[string]v1alpha1.AppProject, a attack) bool {
	t.Helper()
	p, namespace := all["pop-sha1-tenants"], own
	switch a.by {
	case plugin.LevelTenant:
		p = all["pop-sha1"]
	case fleet:
		p = all["pop-sha1-fleet"]
	case plugin.LevelShared:
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
	permitted, err := p.IsResourcePermitted(gk, namespace, v1alpha1.ApplicationDestination{Name: "in-cluster", Server: manifest.InCluster, Namespace: namespace}, nil)
	return err != nil || !permitted
}

// stoppedBeside asks the API server's own code about what the fleet and the
// tenant's own Application write into Argo CD's namespace.
func stoppedBeside(t *testing.T, admits policy, a attack) bool {
	t.Helper()
	o := parsedObject(t, a.in(own))
	parent, writes := map[plugin.Level]string{fleet: "pop-sha1", plugin.LevelTenant: "pop-sha1-1000006"}[a.by]
	if !writes || o.GetNamespace() != "argocd" {
		return false
	}
	o.SetAnnotations(map[string]string{"argocd.argoproj.io/tracking-id": parent + ":" + o.GetKind() + ":argocd/x"})
	return admits.refuses(t, change{}, o, nil) != ""
}

// stoppedWithoutNamespace asks it about what the fleet writes into no namespace,
// where Argo CD tracks by label and the committer says another parent.
func stoppedWithoutNamespace(t *testing.T, a attack, all ...policy) bool {
	t.Helper()
	o := parsedObject(t, a.in(own))
	if gk := o.GroupVersionKind().GroupKind(); a.by != fleet || !manifest.ClusterScoped(gk.Group, gk.Kind) {
		return false
	}
	o.SetNamespace("")
	o.SetAnnotations(map[string]string{"argocd.argoproj.io/tracking-id": "platform:x:/x"})
	o.SetLabels(map[string]string{"app.kubernetes.io/instance": "pop-sha1"})
	if o.GetKind() == "CustomResourceDefinition" { // Argo CD marks none as its own
		o.SetAnnotations(nil)
		o.SetLabels(nil)
	}
	return slices.ContainsFunc(all, func(admits policy) bool { return admits.matches(o) && admits.refuses(t, change{}, o, nil) != "" })
}

// stoppedByAdmission asks the API server's own code, in a namespace without a
// declared pod security standard.
func stoppedByAdmission(t *testing.T, admits policy, a attack) bool {
	t.Helper()
	if a.by != plugin.LevelProduct {
		return false
	}
	o := parsedObject(t, a.in(own))
	o.SetNamespace(own)
	switch o.GetKind() {
	case "RoleBinding", "Role", "NetworkPolicy", "Service", "Ingress", "ApisixGlobalRule", "ApisixPluginConfig", "ApisixRoute", "ApisixUpstream", "ApisixTls", "GatewayProxy": // those that the policy matches
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

// bounds are those of a catalog whose versions have routes of APISIX and nothing
// else that is not Kubernetes' own.
func bounds() manifest.Bounds {
	return manifest.Bounds{Prefix: "tenant-", Tenants: []manifest.GroupKind{{Group: "apisix.apache.org", Kind: "ApisixRoute"},
		{Group: "apisix.apache.org", Kind: "ApisixTls"}, {Group: "apisix.apache.org", Kind: "ApisixUpstream"}}}
}

// applied are the projects of the fixture's environment.
func applied(t *testing.T) map[string]v1alpha1.AppProject {
	t.Helper()
	all := map[string]v1alpha1.AppProject{}
	for doc := range strings.SplitSeq(string(manifest.Projects(plugintest.Place(), bounds())), "---\n") {
		var p v1alpha1.AppProject
		decoded(t, []byte(doc), &p)
		all[p.Name] = p
	}
	return all
}

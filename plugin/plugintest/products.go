package plugintest

import (
	"fmt"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// catalogDigest is the locked digest of a version that no catalog holds.
func catalogDigest(ref string) string { return fmt.Sprintf("sha256:%064x", len(ref)) }

// Product returns the overlay of the fixture tenant's product swg at version
// 202: a store before a gateway, with a Job, a CronJob, an agent on every
// node, a claim and a route.
func Product() Overlay {
	id := ident.Must[ident.TenantKind](TenantID)
	return Overlay{
		Descriptor: manifest.Overlay{
			Environment: Place().Environment, Tenant: id, Namespace: Namespace,
			Product: ident.Must[ident.ProductKind]("swg"), Version: ident.Must[ident.VersionKind]("202"),
			State: "active", Replicas: 13, Catalog: catalogDigest("products/swg/202"),
		},
		Base: productBase("products/swg/202"),
		Parameters: map[string]string{
			"domain": "sha1.example.com", "environment": Environment, "namespace": Namespace, "popCode": "SHA1", "popId": "17",
			"product": "swg", "version": "202", "tenantId": TenantID, "tenantName": `zhang "yong"`, "tenantCode": "c5cb27eb",
			"replicas": "13", "storage": "80Gi", "storageClass": "fast", "logLevel": "info",
		},
	}
}

// Autoscaled returns the product's overlay of a tenant who may scale its gateway.
func Autoscaled() Overlay {
	o := Product()
	o.Descriptor.MaxReplicas = 9
	return o.With(map[string]string{
		"autoscaled/kustomization.yaml": "resources:\n- ../active\n- autoscaler.yaml\n",
		"autoscaled/autoscaler.yaml": strings.Replace(object("autoscaling/v2", "HorizontalPodAutoscaler", "gateway", "gateway", 1), "  annotations:\n", "  annotations:\n    "+manifest.AnnotationAutoscaler+": sluice\n", 1) +
			"spec:\n  minReplicas: 1\n  maxReplicas: 9\n  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: gateway}\n",
	})
}

// Shared returns the overlay of a shared component of the fixture's tenant.
func Shared(name, version string) Overlay {
	ref := "shared/" + name + "/" + version
	o := Product()
	o.Descriptor.Product, o.Descriptor.Component = ident.Product{}, ident.Must[ident.ComponentKind](name)
	o.Descriptor.Version, o.Descriptor.Replicas, o.Descriptor.Catalog = ident.Must[ident.VersionKind](version), 1, catalogDigest(ref)
	o.Base = map[string]string{
		manifest.GraphFile:             graphFile(ref, "- name: \"db\"\n  bucket: 0\n- name: \"api\"\n  bucket: 1\n  dependsOn: [\"db\"]\n"),
		manifest.ReplacementsFile:      "[]\n",
		"workloads/kustomization.yaml": "resources:\n- db.yaml\n- api.yaml\n",
		"workloads/db.yaml":            strings.ReplaceAll(deployment(name+"-db", "db", 0), "-db:1\n", "-db:"+version+"\n"),
		"workloads/api.yaml":           strings.ReplaceAll(deployment(name+"-api", "api", 1), "-api:1\n", "-api:"+version+"\n"),
		"active/kustomization.yaml":    "resources:\n- ../workloads\n",
	}
	return o
}

// EnvironmentShared returns the overlay of an environment-shared component,
// with a cluster-wide object.
func EnvironmentShared(name, version string) Overlay {
	o := Shared(name, version)
	o.Descriptor.Tenant, o.Descriptor.Namespace = ident.Tenant{}, manifest.SharedNamespace(Place().Environment)
	o = o.With(map[string]string{
		"workloads/kustomization.yaml": "resources:\n- db.yaml\n- api.yaml\n- role.yaml\n",
		"workloads/role.yaml": object("rbac.authorization.k8s.io/v1", "ClusterRole", name, "db", 0) +
			"rules:\n- apiGroups: [\"\"]\n  resources: [nodes]\n  verbs: [get]\n",
	})
	return o
}

func graphFile(ref, components string) string {
	return fmt.Sprintf("apiVersion: %s\nkind: Graph\nversion: %q\ncatalog: %q\ncomponents:\n%s", manifest.APIVersion, ref, catalogDigest(ref), components)
}

func productBase(ref string) map[string]string {
	const components = "- name: \"store\"\n  bucket: 0\n- name: \"gateway\"\n  bucket: 1\n  dependsOn: [\"store\", \"identity\"]\n"
	return map[string]string{
		manifest.GraphFile: graphFile(ref, components+"routes: 2\n"),
		manifest.ReplacementsFile: `- source: {kind: ConfigMap, name: parameters, fieldPath: data.replicas}
  targets:
  - select: {kind: Deployment, name: gateway}
    fieldPaths: [spec.replicas]
- source: {kind: ConfigMap, name: parameters, fieldPath: data.tenantName}
  targets:
  - select: {kind: ConfigMap, name: settings}
    fieldPaths: [data.tenant]
`,
		"workloads/kustomization.yaml": "resources:\n- store.yaml\n- gateway.yaml\n",
		"workloads/store.yaml": strings.Join([]string{
			object("v1", "ConfigMap", "settings", "store", 0) + "data:\n  tenant: nobody\n  config.yaml: |\n    kind: Deployment\n    ---\n    spec:\n      replicas: 3\n",
			claim("data", "store"), strings.ReplaceAll(strings.ReplaceAll(deployment("store", "store", 0), "Deployment", "StatefulSet"), deadline, "  serviceName: store\n"),
			object("batch/v1", "CronJob", "sweep", "store", 0) + "spec:\n  schedule: \"0 3 * * *\"\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          restartPolicy: Never\n          containers:\n          - {name: main, image: registry.example.com/sweep:1}\n",
		}, "---\n"),
		"workloads/gateway.yaml": strings.Join([]string{
			deployment("gateway", "gateway", 1), object("v1", "Service", "gateway", "gateway", 1) + "spec:\n  selector: {app: gateway}\n  ports:\n  - {name: http, port: 80}\n",
			strings.ReplaceAll(strings.ReplaceAll(deployment("agent", "gateway", 1), "Deployment", "DaemonSet"), deadline+"  replicas: 1\n", ""),
		}, "---\n"),
		"active/kustomization.yaml": "resources:\n- ../workloads\n- routes.yaml\n",
		"active/routes.yaml":        object("apisix.apache.org/v2", "ApisixRoute", "gateway", manifest.ComponentRoutes, 2) + "spec:\n  http:\n  - name: all\n    match: {hosts: [c5cb27eb.swg.sha1.example.com], paths: [/*]}\n    backends:\n    - {serviceName: gateway, servicePort: 80}\n",
		"suspended/kustomization.yaml": `resources:
- ../workloads
patches:
- target: {kind: Deployment|StatefulSet}
  patch: '[{"op": "add", "path": "/spec/replicas", "value": 0}]'
- target: {kind: CronJob}
  patch: '[{"op": "add", "path": "/spec/suspend", "value": true}]'
- target: {kind: DaemonSet}
  patch: '[{"op": "add", "path": "/spec/template/spec/nodeSelector", "value": {"gatorcloud.io/suspended": "true"}}]'
`,
		"retained/kustomization.yaml": "resources:\n- data.yaml\n",
		"retained/data.yaml":          claim("data", "store") + "---\n" + object("v1", "ConfigMap", "swg-retained", manifest.ComponentRetained, 0) + "data: {}\n",
	}
}

func object(apiVersion, kind, name, component string, wave int) string {
	return fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata:\n  name: %s\n  labels:\n    %s: %s\n  annotations:\n    %s: \"%d\"\n",
		apiVersion, kind, name, manifest.LabelComponent, component, manifest.AnnotationWave, wave)
}

func claim(name, component string) string {
	return object("v1", "PersistentVolumeClaim", name, component, 0) + "spec:\n  accessModes: [ReadWriteOnce]\n  resources:\n    requests:\n      storage: 1Gi\n"
}

const deadline = "  progressDeadlineSeconds: 600\n"

func deployment(name, component string, wave int) string {
	return object("apps/v1", "Deployment", name, component, wave) + fmt.Sprintf(`spec:
  progressDeadlineSeconds: 600
  replicas: 1
  selector:
    matchLabels: {app: %[1]s}
  template:
    metadata:
      labels: {app: %[1]s}
    spec:
      containers:
      - name: main
        image: registry.example.com/%[1]s:1
        args: ["--listen=:8080"]
`, name)
}

// Package overlaytest makes overlays for tests and benchmarks: directories of
// the form that the renderer writes, around bases that no catalog knows.
package overlaytest

import (
	"fmt"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// Must returns the directory that holds files, keyed by slash path, and
// panics if there is none: the files are constants of tests.
func Must(files map[string]string) *tree.Dir {
	m := make(map[string][]byte, len(files))
	for p, s := range files {
		m[p] = []byte(s)
	}
	d, err := tree.FromFiles(m)
	if err != nil {
		panic(err)
	}
	return d
}

// Overlay returns an overlay of base in the rendered form.
func Overlay(base *tree.Dir, spec manifest.KustomizationSpec, parameters map[string]string) *tree.Dir {
	d, err := tree.New(
		tree.Entry{Name: "kustomization.yaml", Data: manifest.Kustomization(spec)},
		tree.Entry{Name: "parameters.yaml", Data: manifest.Parameters(parameters)},
		tree.Entry{Name: "base", Dir: base},
	)
	if err != nil {
		panic(err)
	}
	return d
}

// Values returns the parameters of tenant number n of the synthetic product.
func Values(n int) (manifest.KustomizationSpec, map[string]string) {
	id := fmt.Sprint(1000000 + n)
	spec := manifest.KustomizationSpec{Namespace: "tenant-" + id, Tenant: id, State: "active"}
	return spec, map[string]string{
		"domain": "sha1.gatorcloud.io", "environment": "pop-sha1", "namespace": spec.Namespace,
		"popCode": "SHA1", "popId": "17", "product": "swg", "version": "202",
		"tenantId": id, "tenantName": "zhang yong", "tenantCode": fmt.Sprintf("c5cb%04x", n),
		"replicas": fmt.Sprint(1 + n%13), "storage": "80Gi", "storageClass": "fast", "logLevel": "info",
	}
}

// Product returns a base of 18 objects: six Deployments with a Service and a
// ConfigMap each, into which the parameters go in all ways that replacements have.
func Product() *tree.Dir {
	files := map[string]string{
		"workloads/kustomization.yaml": "resources:\n",
		"active/kustomization.yaml":    "resources:\n- ../workloads\n",
		"suspended/kustomization.yaml": "resources:\n- ../workloads\npatches:\n- target: {kind: Deployment}\n  patch: |\n" +
			"    - {op: replace, path: /spec/replicas, value: 0}\n",
		"retained/kustomization.yaml": "resources:\n- data.yaml\n",
		"retained/data.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: swg-retained\n" +
			"  labels: {gatorcloud.io/product: swg}\n",
		"replacements.yaml": Replacements,
	}
	for _, c := range []string{"gateway", "policy", "scanner", "logger", "cache", "portal"} {
		files["workloads/"+c+".yaml"] = strings.ReplaceAll(component, "NAME", c)
		files["workloads/kustomization.yaml"] += "- " + c + ".yaml\n"
	}
	return Must(files)
}

// Replacements is the replacements.yaml of Product.
const Replacements = `- source: {kind: ConfigMap, name: parameters, fieldPath: data.replicas}
  targets:
  - select: {kind: Deployment}
    fieldPaths: [spec.replicas]
- source: {kind: ConfigMap, name: parameters, fieldPath: data.tenantCode}
  targets:
  - select: {kind: Deployment}
    fieldPaths: ["spec.template.spec.containers.[name=main].env.[name=TENANT_CODE].value"]
  - select: {kind: ConfigMap, name: .*-config}
    fieldPaths: [data.host]
    options: {delimiter: ".", index: 0}
- source: {kind: ConfigMap, name: parameters, fieldPath: data.domain}
  targets:
  - select: {kind: ConfigMap, name: .*-config}
    fieldPaths: [data.host]
    options: {delimiter: ".", index: 1}
- source: {kind: ConfigMap, name: parameters, fieldPath: data.tenantName}
  targets:
  - select: {kind: ConfigMap, name: .*-config}
    fieldPaths: [data.tenant]
- source: {kind: ConfigMap, name: parameters, fieldPath: data.logLevel}
  targets:
  - select: {kind: Deployment}
    fieldPaths: ["metadata.annotations.[example.com/log]"]
    options: {create: true}
`

const component = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: NAME
  labels: {gatorcloud.io/product: swg, gatorcloud.io/component: NAME}
  annotations: {argocd.argoproj.io/sync-wave: "0"}
spec:
  replicas: 1
  progressDeadlineSeconds: 600
  selector: {matchLabels: {app: NAME}}
  template:
    metadata:
      labels: {app: NAME}
    spec:
      containers:
      - name: main
        image: registry.example.com/swg/NAME:202
        args: ["--config=/etc/NAME/config.yaml", "--listen=0.0.0.0:8080"]
        ports: [{containerPort: 8080, name: http}]
        env:
        - {name: TENANT_CODE, value: none}
        - {name: MODE, value: "true"}
        resources:
          requests: {cpu: 100m, memory: 128Mi}
          limits: {memory: 256Mi}
        livenessProbe: {httpGet: {path: /healthz, port: http}, periodSeconds: 10}
        readinessProbe: {httpGet: {path: /readyz, port: http}, periodSeconds: 5}
        volumeMounts: [{name: config, mountPath: /etc/NAME}]
      volumes: [{name: config, configMap: {name: NAME-config}}]
---
apiVersion: v1
kind: Service
metadata:
  name: NAME
  labels: {gatorcloud.io/product: swg, gatorcloud.io/component: NAME}
spec:
  selector: {app: NAME}
  ports: [{name: http, port: 80, targetPort: http}]
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: NAME-config
  labels: {gatorcloud.io/product: swg, gatorcloud.io/component: NAME}
data:
  host: tenant.domain
  tenant: nobody
  config.yaml: |
    listen: 0.0.0.0:8080
    workers: 4
`

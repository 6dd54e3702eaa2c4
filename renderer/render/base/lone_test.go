package base

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// lone returns a catalog of one version of one component: a Deployment with its
// Service, in which texts are replaced, and more objects.
func lone(edits [][2]string, more string) fstest.MapFS {
	objects := `apiVersion: apps/v1
kind: Deployment
metadata: {name: lone}
spec:
  progressDeadlineSeconds: 60
  strategy: {type: RollingUpdate}
  selector: {matchLabels: {app: lone}}
  template:
    metadata: {labels: {app: lone}}
    spec:
      terminationGracePeriodSeconds: 30
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      volumes: [{name: settings, configMap: {name: lone}}]
      containers:
      - name: main
        image: registry.example.com/lone:1
        ports: [{name: http, containerPort: 8080}]
        env: [{name: MODE, valueFrom: {configMapKeyRef: {name: lone, key: mode}}}]
        volumeMounts: [{name: settings, mountPath: /settings}]
        readinessProbe: {httpGet: {port: http, path: /}}
        resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: 200m, memory: 64Mi}}
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
---
apiVersion: v1
kind: Service
metadata: {name: lone}
spec: {selector: {app: lone}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: lone}
data: {mode: fast}
`
	for _, e := range edits {
		if !strings.Contains(objects, e[0]) {
			panic(e[0])
		}
		objects = strings.Replace(objects, e[0], e[1], 1)
	}
	if more != "" {
		objects += "---\n" + more
	}
	files := fstest.MapFS{}
	for name, text := range map[string]string{
		"product.yaml":                    "apiVersion: sluice.gatorcloud.io/v1\nkind: Product\nname: lone\nversion: \"1\"\ndescription: d\ncomponents: [{name: c}]\nallowTags: true\n",
		"components/c/kustomization.yaml": "resources: [a.yaml]\n",
		"components/c/a.yaml":             objects,
	} {
		files["products/lone/1/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}

// What Kubernetes or a node would refuse later is refused here, and what only looks
// like it is not.
func TestProveLone(t *testing.T) {
	short.Skip(t, "builds or proves a version for each case")
	e := func(from, to string) [][2]string { return [][2]string{{from, to}} }
	for name, tc := range map[string]struct {
		want  string // empty for what is accepted
		edits [][2]string
		more  string
	}{
		"Sound":           {"", nil, ""},
		"DupPortName":     {`port "http" is there twice`, e("ports: [{name: http, containerPort: 8080}]", "ports: [{name: http, containerPort: 8080}, {name: http, containerPort: 8081}]"), ""},
		"TimeZone":        {`spec.timeZone "Europe/Nowhere" is none`, nil, "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: x}\nspec: {schedule: \"1 * * * *\", timeZone: Europe/Nowhere, jobTemplate: {spec: {template: {spec: {restartPolicy: Never, securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}, containers: [{name: a, image: \"r.example.com/a:1\", securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}}}}}\n"},
		"CIDR":            {`"10.0.0.0/33" is no network`, nil, "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x}\nspec: {podSelector: {matchLabels: {app: lone}}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/33}}]}]}\n"},
		"RoleElsewhere":   {"", nil, "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: x}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: gone}\nsubjects: [{kind: ServiceAccount, name: default}]\n"},
		"RoleNoVerbs":     {`has no verbs`, nil, "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: x}\nrules: [{apiGroups: [\"\"], resources: [configmaps], verbs: []}]\n"},
		"NegativeSize":    {`sizeLimit -1Gi is negative`, e("volumes: [{name: settings, configMap: {name: lone}}]", "volumes: [{name: settings, emptyDir: {sizeLimit: -1Gi}}]"), ""},
		"Percent":         {`maxSurge "ten" is not allowed`, e("{type: RollingUpdate}", "{type: RollingUpdate, rollingUpdate: {maxSurge: ten}}"), ""},
		"FieldRef":        {`fieldPath "metadata.foo"`, e("{configMapKeyRef: {name: lone, key: mode}}", "{fieldRef: {fieldPath: metadata.foo}}"), ""},
		"FieldRefGood":    {"", e("{configMapKeyRef: {name: lone, key: mode}}", "{fieldRef: {fieldPath: metadata.namespace}}"), ""},
		"ResourceRef":     {`resource "limits.gpu"`, e("{configMapKeyRef: {name: lone, key: mode}}", "{resourceFieldRef: {resource: limits.gpu}}"), ""},
		"SubPath":         {`subPath "../x" leads out`, e("mountPath: /settings", "mountPath: /settings, subPath: ../x"), ""},
		"InitProbe":       {`init container "init" ends before`, e("      containers:\n", "      initContainers: [{name: init, image: \"registry.example.com/lone:1\", readinessProbe: {tcpSocket: {port: 1}}, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]\n      containers:\n"), ""},
		"Sidecar":         {"", e("      containers:\n", "      initContainers: [{name: init, image: \"registry.example.com/lone:1\", restartPolicy: Always, readinessProbe: {tcpSocket: {port: 1}}, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]\n      containers:\n"), ""},
		"SidecarPort":     {"", [][2]string{{"      containers:\n", "      initContainers: [{name: init, image: \"registry.example.com/lone:1\", restartPolicy: Always, ports: [{name: side, containerPort: 1}], securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]\n      containers:\n"}, {"targetPort: http", "targetPort: side"}}, ""},
		"KeyTwice":        {`the key "mode" is in data and in binaryData`, e("data: {mode: fast}", "data: {mode: fast}\nbinaryData: {mode: YQ==}"), ""},
		"KeyGoneOptional": {"", e("key: mode}", "key: gone, optional: true}"), ""},
		"ItemPath":        {`path "../x" leads out`, e("configMap: {name: lone}", "configMap: {name: lone, items: [{key: mode, path: ../x}]}"), ""},
		"NodePort":        {`nodePort 80 is not in the range`, e("spec: {selector: {app: lone}, ports: [{name: http, port: 80,", "spec: {type: NodePort, selector: {app: lone}, ports: [{name: http, port: 80, nodePort: 80,"), ""},
		"NodePortFixed":   {`the port 30080 of a node can be one tenant's alone`, e("spec: {selector: {app: lone}, ports: [{name: http, port: 80,", "spec: {type: NodePort, selector: {app: lone}, ports: [{name: http, port: 80, nodePort: 30080,"), ""},
		"NodePortFree":    {"", e("spec: {selector: {app: lone}, ports: [{name: http,", "spec: {type: NodePort, selector: {app: lone}, ports: [{name: http,"), ""},
		"ImageUpper":      {`is no name of an image`, e("registry.example.com/lone:1", "registry.example.com/Lone:1"), ""},
		"LivenessTwice":   {`successThreshold 2 is more than 1`, e("readinessProbe: {", "livenessProbe: {successThreshold: 2, "), ""},
		"Active":          {`have activeDeadlineSeconds`, e("terminationGracePeriodSeconds: 30", "activeDeadlineSeconds: 30"), ""},
		"Toleration":      {`effect "NoExecutee"`, e("terminationGracePeriodSeconds: 30", "tolerations: [{key: a, operator: Exists, effect: NoExecutee}]"), ""},
		"Resource":        {`there is no resource "memroy"`, e("limits: {cpu: 200m, memory: 64Mi}", "limits: {cpu: 200m, memroy: 64Mi}"), ""},
		"Affinity":        {`has no topologyKey`, e("terminationGracePeriodSeconds: 30", "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {matchLabels: {app: lone}}}]}}"), ""},
		"Spread":          {`maxSkew 0 is none`, e("terminationGracePeriodSeconds: 30", "topologySpreadConstraints: [{maxSkew: 0, topologyKey: zone, whenUnsatisfiable: DoNotSchedule}]"), ""},
		"SpreadWord":      {`whenUnsatisfiable "Maybe"`, e("terminationGracePeriodSeconds: 30", "topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: Maybe}]"), ""},
		"HostAlias":       {`ip "1.2.3" is no address`, e("terminationGracePeriodSeconds: 30", "hostAliases: [{ip: 1.2.3, hostnames: [a]}]"), ""},
		"DNS":             {`there are no name servers`, e("terminationGracePeriodSeconds: 30", "dnsPolicy: None"), ""},
		"PreStopPort":     {`end at port "gone"`, e("readinessProbe: {", "lifecycle: {preStop: {httpGet: {port: gone}}}\n        readinessProbe: {"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := catalog.LoadUnlocked(lone(tc.edits, tc.more))
			if err == nil {
				err = Publishable(t.Context(), c, nil)
			}
			switch {
			case (err == nil) != (tc.want == ""):
				t.Errorf("Publishable() = %v, want %q", err, tc.want)
			case err != nil && (len(catalog.Faults(err)) != 1 || !strings.Contains(err.Error(), tc.want) || fault.HintOf(err) == ""):
				t.Errorf("Publishable() = %v with hint %q, want %q alone", err, fault.HintOf(err), tc.want)
			}
		})
	}
}

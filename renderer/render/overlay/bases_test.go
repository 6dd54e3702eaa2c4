package overlay

import (
	"fmt"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay/overlaytest"
)

// from returns a replacement that copies one parameter to field paths of
// objects of a kind; options is the text of its options or empty.
func from(parameter, kind, options string, paths ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "- source: {kind: ConfigMap, name: parameters, fieldPath: data.%s}\n", parameter)
	fmt.Fprintf(&b, "  targets:\n  - select: {kind: %s}\n", kind)
	if options != "" {
		fmt.Fprintf(&b, "    options: {%s}\n", options)
	}
	b.WriteString("    fieldPaths:\n")
	for _, p := range paths {
		fmt.Fprintf(&b, "    - %q\n", p)
	}
	return b.String()
}

// small returns a base of one file of objects.
func small(objects, replacements string, more ...string) *tree.Dir {
	files := map[string]string{
		"active/kustomization.yaml": "resources: [objects.yaml]\n",
		"active/objects.yaml":       objects,
		"replacements.yaml":         replacements,
	}
	for i := 0; i < len(more); i += 2 {
		files[more[i]] = more[i+1]
	}
	return overlaytest.Must(files)
}

const styles = `apiVersion: example.com/v1
kind: Thing
metadata:
  name: thing
  annotations: {note: none, port: "80"}
spec:
  plain: text
  single: 'text'
  double: "text"
  literal: |
    text
  folded: >-
    text
  strip: |-
    text
  int: 1
  float: 1.5
  bool: true
  nothing: null
  tilde: ~
  empty: ""
  tagged: !!str 1
  flow: {value: text, list: [text, 1]}
  list: [a, b]
  lists: [[a], [b]]
  deep: {a: {b: {c: [{d: {e: text}}]}}}
  commented: text # why
  env:
  - {name: A, value: text}
  - name: B
    value: text
  - value: text
    name: C
`

const workload = `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 1
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      serviceAccountName: runner
      containers:
      - name: main
        image: example.com/team/db:1
        args: [--host=tenant.domain, "--mode=x"]
        ports: [{containerPort: 80}]
      volumes: [{name: c, configMap: {name: settings}}, {name: s, secret: {secretName: token}}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {storageClassName: slow, resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: runner}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {url: "http://host.domain:80/path", a: "1"}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: bind}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: role}
subjects:
- {kind: ServiceAccount, name: runner, namespace: other}
- {kind: ServiceAccount, name: runner, namespace: tenant-x}
- {kind: ServiceAccount, name: default}
- {kind: ServiceAccount, name: runner, namespace: elsewhere}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: everyone}
rules: [{apiGroups: [""], resources: [pods], resourceNames: [x], verbs: [get]}]
`

// bases are the bases of the differential test by name.
func bases() map[string]*tree.Dir {
	return map[string]*tree.Dir{
		"Product": overlaytest.Product(),
		"Styles": small(styles, from("p", "Thing", "",
			"spec.plain", "spec.single", "spec.double", "spec.literal", "spec.folded", "spec.strip", "spec.tagged", "spec.empty",
			"spec.flow.value", "spec.flow.list.0", "spec.list.1", "spec.lists.0.0", "spec.deep.a.b.c.0.d.e", "spec.commented",
			"spec.env.[name=A].value", "spec.env.[name=B].value", "spec.env.[name=C].value", "metadata.annotations.note")),
		"Numbers":  small(styles, from("p", "Thing", "", "spec.int", "metadata.annotations.port")),
		"Floats":   small(styles, from("p", "Thing", "", "spec.float")),
		"Booleans": small(styles, from("p", "Thing", "", "spec.bool")),
		"Nulls":    small(styles, from("p", "Thing", "", "spec.nothing", "spec.tilde")),
		"FlowInt":  small(styles, from("p", "Thing", "", "spec.flow.list.1")),
		"Create": small(styles, from("p", "Thing", "create: true", "spec.new", "spec.more.deep.new", "metadata.labels.made", "spec.env.[name=D].value",
			"metadata.annotations.[example.com/x.y]")),
		"Map": small(styles, from("p", "Thing", "", "spec.flow", "spec.lists")),
		"Delimiters": small(workload, from("p", "StatefulSet", "delimiter: '=', index: 1", "spec.template.spec.containers.[name=main].args.1")+
			from("p", "StatefulSet", "delimiter: '.', index: 0", "spec.template.spec.containers.[name=main].args.0")+
			from("q", "StatefulSet", "delimiter: '.', index: 1", "spec.template.spec.containers.[name=main].args.0")+
			from("p", "ConfigMap, name: settings", "delimiter: '://', index: 0", "data.url")+
			from("q", "ConfigMap, name: settings", "delimiter: ':', index: 9", "data.url")+
			from("q", "ConfigMap, name: settings", "delimiter: '/', index: -1", "data.url")),
		"SplitLater": small(workload, from("p", "StatefulSet", "", "spec.template.spec.containers.[name=main].args.0")+
			from("q", "StatefulSet", "delimiter: '.', index: 1", "spec.template.spec.containers.*.args.0")),
		"SplitInOne": small(workload, "- source: {kind: ConfigMap, name: parameters, fieldPath: data.p}\n  targets:\n"+
			"  - select: {kind: StatefulSet}\n    fieldPaths: [spec.template.spec.containers.0.args.0]\n"+
			"  - select: {kind: StatefulSet}\n    fieldPaths: [spec.template.spec.containers.0.args.0]\n    options: {delimiter: '-', index: 0}\n"),
		"SplitBefore": small(workload, from("p", "StatefulSet", "delimiter: '.', index: 0", "spec.template.spec.containers.[name=main].args.0")+
			from("q", "StatefulSet", "delimiter: '.', index: 1", "spec.template.spec.containers.[name=main].args.0")+
			from("p", "ConfigMap, name: settings", "", "data.a")),
		"SplitParameter": small(workload, from("p", "'Config.*', name: parameters", "", "data.q")+
			from("q", "StatefulSet", "", "spec.template.spec.containers.0.args.0")+
			from("environment", "StatefulSet", "delimiter: '.', index: 0", "spec.template.spec.containers.0.args.0")),
		"SplitAlias": small("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: &x one.two, b: *x}\n",
			from("p", "ConfigMap, name: settings", "", "data.a")+from("q", "ConfigMap, name: settings", "delimiter: '.', index: 0", "data.b")),
		"SplitSpace": small(workload, from("p", "RoleBinding", "delimiter: '-', index: 1", "subjects.2.namespace")+
			from("q", "StatefulSet", "delimiter: '-', index: 1", "metadata.labels.[gatorcloud.io/tenant]")),
		"SplitShared": small(workload, from("p", "StatefulSet", "", "metadata.labels.[gatorcloud.io/tenant]", "spec.template.metadata.labels.[x.y/a]")+
			from("q", "StatefulSet", "delimiter: '.', index: 0", "spec.template.metadata.labels.[gatorcloud.io/tenant]", "metadata.labels.[x.y/a]"),
			"active/kustomization.yaml", "resources: [objects.yaml]\nlabels: [{pairs: {x.y/a: v}, includeTemplates: true}]\n"),
		"SplitSource": small(workload, `- source: {kind: ConfigMap, name: parameters, fieldPath: data.p, options: {delimiter: ".", index: 0}}
  targets: [{select: {kind: ConfigMap, name: settings}, fieldPaths: [data.a]}]
- source: {kind: ConfigMap, name: settings, fieldPath: data.a}
  targets: [{select: {kind: StatefulSet}, fieldPaths: ["metadata.annotations.copy"], options: {create: true}}]
- source: {kind: StatefulSet, name: db, fieldPath: metadata.namespace}
  targets: [{select: {kind: RoleBinding}, fieldPaths: ["subjects.0.namespace", "subjects.*.namespace"]}]
`),
		"Image": small(workload, from("p", "StatefulSet", "delimiter: ':', index: 1", "spec.template.spec.containers.*.image")+
			from("q", "StatefulSet", "delimiter: '/', index: 0", "spec.template.spec.containers.*.image")),
		"References": small(workload, from("p", "StatefulSet", "", "spec.serviceName", "spec.template.spec.serviceAccountName",
			"spec.template.spec.volumes.0.configMap.name", "spec.template.spec.volumes.1.secret.secretName", "spec.volumeClaimTemplates.0.spec.storageClassName")+
			from("q", "RoleBinding", "", "subjects.0.name", "roleRef.name")+from("q", "ClusterRole", "", "rules.0.resourceNames.0")),
		"Subjects": small(workload, from("namespace", "RoleBinding", "", "subjects.0.namespace")+from("p", "RoleBinding", "", "subjects.3.namespace")),
		"Renamed": small(workload, from("p", "StatefulSet", "", "spec.template.spec.volumes.0.configMap.name", "spec.template.spec.serviceAccountName")+
			from("q", "RoleBinding", "", "subjects.0.namespace")+
			from("q", "RoleBinding", "delimiter: '-', index: 1", "subjects.1.namespace"),
			"active/kustomization.yaml", "namePrefix: pre-\nresources: [objects.yaml]\n"),
		"Hashed": small(workload, from("p", "StatefulSet", "", "spec.template.spec.volumes.1.secret.secretName"),
			"active/kustomization.yaml", "resources: [objects.yaml]\nconfigMapGenerator: [{name: generated, literals: [a=b]}]\n"),
		"HashedValue": small(workload, from("p", "ConfigMap, name: generated", "", "data.a"),
			"active/kustomization.yaml", "resources: [objects.yaml]\nconfigMapGenerator: [{name: generated, literals: [a=b]}]\n"),
		"Metadata": small(workload, from("p", "ConfigMap, name: settings", "", "metadata.name")),
		"Kind":     small(workload, from("p", "ConfigMap, name: settings", "", "kind")),
		"Space":    small(workload, from("p", "ConfigMap, name: settings", "", "metadata.namespace")),
		"Local":    small(workload, from("p", "StatefulSet", "create: true", "metadata.annotations.[config.kubernetes.io/local-config]")),
		"JSON": small(strings.Replace(workload, `"1"`, `'{"x": "y"}'`, 1), `- source: {kind: ConfigMap, name: parameters, fieldPath: data.p}
  targets: [{select: {kind: ConfigMap, name: settings}, fieldPaths: [data.a.x]}]
`),
		"Chain":    small(styles, from("p", "Thing", "", "spec.plain")+from("q", "Thing", "create: true", "spec.plain.x")),
		"Selected": small(styles, from("p", "Thing", "", "spec.env.[name=A].name")+from("q", "Thing", "", "spec.env.[name=.].value")),
		"Overwrites": small(styles, from("p", "Thing", "", "spec.plain")+`- source: {kind: ConfigMap, name: parameters, fieldPath: data.q}
  targets: [{select: {kind: ConfigMap}, fieldPaths: [data.p]}]
`+from("p", "Thing", "", "spec.double")),
		"WholeMap": small(styles, `- source: {kind: ConfigMap, name: parameters, fieldPath: data}
  targets: [{select: {kind: Thing}, fieldPaths: [spec.flow]}]
`),
		"Vars": small(workload+"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: v}\ndata: {a: $(V)}\n", from("p", "StatefulSet", "create: true", "metadata.annotations.v"),
			"active/kustomization.yaml", "resources: [objects.yaml]\nvars: [{name: V, objref: {kind: ConfigMap, name: settings, apiVersion: v1}}]\n"),
		"Selectors": small(workload, `- source: {kind: ConfigMap, name: parameters, fieldPath: data.p}
  targets: [{select: {labelSelector: "gatorcloud.io/tenant=1000006"}, fieldPaths: [metadata.annotations.x], options: {create: true}}]
`),
	}
}

// never are the bases that have no stencil, because their results depend on
// values in ways that unique strings do not show.
var never = map[string]string{
	"Metadata": "metadata.name", "Kind": "value stands in kind", "Space": "namespace", "Local": "config.kubernetes.io",
	"JSON": "leads into a string", "Chain": "leads into", "Selected": "by which a replacement selects", "Vars": "uses vars",
	"Selectors": "by namespace, label", "HashedValue": "depends on the values",
}

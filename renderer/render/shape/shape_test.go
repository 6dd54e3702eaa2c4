package shape_test

import (
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/render/shape"
)

// decode decodes a stream of manifests.
func decode(t *testing.T, stream string) ([]*shape.Object, error) {
	t.Helper()
	var all []*shape.Object
	for doc := range strings.SplitSeq(stream, "\n---\n") {
		text, err := yaml.YAMLToJSONStrict([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		o, err := shape.Decode(text)
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, nil
}

// web is a workload with everything that one refers to.
const web = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: web
      containers:
      - name: web
        image: registry.example.com/web:1
        ports: [{name: http, containerPort: 8080}]
        env:
        - {name: LEVEL, valueFrom: {configMapKeyRef: {name: settings, key: level}}}
        - {name: TOKEN, valueFrom: {secretKeyRef: {name: token, key: token}}}
        envFrom: [{configMapRef: {name: settings}}]
        resources: {requests: {cpu: 10m, memory: 1Gi}, limits: {memory: 2Gi}}
        readinessProbe: {httpGet: {path: /, port: http}}
        volumeMounts: [{name: data, mountPath: /data}, {name: conf, mountPath: /conf}]
      volumes:
      - {name: data, persistentVolumeClaim: {claimName: data}}
      - {name: conf, projected: {sources: [{configMap: {name: settings, items: [{key: level, path: level}]}}, {secret: {name: token}}]}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {level: info}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: from-vault}
spec: {target: {name: token}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  rules: [{host: a.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: report}
spec:
  schedule: "0 3 * * *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: report, image: registry.example.com/web:1}]}}}}`

// faults returns everything that is said of a stream.
func faults(t *testing.T, stream string) []error {
	t.Helper()
	objects, err := decode(t, stream)
	if err != nil {
		return []error{err}
	}
	var all []error
	for _, o := range objects {
		all = append(all, shape.Check(o)...)
	}
	return append(all, shape.Links(objects, nil)...)
}

func TestSoundObjects(t *testing.T) {
	for _, f := range faults(t, web) {
		t.Errorf("a sound version has the fault: %v", f)
	}
}

// Each case breaks a sound version in one place.
func TestFaults(t *testing.T) {
	for name, tc := range map[string]struct {
		reason, old, new, want string
	}{
		"UnknownField":    {"the API server drops it in silence", "replicas: 2", "replica: 2", `unknown field "spec.replica"`},
		"WrongType":       {"a text for a number", "replicas: 2", `replicas: "2"`, `field "spec.replicas" is a string and takes a int32`},
		"Quantity":        {"no quantity", "memory: 1Gi", "memory: 1GiB", `requests.memory": "1GiB" is no amount`},
		"GoneVersion":     {"Kubernetes has dropped it", "policy/v1\n", "policy/v1beta9\n", "no longer serves policy/v1beta9"},
		"Unknown":         {"Kubernetes never had it", "policy/v1\n", "policy/v7\n", "there is no PodDisruptionBudget in policy/v7"},
		"Preview":         {"clusters have dropped it", "policy/v1\n", "policy/v1beta1\n", "no longer serves policy/v1beta1"},
		"TwoPortsAlike":   {"one of them would win", "ports: [{port: 80, targetPort: http}]", "ports: [{name: a, port: 80}, {name: b, port: 80}]", "port 80 is there twice"},
		"ProbeNumber":     {"no port", "{httpGet: {path: /, port: http}}", "{httpGet: {path: /, port: 0}}", "0 is no port"},
		"Strategy":        {"no such way", "replicas: 2", "replicas: 2\n  strategy: {type: Rolling}", "spec.strategy.type"},
		"Still":           {"nothing may move", "replicas: 2", "replicas: 2\n  strategy: {rollingUpdate: {maxSurge: 0%, maxUnavailable: 0}}", "lets nothing move"},
		"MinReady":        {"it would always fail", "replicas: 2", "replicas: 2\n  minReadySeconds: 90\n  progressDeadlineSeconds: 60", "minReadySeconds 90"},
		"Port":            {"above all ports", "containerPort: 8080", "containerPort: 80800", "80800 is no port"},
		"PortName":        {"a name that is too long", "{name: http, c", "{name: http-of-the-web-server, c", `"http-of-the-web-server" is not allowed`},
		"LabelValue":      {"a space in a label", "labels: {app: web}}\nspec", "labels: {app: a web}}\nspec", `"a web" is not allowed`},
		"Annotations":     {"more than the API server keeps", "metadata: {name: settings}", "metadata: {name: settings, annotations: {a: " + strings.Repeat("x", 262145) + "}}", "annotations"},
		"ServiceName":     {"no DNS label", "kind: Service\nmetadata: {name: web}", "kind: Service\nmetadata: {name: web.x}", `"web.x" is not allowed`},
		"TwoPorts":        {"ports without names", "ports: [{port: 80, targetPort: http}]", "ports: [{port: 80, targetPort: http}, {port: 81, targetPort: http}]", "has no name"},
		"OwnPods":         {"its pods have other labels", "metadata: {labels: {app: web}}\n    spec", "metadata: {labels: {app: wep}}\n    spec", "does not select its own pods"},
		"NoSelector":      {"it would select everything", "selector: {matchLabels: {app: web}}\n  template", "selector: {}\n  template", "spec.selector is empty"},
		"Requests":        {"more than the limit", "limits: {memory: 2Gi}", "limits: {memory: 1Mi}", "requests 1Gi of memory and is limited to 1Mi"},
		"Probe":           {"two handlers", "{httpGet: {path: /, port: http}}", "{httpGet: {path: /, port: http}, exec: {command: [a]}}", "2 handlers"},
		"ProbePort":       {"a port that nobody names", "{httpGet: {path: /, port: http}}", "{httpGet: {path: /, port: htp}}", `probed at port "htp"`},
		"Restart":         {"a Deployment restarts always", "serviceAccountName: web\n", "serviceAccountName: web\n      restartPolicy: Never\n", "restartPolicy"},
		"JobRestart":      {"a Job does not", "restartPolicy: Never, ", "", "restartPolicy"},
		"Schedule":        {"six fields", "0 3 * * *", "0 0 3 * * *", "spec.schedule"},
		"PullPolicy":      {"no such policy", "image: registry.example.com/web:1\n        ports", "image: registry.example.com/web:1\n        imagePullPolicy: Sometimes\n        ports", "imagePullPolicy"},
		"EnvName":         {"no variable", "{name: LEVEL, ", "{name: LE=VEL, ", "environment variable"},
		"Container":       {"capitals", "- name: web\n        image", "- name: Web\n        image", `container "Web" is not allowed`},
		"MountTwice":      {"one path", "mountPath: /conf", "mountPath: /data", "there twice"},
		"Negative":        {"fewer than none", "replicas: 2", "replicas: -1", "negative"},
		"AccessMode":      {"no such mode", "[ReadWriteOnce]", "[ReadWriteTwice]", "accessModes"},
		"NoStorage":       {"a claim for nothing", "storage: 1Gi", "storage: 0", "asks for no storage"},
		"Host":            {"no host name", "host: a.example.com", "host: a_b.example.com", "host"},
		"Path":            {"not absolute", "{path: /, pathType", "{path: x, pathType", "no absolute path"},
		"PathType":        {"the API server asks for it", "pathType: Prefix, ", "", "has no pathType"},
		"Budget":          {"both bounds", "maxUnavailable: 1", "maxUnavailable: 1, minAvailable: 1", "either"},
		"BudgetPods":      {"nobody's pods", "spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}", "spec: {maxUnavailable: 1, selector: {matchLabels: {app: wep}}}", "selects no pods"},
		"ServicePods":     {"nobody's pods", "{selector: {app: web}, ports", "{selector: {app: wep}, ports", "selects no pods by app=wep"},
		"TargetPort":      {"a port that nobody names", "targetPort: http", "targetPort: htp", `no port of that name`},
		"Claim":           {"a claim that nobody makes", "claimName: data", "claimName: date", `PersistentVolumeClaim "date", which is not there`},
		"ConfigMap":       {"a configuration that nobody makes", "envFrom: [{configMapRef: {name: settings}}]", "envFrom: [{configMapRef: {name: setting}}]", `ConfigMap "setting", which is not there`},
		"Key":             {"a key that is not there", "name: settings, key: level", "name: settings, key: levels", `key "levels"`},
		"ProjectedKey":    {"a file that is not there", "items: [{key: level", "items: [{key: lever", `key "lever"`},
		"Secret":          {"nobody provides it", "spec: {target: {name: token}}", "spec: {target: {name: tokens}}", `Secret "token", which is not there`},
		"ServiceAccount":  {"nobody makes it", "serviceAccountName: web", "serviceAccountName: wep", `ServiceAccount "wep"`},
		"Volume":          {"a mount of nothing", "{name: conf, mountPath", "{name: config, mountPath", `mounts "config", which is no volume`},
		"Backend":         {"a service that is not there", "service: {name: web, port", "service: {name: wep, port", `Service "wep"`},
		"BackendPort":     {"a port that it has not", "port: {number: 80}", "port: {number: 81}", "no such port"},
		"CustomPods":      {"the pods of a custom kind are typed too", "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: from-vault}\nspec: {target: {name: token}}", "apiVersion: apps.kruise.io/v1alpha1\nkind: CloneSet\nmetadata: {name: c}\nspec: {template: {spec: {containers: [{name: c, imag: x}]}}}", `unknown field "spec.containers[0].imag"`},
		"Autoscaler":      {"what it scales is not there", "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: from-vault}\nspec: {target: {name: token}}", "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: wep}}", `Deployment "wep", which is not there`},
		"AutoscalerLimit": {"fewer than one", "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: from-vault}\nspec: {target: {name: token}}", "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec: {maxReplicas: 0, scaleTargetRef: {kind: Deployment, name: other}}", "maxReplicas 0"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(web, tc.old) {
				t.Fatalf("%q is not in the sound version", tc.old)
			}
			found := faults(t, strings.Replace(web, tc.old, tc.new, 1))
			for _, f := range found {
				if strings.Contains(f.Error(), tc.want) {
					if fault.HintOf(f) == "" || strings.Contains(f.Error(), "\n") {
						t.Errorf("%s: %v has no hint or several lines", tc.reason, f)
					}
					return
				}
			}
			t.Errorf("%s: the faults are %v, want one with %q", tc.reason, found, tc.want)
		})
	}
}

// What may be absent, or is made by others, is not missed.
func TestNotMissed(t *testing.T) {
	for name, tc := range map[string]struct{ reason, old, new string }{
		"Optional":    {"it says so", "{secretKeyRef: {name: token, key: token}}", "{secretKeyRef: {name: gone, key: token, optional: true}}"},
		"Provided":    {"an object says that it makes it", "metadata: {name: from-vault}\nspec: {target: {name: token}}", "metadata: {name: other, annotations: {gatorcloud.io/provides: \"Secret/a, Secret/token\"}}"},
		"Sealed":      {"its controller makes it", "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: from-vault}\nspec: {target: {name: token}}", "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: token}"},
		"Certificate": {"its controller makes it", "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: from-vault}\nspec: {target: {name: token}}", "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: t}\nspec: {secretName: token}"},
		"External":    {"the name of a host", "spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}", "spec: {type: ExternalName, externalName: a.example.com, ports: [{port: 80}]}"},
		"Endpoints":   {"an operator makes the pods", "metadata: {name: settings}", "metadata: {name: settings, annotations: {gatorcloud.io/provides: Endpoints/web}}"},
		"RootCA":      {"every namespace has it", "configMap: {name: settings, items: [{key: level, path: level}]}", "configMap: {name: kube-root-ca.crt}"},
		"IngressShim": {"cert-manager makes the secret", "metadata: {name: web}\nspec:\n  rules: [{host: a.example.com,", "metadata: {name: web, annotations: {cert-manager.io/cluster-issuer: ca}}\nspec:\n  tls: [{secretName: web-tls}]\n  rules: [{host: a.example.com,"},
		"OtherPods":   {"a Job with the label has no port", "metadata: {name: from-vault}\nspec: {target: {name: token}}", "metadata: {name: from-vault}\nspec: {target: {name: token}}\n---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: j-1.2.3}\nspec: {template: {metadata: {labels: {app: web, job: a}}, spec: {restartPolicy: Never, containers: [{name: j, image: x, env: [{name: \"A:b\", value: c}]}]}}}"},
		"Default":     {"every namespace has it", "serviceAccountName: web", "serviceAccountName: default"},
		"Custom":      {"nobody knows its fields", "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web}", "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: x, annotations: {gatorcloud.io/provides: ServiceAccount/web}}\nspec: {template: 7, replicas: many}"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(web, tc.old) {
				t.Fatalf("%q is not in the sound version", tc.old)
			}
			if found := faults(t, strings.Replace(web, tc.old, tc.new, 1)); len(found) > 0 {
				t.Errorf("%s: the faults are %v, want none", tc.reason, found)
			}
		})
	}
}

// A part that a tenant shares gives what others refer to, and is not judged itself.
func TestAround(t *testing.T) {
	objects, err := decode(t, strings.Replace(web, "kind: ConfigMap\nmetadata: {name: settings}", "kind: ConfigMap\nmetadata: {name: other}", 1))
	if err != nil {
		t.Fatal(err)
	}
	if found := shape.Links(objects, nil); len(found) == 0 {
		t.Error("Links() = nothing without the ConfigMap, want faults")
	}
	around, err := decode(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {level: info}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: lost}\nspec: {selector: {app: nobody}, ports: [{port: 1}]}")
	if err != nil {
		t.Fatal(err)
	}
	if found := shape.Links(objects, around); len(found) > 0 {
		t.Errorf("Links() = %v with it around, want none", found)
	}
}

// Two workloads that select each other's pods would delete them in turn.
func TestSelectorsApart(t *testing.T) {
	second, _, _ := strings.Cut(strings.Replace(web, "metadata: {name: web, labels: {app: web}}", "metadata: {name: web-2, labels: {app: web}}", 1), "\n---\n")
	objects, err := decode(t, web+"\n---\n"+second)
	if err != nil {
		t.Fatal(err)
	}
	found := shape.Links(objects, nil)
	if len(found) != 2 || !strings.Contains(found[0].Error(), `takes the pods of Deployment "web-2" too`) {
		t.Errorf("Links() = %v, want a fault of each", found)
	}
}

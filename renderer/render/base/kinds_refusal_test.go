package base

import (
	"errors"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/short"
)

// What nobody stops, what waits for ever and what is a secret is refused.
func TestKindRefusals(t *testing.T) {
	short.Skip(t, "builds or proves a version for each case")
	edit := func(name, old, replacement string) map[string]string { return edited(t, name, old, replacement) }
	object := func(manifest string) map[string]string { return added(t, manifest) }
	cloneSet := func(image, more string) string {
		return "apiVersion: apps.kruise.io/v1alpha1\nkind: CloneSet\nmetadata: {name: x}\nspec: {" + more + ", template: {spec: {containers: [{name: c, image: " + image + "}]}}}\n"
	}
	declared := func(kinds, spec string) map[string]string {
		group, _, _ := strings.Cut(strings.TrimPrefix(kinds, "- {group: "), ",")
		_, kind, _ := strings.Cut(kinds, "kind: ")
		kind = kind[:strings.IndexAny(kind, ",}")]
		return merge(map[string]string{"product.yaml": text(t, "product.yaml") + "kinds:\n" + kinds + "\n"},
			object("apiVersion: "+group+"/v1\nkind: "+kind+"\nmetadata: {name: x}\n"+spec+"\n"))
	}
	ignores := func(pointer string) map[string]string {
		return edit("product.yaml", "- name: store\n", "- name: store\n  ignoreDifferences: [{kind: PersistentVolumeClaim, name: demo-store, jsonPointers: ["+pointer+"]}]\n")
	}
	for name, tc := range map[string]refusalCase{
		"Secret":          {"Git is no place for secrets", object("apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: {password: hunter2}\n"), []string{`Secret "x"`, "ExternalSecret", "gatorcloud.io/provides"}},
		"SecretData":      {"encoded is not encrypted", object("apiVersion: v1\nkind: Secret\nmetadata: {name: x}\ndata: {password: aHVudGVyMg==}\n"), []string{`Secret "x"`, "SealedSecret"}},
		"SuspendedJob":    {"nobody resumes it", edit(jobFile, "backoffLimit: 3", "suspend: true"), []string{"demo-init-7", "suspend: true"}},
		"Paused":          {"nobody resumes it", edit(webFile, "  progressDeadlineSeconds: 300\n", "  progressDeadlineSeconds: 300\n  paused: true\n"), []string{"demo-web", "paused: true"}},
		"PausedCloneSet":  {"nobody resumes it", object(cloneSet("registry.example.com/demo", "updateStrategy: {paused: true}")), []string{`CloneSet "x"`, "paused: true"}},
		"CloneSetImage":   {"its images are pinned", object(cloneSet("registry.example/a:latest", "replicas: 3")), []string{`CloneSet "x"`, "registry.example/a:latest"}},
		"RolloutDeadline": {"it hangs as a Deployment does", object("apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: x}\nspec: {template: {spec: {containers: [{name: c, image: registry.example.com/demo}]}}}\n"), []string{`Rollout "x"`, "progressDeadlineSeconds"}},
		"RolloutRef":      {"nobody pins or stops what it refers to", object("apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: x}\nspec: {progressDeadlineSeconds: 60, workloadRef: {kind: Deployment, name: demo-web}}\n"), []string{`Rollout "x"`, "spec.template"}},
		"ScaledJobImage":  {"its images are pinned", object("apiVersion: keda.sh/v1alpha1\nkind: ScaledJob\nmetadata: {name: x}\nspec: {jobTargetRef: {template: {spec: {containers: [{name: c, image: a}]}}}}\n"), []string{`ScaledJob "x"`, `"a"`}},
		"FixedReplicas":   {"two would write one field", object("apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: x}\nspec: {maxReplicas: 5, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: demo-web}}\n"), []string{`Deployment "demo-web"`, `HorizontalPodAutoscaler "x"`}},
		"FixedByKEDA":     {"the kind may be left out", object("apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: x}\nspec: {scaleTargetRef: {name: demo-web}}\n"), []string{`Deployment "demo-web"`, `ScaledObject "x"`}},
		"UnknownKind":     {"it may run pods", object("apiVersion: example.com/v1\nkind: Engine\nmetadata: {name: x}\n"), []string{`Engine "x"`, `"example.com"`, "kinds"}},
		"UnknownPods":     {"it does", object("apiVersion: v1\nkind: PodTemplate\nmetadata: {name: x}\ntemplate: {spec: {containers: [{name: c, image: a:1}]}}\n"), []string{`PodTemplate "x"`, "runs pods"}},
		"DeclaredPods":    {"the declaration forgot the template", declared("- {group: example.com, kind: Engine}", "spec: {pods: [{containers: [{name: c, image: a:1}]}]}"), []string{`Engine "x"`, "runs pods"}},
		"DeclaredImage":   {"its images are pinned", declared("- {group: example.com, kind: Engine, template: spec.pods, suspend: {field: spec.size, value: 0}}", "spec: {pods: {spec: {containers: [{name: c, image: a}]}}}"), []string{`Engine "x"`, `"a"`, "not pinned"}},
		"DeclaredMissing": {"there is no such template", declared("- {group: example.com, kind: Engine, template: spec.pods, suspend: {field: spec.size, value: 0}}", "spec: {size: 1}"), []string{`Engine "x"`, "spec.pods"}},
		"EndlessKind":     {"Argo CD would wait for it", object("apiVersion: kafka.strimzi.io/v1\nkind: Kafka\nmetadata: {name: x}\n"), []string{`Kafka "x"`, "health: {condition: Ready}"}},
		"EndlessDeclared": {"a declaration ends no wait", declared("- {group: kafka.strimzi.io, kind: Kafka}", ""), []string{`Kafka "x"`, "health: {condition: Ready}"}},
		"CheckedTwice":    {"sluice's own check is the better", declared("- {group: cert-manager.io, kind: Certificate, health: {condition: Issuing}}", "spec: {secretName: demo-tls, dnsNames: [a.example.com], issuerRef: {name: a}}"), []string{`"Certificate"`, "a check of its own"}},
		"EndlessSuffix":   {"some groups have many beginnings", object("apiVersion: s3.aws.crossplane.io/v1\nkind: Bucket\nmetadata: {name: x}\n"), []string{`Bucket "x"`, "health: {condition: Ready}"}},
		"IgnoredSize":     {"it would never grow", ignores("/spec/resources"), []string{`PersistentVolumeClaim "demo-store"`, `"spec.resources"`, `"storage"`}},
		"IgnoredRequest":  {"it would never grow", ignores("/spec/resources/requests/storage"), []string{`"spec.resources.requests.storage"`, `"storage"`}},
		"RouteScaler":     {"routes are taken away, and what it scales stays", map[string]string{routeFile: text(t, routeFile) + "---\napiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: x}\nspec: {scaleTargetRef: {name: demo-web}}\n"}, []string{"routes", `ScaledObject "x"`}},
		"DeclaredReplace": {"a parameter would wake it", func() map[string]string {
			edits := declared("- {group: example.com, kind: Engine, suspend: {field: spec.size, value: none}}", "spec: {size: large}")
			return merge(edits, map[string]string{replaceFile: text(t, replaceFile) +
				"- source: {kind: ConfigMap, name: parameters, fieldPath: data.greeting}\n  targets: [{select: {kind: Engine, name: x}, fieldPaths: [spec.size]}]\n"})
		}(), []string{`Engine "x"`, "/spec/size"}},
	} {
		t.Run(name, func(t *testing.T) { checkRefusal(t, tc, true) })
	}
}

// A kind whose check in Argo CD waits for ever may be held with one that ends.
func TestDeclaredHealthEndsTheWait(t *testing.T) {
	edits := merge(map[string]string{"product.yaml": text(t, "product.yaml") + "kinds: [{group: kafka.strimzi.io, kind: Kafka, health: {condition: Ready}}]\n"},
		added(t, "apiVersion: kafka.strimzi.io/v1\nkind: Kafka\nmetadata: {name: x}\n"))
	if err := errors.Join(build(t, edits).lasting()...); err != nil && strings.Contains(err.Error(), "Kafka") {
		t.Errorf("lasting = %v, want Kafka taken", err)
	}
}

// A version that was published before is rendered as ever: only its successor
// is refused.
func TestKindsAreRefusedWhenPublished(t *testing.T) {
	for _, manifest := range []string{
		"apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: {password: hunter2}\n",
		"apiVersion: example.com/v1\nkind: Engine\nmetadata: {name: x}\n",
		"apiVersion: apps.kruise.io/v1alpha1\nkind: CloneSet\nmetadata: {name: x}\nspec: {template: {spec: {containers: [{name: c, image: a}]}}}\n",
		"apiVersion: kafka.strimzi.io/v1\nkind: Kafka\nmetadata: {name: x}\n",
	} {
		build(t, added(t, manifest))
	}
}

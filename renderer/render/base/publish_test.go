package base

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// plain returns edits that take out of the demo what a published version may not have.
func plain(t *testing.T, more map[string]string) map[string]string {
	t.Helper()
	web, _, _ := strings.Cut(text(t, webFile), "---\napiVersion: autoscaling")
	web += "---\napiVersion: v1\nkind: Service\nmetadata: {name: demo-store}\nspec: {clusterIP: None, ports: [{port: 80}]}\n"
	edits := map[string]string{webFile: web, "product.yaml": few(text(t, "product.yaml"))}
	maps.Copy(edits, more)
	return edits
}

func prove(t *testing.T, edits map[string]string) error {
	t.Helper()
	c, err := catalog.LoadUnlocked(demo(t, edits))
	if err != nil {
		t.Fatalf("LoadUnlocked() = %v", err)
	}
	b, err := Build(t.Context(), c.All()[0])
	if err != nil {
		t.Fatalf("Build() = %v, want what only a proof finds", err)
	}
	return b.Prove(t.Context())
}

// few leaves a parameter with few values, so that a proof is quick.
func few(product string) string {
	return strings.Replace(product, "{type: string, maxLength: 64, default: hello}", "{type: string, enum: [hello, \"\"], default: hello}", 1)
}

// with declares a parameter, required if it has no default, and writes it to a field.
func with(t *testing.T, schema, kind, name, field, options string) map[string]string {
	t.Helper()
	product := strings.Replace(few(text(t, "product.yaml")), "    logLevel:", "    own: "+schema+"\n    logLevel:", 1)
	if !strings.Contains(schema, "default") {
		product = strings.Replace(product, "parameters:\n", "parameters:\n  required: [own]\n", 1)
	}
	return plain(t, map[string]string{"product.yaml": product,
		replaceFile: text(t, replaceFile) + "- source: {kind: ConfigMap, name: parameters, fieldPath: data.own}\n  targets:\n  - select: {kind: " + kind +
			", name: " + name + "}\n    fieldPaths: [\"" + field + "\"]\n" + options})
}

func TestProveSound(t *testing.T) {
	if err := prove(t, plain(t, nil)); err != nil {
		t.Errorf("Prove() of a sound version = %v", err)
	}
}

// A version is refused for the values that a tenant may give and Kubernetes
// may not take, and the fault names parameter and value.
func TestProveRefuses(t *testing.T) {
	if testing.Short() {
		t.Skip("builds hundreds of overlays")
	}
	builtin := func(parameter, kind, name, field string) map[string]string {
		return plain(t, map[string]string{replaceFile: text(t, replaceFile) + "- source: {kind: ConfigMap, name: parameters, fieldPath: data." + parameter +
			"}\n  targets:\n  - select: {kind: " + kind + ", name: " + name + "}\n    fieldPaths: [\"" + field + "\"]\n    options: {create: true}\n"})
	}
	add := func(name, more string) map[string]string {
		return plain(t, map[string]string{name: text(t, name) + "---\n" + more})
	}
	const create = "    options: {create: true}\n"
	const deadline = "spec.progressDeadlineSeconds"
	for name, tc := range map[string]struct {
		reason string
		edits  map[string]string
		want   []string
	}{
		"TextOnNumber":   {"a legal text is no number", with(t, "{type: string, default: \"300\"}", "Deployment", "demo-web", deadline, ""), []string{`parameter "own" may be "sample"`}},
		"Octal":          {"YAML reads digits its own way", with(t, `{type: string, enum: ["300", "0123"], default: "300"}`, "Deployment", "demo-web", deadline, ""), []string{`parameter "own" may be "0123"`, "becomes 83"}},
		"Exponent":       {"YAML reads exponents", with(t, `{type: string, enum: ["300", "1e3"], default: "300"}`, "Deployment", "demo-web", deadline, ""), []string{`may be "1e3"`}},
		"Range":          {"no port is that high", with(t, "{type: integer, default: 80}", "Service", "demo-store", "spec.ports.0.port", ""), []string{`parameter "own" may be `, "is no port"}},
		"Edge":           {"one below the least", with(t, "{type: integer, minimum: 0, maximum: 65535, default: 80}", "Service", "demo-store", "spec.ports.0.port", ""), []string{`may be "0"`, "is no port"}},
		"CreatedNumber":  {"what is made is a text", with(t, "{type: integer, default: 10}", "Deployment", "demo-web", "spec.minReadySeconds", create), []string{"minReadySeconds"}},
		"CreatedCustom":  {"nobody knows the type", with(t, "{type: integer, default: 10}", "ApisixRoute", "demo", "spec.http.0.priority", create), []string{"spec.http", "nobody knows its type"}},
		"Label":          {"people's names are no labels", builtin("tenantName", "ConfigMap", "demo-web", "metadata.labels.who"), []string{`built-in parameter "tenantName" may be `, "labels"}},
		"LongLabel":      {"a name may be longer than a label", with(t, "{type: string, pattern: \"^x+$\", default: x}", "ConfigMap", "demo-web", "metadata.labels.own", create), []string{`parameter "own" may be "xxx`}},
		"CreatedText":    {"kustomize writes 1 for the text \"1\" where it makes the field", with(t, "{type: string, default: a}", "ConfigMap", "demo-web", "data.OWN", create), []string{`parameter "own" may be "1"`}},
		"Pattern":        {"its ends are legal, and no label", with(t, `{type: string, pattern: "^zone-[a-z]*$", default: zone-a}`, "ConfigMap", "demo-web", "metadata.labels.zone", create), []string{`parameter "own" may be "zone-"`}},
		"LinkOfValue":    {"the second value points nowhere", merge(with(t, `{type: string, enum: [demo-web, gone], default: demo-web}`, "Deployment", "demo-web", "spec.template.spec.containers.[name=web].envFrom.0.configMapRef.name", "")), []string{`parameter "own" may be "gone"`, "which is not there"}},
		"NoLegalValue":   {"nobody knows what is legal", with(t, `{type: string, format: uuid}`, "ConfigMap", "demo-web", "data.LOG_LEVEL", ""), []string{`parameter "own": nothing that was tried is legal`}},
		"UnknownField":   {"the API server would drop it", add(claimFile, "apiVersion: v1\nkind: Service\nmetadata: {name: demo-x}\nspec: {prots: []}\n"), []string{`unknown field "spec.prots"`}},
		"MissingSecret":  {"its pods would never start", plain(t, map[string]string{webFile: strings.Replace(plain(t, nil)[webFile], "envFrom: [", "envFrom: [{secretRef: {name: demo-s}}, ", 1)}), []string{`Secret "demo-s", which is not there`}},
		"TooLarge":       {"client-side apply keeps it twice", add(claimFile, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: demo-big}\ndata: {big: "+strings.Repeat("x", 262144)+"}\n"), []string{`"demo-big"`, "at most 262144"}},
		"Kind":           {"nobody knows how it stops", add(claimFile, "apiVersion: example.com/v1\nkind: Engine\nmetadata: {name: x}\n"), []string{`kind "Engine" of group "example.com" is unknown`}},
		"Autoscaler":     {"replicas are the tenant's", map[string]string{}, []string{"HorizontalPodAutoscaler", "may not scale itself"}},
		"SuspendedState": {"a state of its own is proven, too", with(t, "{type: string, enum: [\"300\", many], default: \"300\"}", "Deployment", "demo-web", deadline, ""), []string{`may be "many"`}},
	} {
		t.Run(name, func(t *testing.T) {
			err := prove(t, tc.edits)
			if err == nil {
				t.Fatalf("%s: Prove() = nil, want a refusal", tc.reason)
			}
			for _, w := range tc.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%s: Prove() = %v, want %s", tc.reason, err, w)
				}
			}
			for _, f := range catalog.Faults(err) {
				if fault.HintOf(f) == "" || strings.Contains(f.Error(), "\n") {
					t.Errorf("%s: the fault %q has no hint or several lines", tc.reason, f)
				}
			}
		})
	}
}

// What fits whatever a tenant says is published.
func TestProveAccepts(t *testing.T) {
	if testing.Short() {
		t.Skip("builds hundreds of overlays")
	}
	const create = "    options: {create: true}\n"
	for name, tc := range map[string]struct {
		reason string
		edits  map[string]string
	}{
		"Number":     {"a bounded number on a number", with(t, "{type: integer, minimum: 1, maximum: 600, default: 300}", "Deployment", "demo-web", "spec.progressDeadlineSeconds", create)},
		"Digits":     {"digits without a leading zero", with(t, `{type: string, pattern: "^[1-9][0-9]{0,3}$", default: "300"}`, "Deployment", "demo-web", "spec.progressDeadlineSeconds", create)},
		"AnyText":    {"a ConfigMap takes any text", with(t, "{type: string, default: \"\"}", "ConfigMap", "demo-web", "data.LOG_LEVEL", "")},
		"Annotation": {"an annotation does too", with(t, "{type: string, default: \"\"}", "ConfigMap", "demo-web", "metadata.annotations.own", create)},
		"Required":   {"a required parameter with an example", with(t, "{type: string, pattern: \"^[A-Z]{3}-[0-9]{7}$\", examples: [ABC-1234567]}", "ConfigMap", "demo-web", "data.OWN", create)},
		"SecretName": {"the tenant's own Secret is not missed", merge(
			with(t, "{type: string, writeOnly: true, default: web-key}", "Deployment", "demo-web", "spec.template.spec.containers.[name=web].envFrom.0.secretRef.name", ""),
			map[string]string{webFile: strings.Replace(plain(t, nil)[webFile], "envFrom: [", "envFrom: [{secretRef: {name: web-key}}, ", 1)})},
		"LargeByServer": {"server-side apply keeps no copy", plain(t, map[string]string{claimFile: text(t, claimFile) +
			"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: demo-big, annotations: {argocd.argoproj.io/sync-options: ServerSideApply=true}}\ndata: {big: " + strings.Repeat("x", 262144) + "}\n"})},
	} {
		t.Run(name, func(t *testing.T) {
			if err := prove(t, tc.edits); err != nil {
				t.Errorf("%s: Prove() = %v, want nil", tc.reason, err)
			}
		})
	}
}

// A proof that is interrupted blames no version, whatever it was about to say.
func TestPublishableIsInterrupted(t *testing.T) {
	c, err := catalog.LoadUnlocked(demo(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	why := errors.New("somebody pressed a key")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if err := Publishable(ctx, c, nil); !errors.Is(err, why) || len(catalog.Faults(err)) != 1 {
		t.Errorf("Publishable(ended) = %v, want why it ended alone", err)
	}
	b := &Base{Version: c.All()[0]}
	if err := b.Prove(ctx); !errors.Is(err, why) || len(catalog.Faults(err)) != 1 {
		t.Errorf("Prove(ended) = %v, want why it ended alone", err)
	}
}

// Versions that were published before are passed over when their names are
// given, and a fault of one hides no other's.
func TestPublishable(t *testing.T) {
	short.Skip(t, "builds or proves a version for each case")
	c, err := catalog.LoadUnlocked(demo(t, nil)) // it has an autoscaler
	if err != nil {
		t.Fatal(err)
	}
	if err := Publishable(t.Context(), c, nil); err == nil || !strings.Contains(err.Error(), "proving products/demo/7: ") {
		t.Errorf("Publishable() = %v, want the fault of demo/7", err)
	}
	refs := []catalog.Ref{c.All()[0].Ref}
	if err := Publishable(t.Context(), c, refs); err != nil {
		t.Errorf("Publishable(passed %v) = %v, want nil", refs, err)
	}
}

// Each legal value comes once, and the first is the ordinary one.
func TestAxes(t *testing.T) {
	c, err := catalog.LoadUnlocked(demo(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range axes(c.All()[0]) {
		if len(a.values) == 0 || len(slices.Compact(slices.Sorted(slices.Values(a.values)))) != len(a.values) {
			t.Errorf("axes: %s has the values %q, want each once", a, a.values)
		}
		if a.name == "logLevel" && !slices.Equal(a.values, []string{"info", "debug"}) || a.name == "greeting" && a.values[0] != "hello" {
			t.Errorf("axes: %s has the values %q", a, a.values)
		}
	}
}

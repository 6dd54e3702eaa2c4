package base

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// pair returns versions 7 and 8 of the demo, the later one with edits.
func pair(t *testing.T, edits map[string]string) (before, after *Base) {
	t.Helper()
	files := fstest.MapFS{}
	add := func(version string, edits map[string]string) {
		for name, f := range demo(t, edits) {
			data := string(f.Data)
			if strings.HasSuffix(name, "product.yaml") {
				data = strings.Replace(data, `version: "7"`, `version: "`+version+`"`, 1)
			}
			data = strings.ReplaceAll(data, "demo-init-7", "demo-init-"+version)
			files[strings.Replace(name, "products/demo/7", "products/demo/"+version, 1)] = &fstest.MapFile{Data: []byte(data)}
		}
	}
	add("7", nil)
	add("8", edits)
	c, err := catalog.LoadUnlocked(files)
	if err != nil {
		t.Fatalf("LoadUnlocked() = %v", err)
	}
	var all []*Base
	for _, v := range c.All() {
		b, err := Build(t.Context(), v)
		if err != nil {
			t.Fatalf("Build(%s) = %v", v.Ref, err)
		}
		all = append(all, b)
	}
	return all[0], all[1]
}

func TestUpgrade(t *testing.T) {
	short.Skip(t, "builds or proves a version for each case")
	edit := func(name, old, replacement string) map[string]string {
		before := text(t, name)
		if !strings.Contains(before, old) {
			t.Fatalf("%s has no %q", name, old)
		}
		return map[string]string{name: strings.ReplaceAll(before, old, replacement)}
	}
	add := func(name, more string) map[string]string { return map[string]string{name: text(t, name) + more} }
	both := func(a, b map[string]string) map[string]string { maps.Copy(a, b); return a }
	for name, tc := range map[string]struct {
		reason string
		edits  map[string]string
		change string // that breaks, or that is said
		impact Impact
		breaks string
	}{
		"Image":       {"pods are made anew", edit("product.yaml", `newTag: "7.1"`, `newTag: "8"`), "Deployment/demo-web spec.template.spec.containers.[name=web].image", ImpactRestart, ""},
		"Config":      {"nobody restarts", edit("components/web/kustomization.yaml", "LOG_LEVEL=info, EMPTY=", "LOG_LEVEL=info, EMPTY=x"), "ConfigMap/demo-web data.EMPTY", ImpactConfig, ""},
		"Route":       {"traffic moves", edit(webFile, "ports: [{port: 80}]", "ports: [{port: 81}]"), "Service/demo-web spec.ports", ImpactRoute, ""},
		"Selector":    {"selectors stay", edit(webFile, "app: demo-web", "app: demo-wob"), "Deployment/demo-web spec.selector.matchLabels.app", ImpactImmutable, "cannot change"},
		"SetService":  {"of a StatefulSet little can change", edit(setFile, "serviceName: demo-store", "serviceName: demo-stare"), "StatefulSet/demo-store spec.serviceName", ImpactImmutable, "cannot change"},
		"ClaimGone":   {"a claim has data", both(edit(claimFile, "demo-store", "demo-stare"), edit(replaceFile, "demo-store", "demo-stare")), "PersistentVolumeClaim/demo-store", ImpactData, "begins empty"},
		"ClaimMode":   {"a claim stays as it is", edit(claimFile, "[ReadWriteOnce]", "[ReadWriteMany]"), "PersistentVolumeClaim/demo-store spec.accessModes", ImpactImmutable, "cannot change"},
		"ClaimSized":  {"a parameter sizes it, and the renderer keeps it", edit(claimFile, "storage: 1Gi", "storage: 1Mi"), "", "", ""},
		"ClaimHand":   {"another parameter sizes it", both(edit("product.yaml", "    logLevel:", "    size: {type: string, pattern: \"^[1-9]Gi$\", default: 1Gi}\n    logLevel:"), edit(replaceFile, "data.storage}", "data.size}")), "PersistentVolumeClaim/demo-store spec.resources.requests.storage (parameter)", ImpactData, "not kept"},
		"ParamGone":   {"tenants give it", both(edit("product.yaml", "    logLevel: {type: string, enum: [info, debug], default: info}\n", ""), edit(replaceFile, "data.logLevel", "data.greeting")), "parameter logLevel", ImpactRemove, "are refused"},
		"ParamValue":  {"tenants may have it", edit("product.yaml", "enum: [info, debug]", "enum: [info, trace]"), "parameter logLevel", ImpactConfig, `"debug" was a legal value`},
		"ParamLength": {"tenants may have longer ones", edit("product.yaml", "maxLength: 64", "maxLength: 10"), "parameter greeting", ImpactConfig, "was a legal value"},
		"ParamWider":  {"nobody loses a value", edit("product.yaml", "enum: [info, debug]", "enum: [info, debug, trace]"), "", "", ""},
		"ParamNew":    {"it has a default", edit("product.yaml", "    logLevel:", "    more: {type: integer, default: 1}\n    logLevel:"), "parameter more", ImpactAdd, ""},
		"ParamAsked":  {"nobody has given it", edit("product.yaml", "  properties:\n", "  required: [more]\n  properties:\n    more: {type: integer}\n"), "parameter more", ImpactAdd, "is required"},
		"Added":       {"nothing stands in the way", add(claimFile, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: demo-more}\n"), "ConfigMap/demo-more", ImpactAdd, ""},
		"Same":        {"a Job has a name a version", nil, "Job/demo-init-7", ImpactRemove, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t, tc.edits)
			changes := Diff(a, b)
			i := slices.IndexFunc(changes, func(c Change) bool { return c.String() == tc.change })
			if tc.change != "" && (i < 0 || changes[i].Impact != tc.impact || !strings.Contains(changes[i].Breaks, tc.breaks) || (changes[i].Breaks == "") != (tc.breaks == "")) {
				t.Errorf("%s: Diff() = %+v, want %q with impact %s, breaking %q", tc.reason, changes, tc.change, tc.impact, tc.breaks)
			}
			faults := undeclared(a, b, Diff(a, b))
			if (len(faults) > 0) != (tc.breaks != "") {
				t.Errorf("%s: undeclared() = %v, want faults: %t", tc.reason, faults, tc.breaks != "")
			}
			for _, f := range faults {
				if !strings.Contains(fault.HintOf(f), `migrations: [{from: "7"`) {
					t.Errorf("%s: the hint is %q, want the declaration", tc.reason, fault.HintOf(f))
				}
			}
		})
	}
}

// A declared migration lets a change pass, and stays visible.
func TestMigration(t *testing.T) {
	short.Skip(t, "builds or proves a version for each case")
	const change = "PersistentVolumeClaim/demo-store spec.accessModes"
	declared := func(from, change string) map[string]string {
		return map[string]string{
			claimFile:      strings.Replace(text(t, claimFile), "[ReadWriteOnce]", "[ReadWriteMany]", 1),
			"product.yaml": text(t, "product.yaml") + "migrations:\n- {from: \"" + from + "\", change: " + change + ", how: copy the data}\n",
		}
	}
	for name, tc := range map[string]struct {
		reason, from, change string
		passes               bool
	}{
		"Declared": {"people know", "7", change, true},
		"FromAny":  {"from any version", "", change, true},
		"Other":    {"another version", "6", change, false},
		"Misnamed": {"another change", "7", change + ".x", false},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t, declared(tc.from, tc.change))
			if faults := undeclared(a, b, Diff(a, b)); (len(faults) == 0) != tc.passes {
				t.Errorf("%s: undeclared() = %v, want passing: %t", tc.reason, faults, tc.passes)
			}
			how := ""
			for _, c := range Diff(a, b) {
				if c.String() == change {
					how = c.How
				}
			}
			if (how == "copy the data") != tc.passes {
				t.Errorf("%s: Diff() shows %q", tc.reason, how)
			}
		})
	}
}

// Fields of single kinds, without a catalog around them.
func TestImpacts(t *testing.T) {
	parsed := func(manifest string) object {
		all, err := parseObjects([]byte(manifest))
		if err != nil {
			t.Fatal(err)
		}
		return all[0]
	}
	for name, tc := range map[string]struct {
		reason, before, old, new string
		want                     []Change
	}{
		"Balancer": {"its address goes", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {type: LoadBalancer}\n", "LoadBalancer", "ClusterIP",
			[]Change{{Object: "Service/a", Field: "spec.type", From: "LoadBalancer", To: "ClusterIP", Impact: ImpactRoute, Breaks: "the address of the load balancer is lost"}}},
		"ClusterIP": {"addresses stay", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {clusterIP: None}\n", "None", `""`,
			[]Change{{Object: "Service/a", Field: "spec.clusterIP", From: "None", Impact: ImpactImmutable, Breaks: immutable}}},
		"Frozen": {"it says so itself", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nimmutable: true\ndata: {a: b}\n", "{a: b}", "{a: c}",
			[]Change{{Object: "ConfigMap/a", Field: "data.a", From: "b", To: "c", Impact: ImpactImmutable, Breaks: immutable}}},
		"Scale": {"as many as people say", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: 1}\n", "1}", "2}",
			[]Change{{Object: "Deployment/a", Field: "spec.replicas", From: "1", To: "2", Impact: ImpactScale}}},
		"Job": {"its template stays", "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec: {template: {spec: {x: 1}}}\n", "x: 1", "x: 2",
			[]Change{{Object: "Job/a", Field: "spec.template.spec.x", From: "1", To: "2", Impact: ImpactImmutable, Breaks: immutable}}},
		"Role": {"what is bound stays", "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: a}\nroleRef: {name: a}\n", "roleRef: {name: a}", "roleRef: {name: b}",
			[]Change{{Object: "RoleBinding/a", Field: "roleRef.name", From: "a", To: "b", Impact: ImpactImmutable, Breaks: immutable}}},
		"Shrinks": {"claims cannot", "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: a}\nspec: {resources: {requests: {storage: 2Gi}}}\n", "2Gi", "1Gi",
			[]Change{{Object: "PersistentVolumeClaim/a", Field: "spec.resources.requests.storage", From: "2Gi", To: "1Gi", Impact: ImpactData, Breaks: "a claim cannot shrink"}}},
		"Grows": {"claims can", "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: a}\nspec: {resources: {requests: {storage: 2Gi}}}\n", "2Gi", "3Gi",
			[]Change{{Object: "PersistentVolumeClaim/a", Field: "spec.resources.requests.storage", From: "2Gi", To: "3Gi", Impact: ImpactData}}},
		"Update": {"a StatefulSet may", "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}\nspec: {updateStrategy: {type: A}}\n", "type: A", "type: B",
			[]Change{{Object: "StatefulSet/a", Field: "spec.updateStrategy.type", From: "A", To: "B", Impact: ImpactRestart}}},
	} {
		t.Run(name, func(t *testing.T) {
			shared := &Base{Version: &catalog.Version{}}
			d := differ{before: shared, after: shared}
			d.objects(index([]object{parsed(tc.before)}), index([]object{parsed(strings.Replace(tc.before, tc.old, tc.new, 1))}))
			if diff := cmp.Diff(tc.want, d.changes); diff != "" {
				t.Errorf("%s: -want +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// A list is compared by the names of its entries where each has one of its own.
func TestByName(t *testing.T) {
	entry := func(name string) map[string]any { return map[string]any{"name": name} }
	template := map[string]any{"metadata": entry("store")}
	for name, tc := range map[string]struct {
		reason string
		list   any
		want   []string
	}{
		"Names":     {"containers", []any{entry("a"), entry("b")}, []string{"[name=a]", "[name=b]"}},
		"Metadata":  {"volumeClaimTemplates", []any{template}, []string{"[name=store]"}},
		"Twice":     {"one would be lost", []any{entry("a"), entry("b"), entry("a")}, nil},
		"Nameless":  {"who is who", []any{map[string]any{"port": 1}}, nil},
		"OneHasNot": {"who is who", []any{entry("a"), map[string]any{"port": 1}}, nil},
		"Texts":     {"arguments", []any{"a", "b"}, nil},
		"Empty":     {"nothing to name", []any{}, nil},
		"NoList":    {"a text", "a", nil},
	} {
		got := byName(tc.list)
		if keys := slices.Sorted(maps.Keys(got)); !slices.Equal(keys, tc.want) || (got == nil) != (tc.want == nil) {
			t.Errorf("%s: byName(%v) = %v, want the keys %q: %s", name, tc.list, got, tc.want, tc.reason)
		}
	}
}

package doctorcmd

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/cmd/internal/cli/environmentcmd"
	"github.com/gatorcloud/sluice/plugin/health"
	"github.com/gatorcloud/sluice/renderer/argocd"
	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// What is checked is what the installation sets.
func TestParametersAreThoseInstalled(t *testing.T) {
	data, err := os.ReadFile("../../../../plugin/install/settings/argocd-cmd-params-cm.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var cm struct{ Data map[string]string }
	if err := yaml.Unmarshal(data, &cm); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(cm.Data, parameters()); diff != "" {
		t.Errorf("parameters -installed +checked:\n%s", diff)
	}
}

// with returns entries with some changed; "-" takes one away.
func with(entries map[string]string, changes ...string) map[string]string {
	out := maps.Clone(entries)
	for change := range slices.Chunk(changes, 2) {
		if out[change[0]] = change[1]; change[1] == "-" {
			delete(out, change[0])
		}
	}
	return out
}

func entries(t *testing.T) map[string]string {
	t.Helper()
	installed, err := health.Customizations()
	if err != nil {
		t.Fatal(err)
	}
	return installed
}

// A setting that is wrong is named with its value; one that is only unusual is not.
func TestCheckSettings(t *testing.T) {
	const application = "resource.customizations.health.argoproj.io_Application"
	for name, tc := range map[string]struct {
		reason  string
		changes []string
		shows   string // no fault when empty
	}{
		"Well":           {"as installed over 2.14", nil, ""},
		"Own":            {"other people's settings are theirs", []string{"resource.exclusions", "[]", "timeout.reconciliation", "120s"}, ""},
		"NoCheck":        {"the health from before a change would count", []string{application, "-"}, application},
		"OtherCheck":     {"a checkout of another version", []string{application, "return {}"}, "another version"},
		"ByAnnotation":   {"the default since 3.0", []string{trackingMethod, "annotation"}, ""},
		"Both":           {"for those that read the label", []string{trackingMethod, "annotation+label"}, ""},
		"ByLabel":        {"the default up to 2.14", []string{trackingMethod, "label"}, ""},
		"NoMethod":       {"Argo CD knows none of that name", []string{trackingMethod, "annotations"}, `"annotations"`},
		"OwnLabel":       {"admission would not know whose an Application is", []string{trackingLabel, "x/y"}, `"x/y"`},
		"OwnLabelByName": {"nor when it is said", []string{trackingMethod, "label", trackingLabel, "x/y"}, `"x/y"`},
		"UsualLabel":     {"it is what is read", []string{trackingLabel, "app.kubernetes.io/instance"}, ""},
		"LeftOver":       {"the annotation is what is read", []string{trackingMethod, "annotation", trackingLabel, "x/y"}, ""},
		"NotInCluster":   {"fleets are written there", []string{inCluster, "false"}, "Unknown"},
		"InCluster":      {"the default", []string{inCluster, "true"}, ""},
		"Impersonates":   {"AppProjects name no accounts", []string{impersonation, "true"}, "no accounts"},
		"NeverLooks":     {"deadlines pass unseen", []string{reconciliation, "0"}, `"0"`},
		"NeverLooksS":    {"likewise", []string{reconciliation, "0s"}, `"0s"`},
	} {
		t.Run(name, func(t *testing.T) {
			faults := checkSettings(with(entries(t), tc.changes...))
			if len(faults) > 1 || (len(faults) == 0) != (tc.shows == "") {
				t.Fatalf("%s: checkSettings() = %v, want one fault: %t", tc.reason, faults, tc.shows != "")
			}
			if len(faults) == 1 && (!strings.Contains(faults[0].Error(), tc.shows) || fault.HintOf(faults[0]) == "") {
				t.Errorf("%s: checkSettings() = %v with hint %q, want it to show %q", tc.reason, faults[0], fault.HintOf(faults[0]), tc.shows)
			}
		})
	}
	if faults := checkSettings(nil); len(faults) != 1 || !strings.Contains(faults[0].Error(), "and 2") {
		t.Errorf("checkSettings() of nothing = %v, want the missing checks in one short line", faults)
	}
}

// The checks of kinds that the catalog declares are in argocd-cm, as they are
// printed; a catalog that declares none asks for none.
func TestDeclaredChecks(t *testing.T) {
	sold := func(kinds string) *catalog.Catalog {
		c, err := catalog.LoadUnlocked(fstest.MapFS{
			"shared/broker/1/component.yaml":                  {Data: []byte("apiVersion: sluice.gatorcloud.io/v1\nkind: SharedComponent\nname: broker\nversion: \"1\"\nsharing: environment\ncomponents: [{name: x}]\nkinds: [" + kinds + "]\n")},
			"shared/broker/1/components/x/kustomization.yaml": {Data: []byte("resources: []\n")},
		})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	const kafka, at = "{group: kafka.strimzi.io, kind: Kafka, health: {condition: Ready}}", "resource.customizations.health.kafka.strimzi.io_Kafka"
	want, err := environmentcmd.Checks(sold(kafka))
	if err != nil || len(want) != 1 {
		t.Fatalf("Checks() = %v, %v, want one", want, err)
	}
	for name, tc := range map[string]struct {
		reason string
		sold   *catalog.Catalog
		there  map[string]string
		result string // empty for no row
	}{
		"None":    {"nothing is declared", sold(""), nil, ""},
		"Faulty":  {"the catalog was not read", nil, nil, ""},
		"There":   {"it was applied", sold(kafka), want, ok},
		"Missing": {"it was not", sold(kafka), entries(t), failed},
		"Differs": {"another was", sold(kafka), map[string]string{at: "return {}"}, failed},
	} {
		t.Run(name, func(t *testing.T) {
			d := doctor{sold: tc.sold}
			d.declared(tc.there)
			switch {
			case tc.result == "" && len(d.rows) == 0:
			case len(d.rows) != 1 || d.rows[0].Result != tc.result:
				t.Errorf("%s: rows = %+v, want one that is %q", tc.reason, d.rows, tc.result)
			case tc.result == failed && (!strings.Contains(d.rows[0].Detail, at) || !strings.Contains(d.rows[0].Hint, "sluice environment checks")):
				t.Errorf("%s: row = %+v, want the check and the command", tc.reason, d.rows[0])
			}
		})
	}
}

func TestCheckParameters(t *testing.T) {
	if faults := checkParameters(with(parameters(), "server.insecure", "true")); len(faults) > 0 {
		t.Errorf("checkParameters() as installed = %v, want none", faults)
	}
	for key, want := range parameters() {
		for _, value := range []string{"-", "", "7"} {
			faults := checkParameters(with(parameters(), key, value))
			if len(faults) != 1 || !strings.Contains(faults[0].Error(), key) || !strings.Contains(faults[0].Error(), `"`+want+`"`) || fault.HintOf(faults[0]) == "" {
				t.Errorf("checkParameters() with %s %q = %v, want it named with what it should be", key, value, faults)
			}
		}
	}
}

// What carries no mark of the method is never pruned: after an update from the
// label to the annotation slices have the one, and need the other.
func TestCheckTracking(t *testing.T) {
	for name, tc := range map[string]struct {
		reason, method string
		tracked        argocd.Tracked
		fails          bool
		shows          string
	}{
		"Empty":       {"a new environment", "", argocd.Tracked{}, false, "no slices"},
		"Annotation":  {"as 3.x does", "annotation", argocd.Tracked{Slices: 3, ByAnnotation: 3}, false, "3 slices by an annotation"},
		"Both":        {"by the annotation", "annotation+label", argocd.Tracked{Slices: 3, ByAnnotation: 3, ByLabel: 3}, false, "annotation"},
		"Label":       {"as it is said", "label", argocd.Tracked{Slices: 3, ByLabel: 3}, false, "3 slices by a label"},
		"Default2":    {"as 2.x does, and 3.x will not", "", argocd.Tracked{Slices: 3, ByLabel: 3}, false, "before an update"},
		"Default3":    {"as 3.x does", "", argocd.Tracked{Slices: 3, ByAnnotation: 3}, false, "annotation"},
		"Updated":     {"only what was granted since has it", "", argocd.Tracked{Slices: 3, ByAnnotation: 1, ByLabel: 3}, true, "2 of 3"},
		"Switched":    {"none has it", "annotation", argocd.Tracked{Slices: 3, ByLabel: 3}, true, "3 of 3"},
		"SwitchedTo2": {"none has it", "label", argocd.Tracked{Slices: 3, ByAnnotation: 3}, true, "3 of 3"},
		"Nothing":     {"who wrote these?", "", argocd.Tracked{Slices: 3}, true, "3 of 3"},
	} {
		t.Run(name, func(t *testing.T) {
			detail, err := checkTracking(tc.method, tc.tracked)
			if err != nil {
				detail = err.Error()
			}
			if (err != nil) != tc.fails || !strings.Contains(detail, tc.shows) || tc.fails && fault.HintOf(err) == "" {
				t.Errorf("%s: checkTracking() = %q, %v, want it to fail: %t, and to show %q", tc.reason, detail, err, tc.fails, tc.shows)
			}
		})
	}
}

// set is an Argo CD with settings.
type set struct {
	lone
	projects applied
	maps     map[string]map[string]string
	tracked  argocd.Tracked
	err      error
}

func (s set) Settings(_ context.Context, name string) (map[string]string, bool, error) {
	return s.maps[name], true, s.err
}

func (s set) Project(ctx context.Context, name string) (map[string]any, bool, error) {
	return s.projects.Project(ctx, name)
}

func (s set) Tracked(context.Context, string) (argocd.Tracked, error) { return s.tracked, s.err }

func TestArgoCDIsSet(t *testing.T) {
	short.Skip(t, "examines six times")
	_, _, specs := printed(t)
	well := set{
		projects: applied{specs: specs},
		lone:     lone{app: unblock.Application{Name: "local", Syncs: true, Options: []string{applyOnly}}},
		maps:     map[string]map[string]string{settingsName: with(entries(t), trackingMethod, "annotation"), parametersName: parameters()},
		tracked:  argocd.Tracked{Slices: 2, ByAnnotation: 2},
	}
	p := newPatient(t)
	p.well()
	p.args = append(p.args, "--argocd-kubeconfig", "x")
	p.apps = well
	if _, err := p.examine(); err != nil {
		t.Fatal(err)
	}
	for check, change := range map[string]func(*set){
		"argocd settings":       func(s *set) { s.maps = map[string]map[string]string{parametersName: parameters()} },
		"argocd parameters":     func(s *set) { s.maps = map[string]map[string]string{settingsName: entries(t)} },
		"argocd local health":   func(s *set) { s.app.Blind = true },
		"argocd local tracking": func(s *set) { s.tracked.ByAnnotation = 1 },
		"argocd local projects": func(s *set) { s.projects = applied{} },
	} {
		ill := well
		change(&ill)
		p.apps = ill
		p.finds(check)
	}
	// Whoever may not read them is told so, and nothing is wrong.
	p.apps = well.lone
	rows, err := p.examine()
	if r := rows["argocd settings"]; r.Result != skipped || !strings.Contains(r.Detail, "argocd/argocd-cm") || err != nil {
		t.Errorf("argocd settings = %+v, %v, want it skipped", r, err)
	}
	well.err = errors.New("no answer")
	p.apps = well
	rows, err = p.examine()
	for _, check := range []string{"argocd settings", "argocd parameters", "argocd local tracking"} {
		if r := rows[check]; r.Result != failed || !strings.Contains(r.Detail, "no answer") || err == nil {
			t.Errorf("%s = %+v, %v, want it failed", check, r, err)
		}
	}
}

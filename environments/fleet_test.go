package environments_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/google/go-cmp/cmp"
)

// fullFleet has every field that a fleet may have.
const fullFleet = `apiVersion: sluice.gatorcloud.io/v1
kind: Fleet
blocked:
- {product: swg, version: "201", reason: INC-1423 loses audit}
freezes:
- {from: 2026-12-24T00:00:00Z, to: "2027-01-02", reason: year end}
expedite:
- {product: swg, version: "203", until: "2026-12-01T01:00:00+01:00", reason: CVE}
pins:
- {tenant: "1000009", product: swg, version: "200", reason: waits for their audit}
rings:
- name: early
  sharePercent: 20
  versions: {swg: "203"}
  steps: [1, 10, 50]
  stepSoakSeconds: 3600
  soakSeconds: 86400
  opens: ["Mon-Thu 09:00-16:00"]
  approval: true
  tolerateUnhealthy: "1%"
  gates:
  - {name: errors, query: 'swg:error_ratio{ring="early"}', max: 0.01, forSeconds: 600, product: swg}
  parallel: 2
  onFailure: rollback
- name: main
  tolerateUnhealthy: 3
  versions: {swg: "203"}
holds:
- {ring: main, product: swg, version: "200", reason: audit, until: "2026-12-15"}
`

const metered = goodEnvironment + "prometheus: http://prometheus.monitoring:9090\ntimeZone: Asia/Shanghai\n"

func TestLoadReadsEveryField(t *testing.T) {
	site, err := environments.Load(files(metered, fullFleet), local)
	if err != nil {
		t.Fatal(err)
	}
	zone, err := site.Zone()
	if err != nil || zone.String() != "Asia/Shanghai" {
		t.Errorf("Zone() = %v, %v, want Asia/Shanghai", zone, err)
	}
	f, early := site.Fleet, site.Fleet.Rings[0]
	day := func(m time.Month, d int) time.Time {
		year := 2026
		if m == time.January {
			year++
		}
		return time.Date(year, m, d, 0, 0, 0, 0, time.UTC)
	}
	got := []any{f.Freezes[0].From.Time(), f.Freezes[0].To.Time(), f.Expedite[0].Until.Time(), f.Holds[0].Until.Time(),
		early.TolerateUnhealthy, f.Rings[1].TolerateUnhealthy, early.Steps, early.Opens, *early.Gates[0].Max, early.Gates[0].Min == nil,
		early.OnFailure, early.Parallel, f.Pins[0].Tenant.String(), f.Blocked[0].Version.String()}
	want := []any{day(time.December, 24), day(time.January, 2), day(time.December, 1), day(time.December, 15),
		environments.Tolerance{Percent: 1}, environments.Tolerance{Tenants: 3}, []int{1, 10, 50}, []string{"Mon-Thu 09:00-16:00"}, 0.01, true,
		environments.Rollback, 2, "1000009", "201"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Load() (-want +got):\n%s", d)
	}
}

func TestFleetRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ reason, old, new, want string }{
		"StepsFall":      {"a step is more than the one before", "[1, 10, 50]", "[1, 50, 10]", `line 15: ring "early": steps: 10 does not rise above 50`},
		"StepsStay":      {"a step is more than the one before", "[1, 10, 50]", "[1, 1]", `line 15: ring "early": steps: 1 does not rise above 1`},
		"SoakNoStep":     {"it would never soak", "  steps: [1, 10, 50]\n", "", `line 15: ring "early": stepSoakSeconds without steps`},
		"Failure":        {"nobody guesses what is done to tenants", "onFailure: rollback", "onFailure: undo", `line 24: ring "early": onFailure "undo" is unknown`},
		"Tolerance":      {"a share has its sign", `"1%"`, `"1"`, `line 20: rings[0].tolerateUnhealthy: "1" is neither`},
		"ToleranceHalf":  {"tenants are whole", `"1%"`, `0.5`, `line 20: rings[0].tolerateUnhealthy: "0.5" is out of range`},
		"GateBounds":     {"a gate without bounds passes nothing", "max: 0.01, ", "", `line 22: ring "early": gates[0]: it is not complete: it has no max or min`},
		"GateTurned":     {"no number is above 1 and below 0.01", "max: 0.01", "max: 0.01, min: 1", `min 1 is above max 0.01`},
		"GateQuery":      {"a gate asks something", `'swg:error_ratio{ring="early"}'`, `" "`, "it has no query"},
		"GateName":       {"it stands in reasons and URLs", "name: errors", "name: Error rate", `name "Error rate" is not allowed`},
		"GateTwice":      {"verdicts are by name", "  parallel", "  - {name: errors, query: up, min: 1}\n  parallel", `gate "errors" is there twice`},
		"GateFor":        {"no rollout waits longer than a month", "forSeconds: 600", "forSeconds: -1", "forSeconds -1 is out of range"},
		"FreezeEndless":  {"a freeze that nobody ends ends all rollouts", `, to: "2027-01-02"`, "", "line 6: freezes[0]: it is not complete: it has no to"}, //nolint:dupword // as it is written
		"FreezeNoStart":  {"since when", "from: 2026-12-24T00:00:00Z, ", "", "it has no from"},
		"FreezeTurned":   {"it would freeze nothing", "2027-01-02", "2026-12-24", "line 6: freezes[0]: it ends before it begins"},
		"FreezeMoment":   {"times are exact", `"2027-01-02"`, `"2027-1-2"`, `freezes[0].to: "2027-1-2" is no time`},
		"FreezeReason":   {"whoever waits must know why", ", reason: year end", "", "freezes[0]: it is not complete: it has no reason"},
		"BlockedTwice":   {"one reason each", "freezes:", "- {product: swg, version: \"201\", reason: again}\nfreezes:", "line 5: blocked[1]: swg=201 is there twice"},
		"BlockedVersion": {"whole products are not blocked", `version: "201", `, "", "blocked[0]: it is not complete: it has no version"},
		"ExpediteBlock":  {"no hotfix is blocked", `version: "203", until`, `version: "201", until`, "line 8: expedite[0]: swg=201 is blocked"},
		"ExpediteAlways": {"an exception ends", `until: "2026-12-01T01:00:00+01:00", `, "", "expedite[0]: it is not complete: it has no until"},
		"ExpediteTwice":  {"one end each", "pins:", "- {product: swg, version: \"203\", until: \"2027-01-01\", reason: x}\npins:", "swg=203 is there twice"},
		"PinTwice":       {"a tenant runs one version", "rings:", "- {tenant: \"1000009\", product: swg, version: \"203\", reason: x}\nrings:", `pins[1]: the pin of tenant "1000009", product "swg" is there twice`},
		"PinTenant":      {"a pin is of somebody", `tenant: "1000009", `, "", "it has no tenant"},
		"ReasonLines":    {"reasons stand in tables and commits", "reason: audit", `reason: "audit\n\x1b[31m"`, "is no line"},
		"HoldUnknown":    {"a hold of no ring holds nothing", "ring: main", "ring: mian", `line 29: holds[0]: unknown ring "mian"`},
		"HoldReason":     {"whoever meets a hold must know why", "reason: audit, ", "", "not complete"},
		"HoldTwice":      {"two holds let nothing through", "holds:", "holds:\n- {ring: main, product: swg, version: \"202\", reason: x}", `the hold of ring "main", product "swg" is there twice`},
	} {
		t.Run(name, func(t *testing.T) {
			fleet := strings.Replace(fullFleet, tc.old, tc.new, 1)
			_, err := environments.Load(files(metered, fleet), local)
			if fleet == fullFleet || err == nil || !strings.Contains(err.Error(), "fleet.yaml: ") || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("Load(%q for %q) = %v, want one line with %s: %s", tc.new, tc.old, err, tc.want, tc.reason)
			}
			if fault.HintOf(err) == "" {
				t.Errorf("Load() error %q has no hint", err)
			}
		})
	}
}

func TestEnvironmentRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ reason, old, new, want string }{
		"Zone":       {"hours are of a known zone", "Asia/Shanghai", "Asia/Shangai", `environment.yaml: line 10: timeZone "Asia/Shangai" is unknown`},
		"ZoneLocal":  {"the renderer's zone is nobody's", "Asia/Shanghai", "Local", `timeZone "Local" is unknown`},
		"ZonePath":   {"a zone is no path", "Asia/Shanghai", "../../etc/passwd", "is unknown"},
		"Prometheus": {"a gate needs somebody to ask", "prometheus: http://prometheus.monitoring:9090\n", "", `fleet.yaml: line 21: ring "early": gates without a Prometheus`},
		"Scheme":     {"it is asked by HTTP", "http://prom", "ftp://prom", "prometheus"},
		"Password":   {"no secret in Git", "http://prom", "http://u:secret@prom", "prometheus at"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := environments.Load(files(strings.Replace(metered, tc.old, tc.new, 1), fullFleet), local)
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "secret") || fault.HintOf(err) == "" {
				t.Errorf("Load(%q for %q) = %v, want %s and a hint: %s", tc.new, tc.old, err, tc.want, tc.reason)
			}
		})
	}
}

// What has no meaning any more is taken, and told with its place.
func TestNotes(t *testing.T) {
	site, err := environments.Load(files(goodEnvironment, strings.Replace(goodFleet, "rings:", "keepVersions: 2\nrings:", 1)), local)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"fleet.yaml: line 3: keepVersions has no meaning any more and can be removed",
		`fleet.yaml: line 8: ring "canary": previous has no meaning any more and can be removed`}
	if d := cmp.Diff(want, site.Notes); d != "" {
		t.Errorf("Notes (-want +got):\n%s", d)
	}
	if site, err := environments.Load(files(metered, fullFleet), local); err != nil || len(site.Notes) > 0 {
		t.Errorf("Load() = notes %q, %v, want none", site.Notes, err)
	}
}

package rollout_test

import (
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	. "github.com/gatorcloud/sluice/renderer/rollout"
)

// A fleet in the middle of a rollout: early has 203 on half of it, main is at
// 202 and keeps a tenant at 200; 203 comes from 202 alone and goes back there.
const checkedFleet = `apiVersion: sluice.gatorcloud.io/v1
kind: Fleet
blocked: [{product: swg, version: "202.1", reason: INC-1}, {product: swg, version: "201", reason: INC-1423}]
expedite:
- {product: swg, version: "203", until: "2026-12-01", reason: CVE}
pins:
- {tenant: "1000009", product: swg, version: "202", reason: audit}
rings:
- name: early
  sharePercent: 20
  versions: {swg: "203", dsa: "31"}
- name: main
  versions: {swg: "203"}
`

func checkedRollouts() Rollouts {
	return Rollouts{
		Lanes: map[Key]Lane{
			{ring("early"), swg}: {At: []Segment{{End / 2, v("203")}, {End, v("202")}}, Good: vs("200", "202")},
			{ring("early"), dsa}: {At: []Segment{{End, v("31")}}, Good: vs("31")},
			{ring("main"), swg}:  {At: []Segment{{End, v("202")}}, Good: vs("202"), Stragglers: map[ident.Tenant]ident.Version{id(6): v("200")}},
		},
		Shared: map[ident.Component]Shared{store: {At: v("9")}},
	}
}

func checkedCatalog() map[string]string {
	return map[string]string{
		"products/swg/200": "", "products/swg/201": "", "products/swg/202": "",
		"products/swg/203":   "upgradesFrom: [\"202\"]\ndowngradesTo: [\"202\"]\n",
		"products/swg/204":   "upgradesFrom: [\"201\"]\n",
		"products/swg/202.1": "", "products/swg/205": "upgradesFrom: [\"202.1\"]\n",
		"products/dsa/31": "", "shared/policy-store/9": "sharing: environment\n",
	}
}

func TestCheck(t *testing.T) {
	for name, tc := range map[string]struct {
		reason, old, new string
		drop             string // from the catalog
		want             string // "" for nothing wrong
	}{
		"Good":        {reason: "a rollout under way is no fault"},
		"Unpublished": {"what is wanted can be had", `- name: main` + "\n" + `  versions: {swg: "203"}`, "- name: main\n  versions: {swg: \"299\"}", "", `fleet.yaml: line 13: ring "main": product "swg": no version "299"`},
		"NoEdge":      {"a rollout must have a way", `swg: "203", dsa`, `swg: "204", dsa`, "", `fleet.yaml: line 11: ring "early": product "swg": no edges lead from "203", which is granted there, to "204"`},
		"BarredStop":  {"no way leads through what is blocked", `  versions: {swg: "203"}`, `  versions: {swg: "205"}`, "", `ring "main": product "swg": no edges lead from "202"`},
		"Back":        {"a revert mid-way is no fault", `swg: "203", dsa`, `swg: "202", dsa`, "", ""},
		"BackFar":     {"203 goes back to 202 alone", `swg: "203", dsa`, `swg: "200", dsa`, "", `ring "early": product "swg": no way leads back from "202", "203" to "200"`},
		"WantsBlocked": {"who blocks need not revert at once", `version: "201", reason: INC-1423}]
expedite:
- {product: swg, version: "203", until: "2026-12-01", reason: CVE}`, `version: "203", reason: INC-1423}]`, "", ""},
		"PinBlocked":     {"blocked is blocked for pins too", `version: "202", reason: audit`, `version: "201", reason: audit`, "", `fleet.yaml: line 7: tenant "1000009" is pinned to swg=201, which is blocked: INC-1423`},
		"PinUnknown":     {"a pin needs a version", `version: "202", reason: audit`, `version: "20", reason: audit`, "", `fleet.yaml: line 7: tenant "1000009": product "swg": no version "20"`},
		"Expedite":       {"a hotfix that nobody wants hurries nobody", `version: "203", until`, `version: "230", until`, "", "fleet.yaml: line 5: no ring wants swg=230"},
		"BlockedUnknown": {"a slip blocks nothing", `version: "201", reason: INC-1423`, `version: "210", reason: INC-1423`, "", `fleet.yaml: line 3: it blocks nothing: product "swg": no version "210"`},
		"HoldUnknown":    {"a slip holds nothing", "pins:", "holds: [{ring: main, product: swg, version: \"230\", reason: audit}]\npins:", "", `fleet.yaml: line 6: the hold of ring "main": product "swg": no version "230"`},
		"Hold":           {"a hold of what comes is none", "pins:", "holds: [{ring: main, product: swg, version: \"203\", reason: audit}]\npins:", "", ""},
		"ExpediteStop":   {"a stop on the way may hurry", `version: "203", until`, `version: "202", until`, "", ""},
		"ExpediteOff":    {"31 is no stop of swg", `product: swg, version: "203", until`, `product: dsa, version: "30", until`, "", "no ring wants dsa=30"},
		"GoneGranted":    {"it runs", "", "", "products/dsa/31", `rollouts.yaml: ring "early": product "dsa": version "31" is granted or good there and gone`},
		"GoneGood":       {"it is the way back", "", "", "products/swg/200", `rollouts.yaml: ring "early": product "swg": version "200" is granted or good`},
		"GoneKept":       {"a tenant runs it", "", "", "products/swg/200", `rollouts.yaml: ring "main": product "swg": version "200"`},
		"GonePart":       {"everybody uses it", "", "", "shared/policy-store/9", `shared part "policy-store": version "9" is granted and gone`},
		"Hours":          {"hours are read here", "  sharePercent: 20", "  sharePercent: 20\n  opens: [always]", "", `line 11: ring "early": opening hours "always"`},
	} {
		t.Run(name, func(t *testing.T) {
			files := checkedCatalog()
			delete(files, tc.drop)
			fleet := strings.Replace(checkedFleet, tc.old, tc.new, 1)
			if tc.old != "" && fleet == checkedFleet {
				t.Fatalf("%q is not in the fleet", tc.old)
			}
			var all []string
			for _, err := range Check(loadSite(t, fleet), loadCatalog(t, files), checkedRollouts()) {
				all = append(all, err.Error())
				if fault.HintOf(err) == "" || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), `environment "local": `) {
					t.Errorf("Check() error %q is not one line of the environment with a hint", err)
				}
			}
			got := strings.Join(all, "\n")
			if (tc.want == "") != (got == "") || !strings.Contains(got, tc.want) {
				t.Errorf("Check() = %q, want %q: %s", got, tc.want, tc.reason)
			}
		})
	}
	if all := Check(loadSite(t, checkedFleet), loadCatalog(t, checkedCatalog()), Rollouts{}); len(all) > 0 {
		t.Errorf("Check() of a fleet without rollouts = %v, want nothing", all)
	}
}

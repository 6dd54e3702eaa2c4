package rollout_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	. "github.com/gatorcloud/sluice/renderer/rollout"
	"github.com/google/go-cmp/cmp"
)

const fleetFile = `apiVersion: sluice.gatorcloud.io/v1
kind: Fleet
batch: 50
blocked: [{product: swg, version: "201", reason: INC-1423}]
freezes: [{from: "2026-12-24", to: "2027-01-02", reason: year end}]
expedite: [{product: swg, version: "203", until: "2026-12-01", reason: CVE}]
rings:
- name: early
  sharePercent: 20
  versions: {swg: "203"}
  steps: [1, 50]
  stepSoakSeconds: 60
  soakSeconds: 3600
  opens: ["Mon-Thu 09:00-16:00", "Sat 22:00-02:00"]
  approval: true
  tolerateUnhealthy: "2%"
  gates: [{name: errors, query: up, min: 1, forSeconds: 600, product: swg}]
  parallel: 3
  onFailure: rollback
- {name: main, versions: {swg: "202"}, tolerateUnhealthy: 4, onFailure: halt}
holds: [{ring: main, product: swg, version: "202", reason: audit, until: "2026-12-15"}]
`

func loadSite(t *testing.T, fleet string) *environments.Site {
	t.Helper()
	site, err := environments.Load(fstest.MapFS{
		"local/environment.yaml": {Data: []byte("apiVersion: sluice.gatorcloud.io/v1\nkind: Environment\nname: local\npopId: \"1\"\npopCode: local\ndestination: {name: in-cluster}\n" +
			"repoURL: https://git.example/f.git\ndomain: local.example\ntimeZone: Asia/Shanghai\nprometheus: http://prometheus:9090\n")},
		"local/fleet.yaml": {Data: []byte(fleet)},
	}, ident.Must[ident.EnvironmentKind]("local"))
	if err != nil {
		t.Fatal(err)
	}
	return site
}

func TestFleetOf(t *testing.T) {
	got, err := FleetOf(loadSite(t, fleetFile))
	if err != nil {
		t.Fatal(err)
	}
	product, version, ring := ident.Must[ident.ProductKind], ident.Must[ident.VersionKind], ident.Must[ident.RingKind]
	swg, date := product("swg"), func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	week, _ := ParseWindow("Mon-Thu 09:00-16:00")
	one := 1.0
	night, _ := ParseWindow("Sat 22:00-02:00")
	want := &Fleet{
		Rings: []Ring{{
			Name: ring("early"), Versions: map[ident.Product]ident.Version{swg: version("203")}, Steps: []int{1, 50},
			StepSoak: time.Minute, Soak: time.Hour, Approval: true, Tolerate: Tolerance{Percent: 2}, Opens: []Window{week, night},
			Gates: []Gate{{"errors", swg, 10 * time.Minute, Query{"http://prometheus:9090", "up", &one, nil}}}, Parallel: 3, Rollback: true,
		}, {
			Name: ring("main"), Versions: map[ident.Product]ident.Version{swg: version("202")}, Tolerate: Tolerance{Tenants: 4},
		}},
		Batch:    50,
		Holds:    []Hold{{ring("main"), swg, version("202"), "audit", date(2026, 12, 15)}},
		Blocked:  []Blocked{{swg, version("201"), "INC-1423"}},
		Freezes:  []Freeze{{date(2026, 12, 24), date(2027, 1, 2), "year end"}},
		Expedite: []Expedite{{swg, version("203"), date(2026, 12, 1), "CVE"}},
	}
	zone := got.Zone
	got.Zone = nil
	if d := cmp.Diff(want, got, cmp.Exporter(func(reflect.Type) bool { return true })); d != "" {
		t.Errorf("FleetOf() (-want +got):\n%s", d)
	}
	if zone.String() != "Asia/Shanghai" {
		t.Errorf("FleetOf() is in zone %v, want Asia/Shanghai", zone)
	}
}

// Hours that are none, or that never open, are told by place, all of them.
func TestFleetOfRefusesHours(t *testing.T) {
	_, err := FleetOf(loadSite(t, strings.NewReplacer("Mon-Thu 09:00-16:00", "Mon-Thu 9-16", "22:00-02:00", "22:00-22:00").Replace(fleetFile)))
	for _, want := range []string{`fleet.yaml: line 14: ring "early": opening hours "Mon-Thu 9-16": no such hour`, `"Sat 22:00-22:00": they never open`} {
		if err == nil || !strings.Contains(err.Error(), want) || fault.HintOf(err) == "" {
			t.Errorf("FleetOf() = %v, want %s and a hint", err, want)
		}
	}
}

// loadCatalog returns a catalog of the versions in the given folders, each with
// what its file says beside its name; of one component unless it says others.
func loadCatalog(t *testing.T, versions map[string]string) *catalog.Catalog {
	t.Helper()
	files := fstest.MapFS{}
	for dir, text := range versions {
		parts, kind, file := strings.Split(dir, "/"), "Product", "product.yaml"
		if parts[0] == "shared" {
			kind, file = "SharedComponent", "component.yaml"
		}
		if !strings.Contains(text, "components:") {
			text += "components: [{name: main}]\n"
		}
		files[dir+"/"+file] = &fstest.MapFile{Data: []byte(fmt.Sprintf("apiVersion: sluice.gatorcloud.io/v1\nkind: %s\nname: %s\nversion: %q\n%s", kind, parts[1], parts[2], text))}
		files[dir+"/components/main/kustomization.yaml"] = &fstest.MapFile{Data: []byte("resources: []\n")}
	}
	c, err := catalog.LoadUnlocked(files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A version's edges are those of its file, and it needs what its parts need.
func TestCatalogOf(t *testing.T) {
	c := loadCatalog(t, map[string]string{
		"products/swg/202": "",
		"products/swg/203": "upgradesFrom: [\"202\"]\ndowngradesTo: []\ncomponents: [{name: main}, {name: proxy, sharing: tenant, version: \"1\"}, {name: store, sharing: environment, version: \"9\"}]\n",
		"shared/proxy/1":   "sharing: tenant\ncomponents: [{name: main}, {name: store, sharing: environment, version: \"10\"}]\n",
		"shared/store/9":   "sharing: environment\n",
		"shared/store/10":  "sharing: environment\n",
	})
	version := ident.Must[ident.VersionKind]
	all := CatalogOf(c)
	got := all[ident.Must[ident.ProductKind]("swg")]
	if len(all) != 1 || len(got) != 2 {
		t.Fatalf("CatalogOf() = %v, want two versions of swg", all)
	}
	if e := got[version("202")]; e.UpgradesFrom != nil || e.DowngradesTo != nil || len(e.Needs) != 0 {
		t.Errorf("CatalogOf() of swg 202 = %v, want any edge and no need", e)
	}
	e := got[version("203")]
	if fmt.Sprint(e.UpgradesFrom) != "[202]" || e.DowngradesTo == nil || len(e.DowngradesTo) != 0 || fmt.Sprint(e.Needs) != "map[store:10]" {
		t.Errorf("CatalogOf() of swg 203 = %v, want an edge from 202, none back, and store 10", e)
	}
}

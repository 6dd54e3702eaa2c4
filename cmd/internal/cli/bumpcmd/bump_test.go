package bumpcmd

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

const site = `apiVersion: sluice.gatorcloud.io/v1
kind: Environment
name: local
popId: "21"
popCode: local
domain: gatorcloud.localhost
repoURL: https://git.example/fleet.git
destination: {name: in-cluster}
`

// fleet has three rings of swg, and two that offer dsa.
const fleet = `apiVersion: sluice.gatorcloud.io/v1
kind: Fleet
blocked: [{product: swg, version: "201", reason: INC-1423}]
rings:
- name: canary   # two of our own
  tenants: ["1000009"]
  versions:
    swg: "202"   # since the audit
    dsa: "31"
- {name: early, sharePercent: 20, versions: {swg: '202'}}
- name: main
  versions: {swg: "200", dsa: "31"}
`

// repository is what a commit holds: 203 has to come from 202, 204 is not
// published, 205 cannot be reached, 206 failed.
func repository(t *testing.T, fleet string) fstest.MapFS {
	t.Helper()
	sold := fstest.MapFS{}
	for ref, text := range map[string]string{
		"swg/200": "", "swg/201": "", "swg/202": "", "swg/203": "upgradesFrom: [\"202\"]\ndowngradesTo: [\"202\"]\n",
		"swg/205": "upgradesFrom: [\"199\"]\n", "swg/206": "", "dsa/31": "", "dsa/32": "",
	} {
		name, version, _ := strings.Cut(ref, "/")
		sold["products/"+ref+"/product.yaml"] = &fstest.MapFile{Data: []byte(fmt.Sprintf(
			"apiVersion: sluice.gatorcloud.io/v1\nkind: Product\nname: %s\nversion: %q\n%scomponents: [{name: main}]\n", name, version, text))}
		sold["products/"+ref+"/components/main/kustomization.yaml"] = &fstest.MapFile{Data: []byte("resources: []\n")}
	}
	c, err := catalog.LoadUnlocked(sold)
	if err != nil {
		t.Fatal(err)
	}
	sold["catalog.lock"] = &fstest.MapFile{Data: c.Lock().Add(c.Digests()).Encode()}
	files := fstest.MapFS{}
	for name, f := range sold {
		files["catalog/"+name] = f
	}
	for _, name := range []string{"product.yaml", "components/main/kustomization.yaml"} {
		text := strings.Replace(string(sold["products/swg/202/"+name].Data), `"202"`, `"204"`, 1)
		files["catalog/products/swg/204/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	at := func(v string) []rollout.Segment {
		return []rollout.Segment{{To: rollout.End, Version: ident.Must[ident.VersionKind](v)}}
	}
	key := func(ring, product string) rollout.Key {
		return rollout.Key{Ring: ident.Must[ident.RingKind](ring), Product: ident.Must[ident.ProductKind](product)}
	}
	v := ident.Must[ident.VersionKind]
	r := rollout.Rollouts{
		Lanes: map[rollout.Key]rollout.Lane{
			key("canary", "swg"): {At: at("202"), Good: []ident.Version{v("200"), v("202")}},
			key("main", "swg"):   {At: at("200"), Good: []ident.Version{v("200")}},
		},
		Failed: []rollout.Failed{{Product: key("canary", "swg").Product, Version: v("206"), Ring: key("canary", "swg").Ring, Reason: "3 of 80 tenants Degraded"}},
	}
	files["environments/local/rollouts.yaml"] = &fstest.MapFile{Data: r.Encode()}
	files["environments/local/environment.yaml"] = &fstest.MapFile{Data: []byte(site)}
	files["environments/local/fleet.yaml"] = &fstest.MapFile{Data: []byte(fleet)}
	return files
}

// of parses and computes a bump of a fleet.
func of(t *testing.T, fleet string, o options, args ...string) (*bump, fs.FS, error) {
	t.Helper()
	files := repository(t, fleet)
	r, err := parse(&o, args)
	if err != nil {
		return nil, files, err
	}
	b, err := r.on(files)
	return b, files, err
}

// What is written, and what is said of it: lane from>stops>to.
func TestBump(t *testing.T) {
	t.Parallel()
	crlf := strings.ReplaceAll(fleet, "\n", "\r\n")
	for name, tc := range map[string]struct {
		reason, fleet string
		options       options
		args          string
		edits         []string // old and new texts
		said          string
	}{
		"All":      {"a required stop is named", fleet, options{}, "swg=203", []string{`"202"   #`, `"203"   #`, `'202'`, `'203'`, `{swg: "200"`, `{swg: "203"`}, "swg/canary 202>203, swg/early 202>203, swg/main 200>202>203"},
		"Ring":     {"the canary first", fleet, options{ring: "canary"}, "swg=203", []string{`"202"   #`, `"203"   #`}, "swg/canary 202>203"},
		"Through":  {"those before it too", fleet, options{through: "early"}, "swg=203", []string{`"202"   #`, `"203"   #`, `'202'`, `'203'`}, "swg/canary 202>203, swg/early 202>203"},
		"Follow":   {"whoever is there already stays", fleet, options{}, "swg=202", []string{`{swg: "200"`, `{swg: "202"`}, "swg/main 200>202"},
		"Two":      {"two products at once; early does not offer dsa", fleet, options{}, "dsa=32 swg=202", []string{"\"31\"\n-", "\"32\"\n-", `"200", dsa: "31"`, `"202", dsa: "32"`}, "dsa/canary 31>32, dsa/main 31>32, swg/main 200>202"},
		"New":      {"a ring by its name is offered the product", fleet, options{ring: "early"}, "dsa=31", []string{`'202'}`, `'202', dsa: "31"}`}, "dsa/early 31"},
		"Back":     {"down an edge, to what is good", fleet, options{}, "swg=200", []string{`"202"   #`, `"200"   #`, `'202'`, `'200'`}, "swg/canary 202>200, swg/early 202>200"},
		"Same":     {"twice is once", fleet, options{ring: "canary"}, "swg=202", nil, ""},
		"CRLF":     {"line ends stay", crlf, options{ring: "canary"}, "swg=203", []string{`"202"   #`, `"203"   #`}, "swg/canary 202>203"},
		"Comments": {"whatever stands between", "# one\n" + strings.ReplaceAll(fleet, "rings:\n", "rings: # two\n# three\n\n"), options{ring: "canary"}, "swg=203", []string{`"202"   #`, `"203"   #`}, "swg/canary 202>203"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, files, err := of(t, tc.fleet, tc.options, strings.Fields(tc.args)...)
			if err != nil {
				t.Fatal(err)
			}
			want := tc.fleet
			for i := 0; i < len(tc.edits); i += 2 {
				if !strings.Contains(want, tc.edits[i]) {
					t.Fatalf("%q is not in the fleet", tc.edits[i])
				}
				want = strings.Replace(want, tc.edits[i], tc.edits[i+1], 1)
			}
			var said []string
			for _, r := range b.rows {
				said = append(said, r.Lane+" "+strings.Join(append(append(r.From, r.Stops...), r.To), ">"))
			}
			if got := strings.Join(said, ", "); string(b.fleet) != want || got != tc.said {
				t.Errorf("on() = %q, %q, want %q, %q: %s", got, b.fleet, tc.said, want, tc.reason)
			}
			after := b.change(files).After
			if again, err := (mustParse(t, tc.options, tc.args)).on(after); err != nil || len(again.rows) > 0 {
				t.Errorf("on() a second time = %v, %v, want nothing to change", again, err)
			}
		})
	}
}

func mustParse(t *testing.T, o options, args string) request {
	t.Helper()
	r, err := parse(&o, strings.Fields(args))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Every refusal is one line that says what and where, and has a hint.
func TestBumpRefuses(t *testing.T) {
	t.Parallel()
	rings := strings.Index(fleet, "rings:")
	for name, tc := range map[string]struct {
		reason, fleet string
		options       options
		args          string
		want, hint    string
	}{
		"Version":     {"nobody has it", fleet, options{}, "swg=299", `product "swg": no version "299"`, `published: "203", "205", "206"`},
		"Product":     {"a slip", fleet, options{}, "sgw=203", `no product "sgw"`, `did you mean "swg"`},
		"Unpublished": {"whoever forgot the lock", fleet, options{}, "swg=204", `version "204" is in the catalog and not in catalog.lock`, "sluice catalog lock"},
		"Blocked":     {"people refuse it", fleet, options{}, "swg=201", "it is blocked: INC-1423", "take the version out of blocked"},
		"Failed":      {"the engine took it back", fleet, options{ring: "canary"}, "swg=206", `it failed in ring "canary" and was taken back: 3 of 80`, "sluice rollout lift swg=206"},
		"NoEdge":      {"nothing leads there", fleet, options{}, "swg=205", `no edges lead from "202" to it in ring "canary"`, "sluice catalog show swg/205"},
		"NoWayBack":   {"203 goes back to 202 alone", strings.ReplaceAll(fleet, "'202'", "'203'"), options{ring: "early"}, "swg=200", `no way leads back from "203" to it in ring "early"`, "downgradesTo"},
		"Overtakes":   {"it would wait for ever", fleet, options{ring: "main"}, "swg=203", `ring "main" would wait for ring "early" before it, which wants "202"`, "sluice bump swg=203 --env local --through main"},
		"Beside":      {"also beside another product", fleet, options{ring: "main"}, "swg=203 dsa=32", `ring "main" would wait for ring "early" before it, which wants "202"`, "sluice bump swg=203 --env local --through main"},
		"Behind":      {"main would go on with what the canary left", strings.ReplaceAll(fleet, `{swg: "200"`, `{swg: "202"`), options{ring: "canary"}, "swg=200", `ring "canary" would fall behind ring "early", which wants "202"`, "sluice bump swg=200 --env local --through early"},
		"Ring":        {"a slip", fleet, options{ring: "mian"}, "swg=203", `has no ring "mian"`, `did you mean "main"`},
		"Through":     {"a slip", fleet, options{through: "x"}, "swg=203", `has no ring "x"`, `"canary", "early", "main"`},
		"Tenant":      {"nobody by that name", fleet, options{tenant: "7", reason: "x"}, "swg=203", `has no tenant "7"`, "sluice authz list"},
		"PinReason":   {"whoever meets a pin must know why", fleet, options{tenant: "7"}, "swg=203", "reading --reason", "--reason"},
		"Reason":      {"a commit has a message", fleet, options{reason: "x"}, "swg=203", "reading --reason", "--message"},
		"Expedited":   {"what would be wrong in fleet.yaml then", fleet[:rings] + "expedite: [{product: swg, version: \"202\", until: \"2026-12-01\", reason: CVE}]\n" + fleet[rings:], options{}, "swg=200", "fleet.yaml: line 4: no ring wants swg=202", "remove the entry"},
		"Form":        {"no wish", fleet, options{}, "swg:203", `reading "swg:203": it is no product and version`, "swg=203"},
		"Twice":       {"one wish a product", fleet, options{}, "swg=203 swg=202", `product "swg" is there twice`, "once"},
		"Environment": {"another one", fleet, options{env: "lokal"}, "swg=203", `environment "lokal"`, `did you mean "local"`},
		"Name":        {"a path is no environment", fleet, options{env: "../x"}, "swg=203", "reading --env", "a-z"},
		"Unquoted":    {"a number is no version", strings.ReplaceAll(fleet, `swg: "202" `, `swg: 202 `), options{}, "swg=203", `local/fleet.yaml: decoding YAML: line 8: rings[0].versions.swg: 202 is a number`, "quote it"},
		"Duplicate":   {"which of them counts", strings.ReplaceAll(fleet, `    dsa: "31"`, `    swg: "200"`), options{}, "swg=203", `line 9: key "swg" already set`, "valid YAML"},
		"Anchor":      {"one edit would be many", strings.ReplaceAll(fleet, `versions: {swg: "200"`, `versions: &a {swg: "200"`), options{}, "swg=203", "local/fleet.yaml: decoding YAML: line 12: anchors", "write the value out"},
		"Tab":         {"YAML has no tabs there", strings.ReplaceAll(fleet, "    dsa", "\tdsa"), options{}, "swg=203", "line 9: found character", "valid YAML"},
		"Folded":      {"a form that is not edited", strings.ReplaceAll(fleet, "swg: \"202\"   # since the audit", "swg: >-\n      202"), options{}, "swg=203", "editing fleet.yaml: ring \"canary\"", "by hand"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := of(t, tc.fleet, tc.options, strings.Fields(tc.args)...)
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("on() = %v, want one line with %s: %s", err, tc.want, tc.reason)
			}
			if hint := fault.HintOf(err); !strings.Contains(hint, tc.hint) {
				t.Errorf("on() = %v with hint %q, want %q", err, hint, tc.hint)
			}
		})
	}
}

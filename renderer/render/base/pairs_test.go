package base

import (
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

const (
	request = "spec.template.spec.containers.[name=web].resources.requests.cpu"
	limit   = "spec.template.spec.containers.[name=web].resources.limits.cpu"
)

// couple declares the parameters one and other and writes each to a field of an
// object; rules are more of the schema.
func couple(t *testing.T, kind, one, oneField, other, otherField, rules string) map[string]string {
	t.Helper()
	edits := plain(t, nil)
	edits["product.yaml"] = strings.Replace(edits["product.yaml"], "parameters:\n", "parameters:\n"+rules, 1)
	edits["product.yaml"] = strings.Replace(edits["product.yaml"], "    logLevel:", "    one: "+one+"\n    other: "+other+"\n    logLevel:", 1)
	edits[webFile] = strings.Replace(edits[webFile], "        image: registry", "        resources: {requests: {cpu: 100m}, limits: {cpu: 100m}}\n        image: registry", 1)
	edits[webFile] = strings.Replace(edits[webFile], "ports: [{port: 80}]", "ports: [{port: 80, name: a}, {port: 443, name: b}, {port: 444, name: c}]", 1)
	edits[replaceFile] = text(t, replaceFile)
	for _, to := range [][2]string{{"one", oneField}, {"other", otherField}} {
		edits[replaceFile] += "- source: {kind: ConfigMap, name: parameters, fieldPath: data." + to[0] + "}\n  targets:\n  - select: {kind: " + kind +
			", name: demo-web}\n    fieldPaths: [\"" + to[1] + "\"]\n"
	}
	return edits
}

// Two values that fit alone and not together are one fault, which names both.
func TestProveTogether(t *testing.T) {
	short.Skip(t, "builds hundreds of overlays")
	for name, tc := range map[string]struct {
		reason string
		edits  map[string]string
		want   []string // nothing for a version that is sound
	}{
		"Above": {"the greatest request meets the least limit in no round of all ends",
			couple(t, "Deployment", `{type: string, enum: ["100m", "1", "2"], default: "100m"}`, request, `{type: string, enum: ["2", "4", "8", "1500m"], default: "2"}`, limit, ""),
			[]string{`parameter "one" may be "2" while parameter "other" is "1500m"`, "it requests 2 of cpu and is limited to 1500m"}},
		"Equal": {"two ports may be one",
			couple(t, "Service", "{type: integer, enum: [443, 81, 82, 8080, 9090], default: 443}", "spec.ports.1.port", "{type: integer, enum: [444, 82, 1, 9999], default: 444}", "spec.ports.2.port", ""),
			[]string{`parameter "one" may be "82" while parameter "other" is "82"`, "port 82 is there twice"}},
		"Below": {"every request is within every limit",
			couple(t, "Deployment", `{type: string, enum: ["100m", "1", "2"], default: "100m"}`, request, `{type: string, enum: ["2", "4", "8"], default: "2"}`, limit, ""), nil},
		"Ruled": {"the schema refuses what does not fit",
			couple(t, "Deployment", `{type: string, enum: ["100m", "1", "2"], default: "100m"}`, request, `{type: string, enum: ["2", "4", "8", "1500m"], default: "2"}`, limit,
				"  if: {properties: {one: {const: \"2\"}}}\n  then: {properties: {other: {enum: [\"2\", \"4\", \"8\"]}}}\n"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			faults := catalog.Faults(prove(t, tc.edits))
			if len(faults) != min(1, len(tc.want)) {
				t.Fatalf("%s: Prove() = %v, want %d faults", tc.reason, faults, min(1, len(tc.want)))
			}
			for _, w := range tc.want {
				if !strings.Contains(faults[0].Error(), w) || fault.HintOf(faults[0]) == "" {
					t.Errorf("%s: Prove() = %v with hint %q, want %s", tc.reason, faults[0], fault.HintOf(faults[0]), w)
				}
			}
		})
	}
}

// Many parameters of one object meet in few overlays.
func TestPairsAreFew(t *testing.T) {
	p := &prover{base: &Base{written: map[identity]map[string]bool{{}: {}}}}
	for name := range strings.SplitSeq("abcdefghijklmnopqrst", "") {
		a := axis{name: name, values: []string{"5", "50", "1", "99", "word"}}
		a.ends = extremes(a)
		p.axes = append(p.axes, a)
		p.base.written[identity{}][name] = true
	}
	p.couple()
	open := p.meetings()
	waits := map[meeting]bool{}
	for _, m := range open {
		waits[m] = true
	}
	all, overlays := len(waits), 0
	for _, m := range open {
		if !waits[m] {
			continue
		}
		overlays++
		for _, met := range p.met(p.beside(m, waits)) {
			delete(waits, met)
		}
	}
	if len(waits) > 0 || all < 190*15 || overlays > 80 {
		t.Errorf("%d of %d meetings are left after %d overlays, want none, and at most 80", len(waits), all, overlays)
	}
}

package edit_test

import (
	"os"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/environments/edit"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/google/go-cmp/cmp"
)

func want(ring, product, version string) edit.Want {
	return edit.Want{Ring: ident.Must[ident.RingKind](ring), Product: ident.Must[ident.ProductKind](product), Version: ident.Must[ident.VersionKind](version)}
}

func TestVersions(t *testing.T) {
	for name, tc := range map[string]struct {
		reason, in string
		want       edit.Want
		out        string // "" for a refusal
	}{
		"Block":     {"a value in its place", "rings:\n- name: a # ä\n  versions: # now\n    swg: \"200\" # why\n    dsa: \"31\"\n", want("a", "swg", "203"), "rings:\n- name: a # ä\n  versions: # now\n    swg: \"203\" # why\n    dsa: \"31\"\n"},
		"Flow":      {"columns count characters", "rings: [{name: a, versions: {swg: \"200\", dsa: \"31\"}}, {note: ä漢, name: b, versions: {swg: \"200\"}}]", want("b", "swg", "203"), "rings: [{name: a, versions: {swg: \"200\", dsa: \"31\"}}, {note: ä漢, name: b, versions: {swg: \"203\"}}]"},
		"Single":    {"quotes stay", "rings:\n- {name: a, versions: {swg: '200'}}\n", want("a", "swg", "203"), "rings:\n- {name: a, versions: {swg: '203'}}\n"},
		"Plain":     {"a word becomes a string", "rings:\n- {name: a, versions: {swg: v2 }}\n", want("a", "swg", "203"), "rings:\n- {name: a, versions: {swg: \"203\" }}\n"},
		"Escaped":   {"the end of a string is found", "rings:\n- {name: a, versions: {swg: \"2\\x300\", dsa: \"1\"}}\n", want("a", "swg", "203"), "rings:\n- {name: a, versions: {swg: \"203\", dsa: \"1\"}}\n"},
		"Same":      {"nothing to do", "rings:\n- {name: a, versions: {swg: \"203\"}}\n", want("a", "swg", "203"), "rings:\n- {name: a, versions: {swg: \"203\"}}\n"},
		"Windows":   {"line breaks stay", "rings:\r\n- name: a\r\n  versions:\r\n    swg: \"200\"\r\n", want("a", "dsa", "31"), "rings:\r\n- name: a\r\n  versions:\r\n    swg: \"200\"\r\n    dsa: \"31\"\r\n"},
		"NewBlock":  {"a product is added last", "rings:\n- name: a\n  versions:\n      swg: \"200\" # why\n  # then\n  soakSeconds: 1\n", want("a", "dsa", "31"), "rings:\n- name: a\n  versions:\n      swg: \"200\" # why\n      dsa: \"31\"\n  # then\n  soakSeconds: 1\n"},
		"NewFlow":   {"a product is added last", "rings:\n- {name: a, versions: {swg: \"200\" }}\n", want("a", "dsa", "31"), "rings:\n- {name: a, versions: {swg: \"200\", dsa: \"31\" }}\n"},
		"NewEmpty":  {"the first product", "rings:\n- {name: a, versions: {}}\n", want("a", "dsa", "31"), "rings:\n- {name: a, versions: {dsa: \"31\"}}\n"},
		"NoNewline": {"files may end early", "rings:\n- name: a\n  versions:\n    swg: \"200\"", want("a", "dsa", "31"), "rings:\n- name: a\n  versions:\n    swg: \"200\"\n    dsa: \"31\""},
		"NoRing":    {"nothing is made up", "rings:\n- {name: a, versions: {}}\n", want("b", "dsa", "31"), ""},
		"Folded":    {"what is not known is left to people", "rings:\n- name: a\n  versions:\n    swg: >-\n      200\n", want("a", "swg", "203"), ""},
		"Anchor":    {"what is refused is not edited", "rings:\n- {name: a, versions: &v {swg: \"200\"}}\n- {name: b, versions: *v}\n", want("a", "swg", "203"), ""},
		"Nothing":   {"no versions", "rings:\n- name: a\n  versions:\n", want("a", "swg", "203"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := edit.Versions([]byte(tc.in), tc.want)
			if tc.out == "" {
				if err == nil || fault.HintOf(err) == "" || !strings.Contains(err.Error(), tc.want.Ring.String()) {
					t.Errorf("Versions() = %q, %v, want a refusal with a hint: %s", got, err, tc.reason)
				}
				return
			}
			if d := cmp.Diff(tc.out, string(got)); d != "" || err != nil {
				t.Errorf("Versions() = %v: %s (-want +got):\n%s", err, tc.reason, d)
			}
		})
	}
}

// Changes of several places are made at once; where one follows from another,
// one by one. The error names the one that cannot be made.
func TestVersionsOfMany(t *testing.T) {
	const fleet = "rings:\n- {name: b, versions: {}}\n- name: a\n  versions:\n    swg: \"200\" # x\n"
	const moved = "rings:\n- {name: b, versions: {swg: \"203\", dsa: \"31\"}}\n- name: a\n  versions:\n    swg: \"203\" # x\n    dsa: \"31\"\n"
	got, err := edit.Versions([]byte(fleet), want("a", "swg", "203"), want("b", "swg", "203"), want("b", "dsa", "31"), want("a", "dsa", "31"))
	if d := cmp.Diff(moved, string(got)); d != "" || err != nil {
		t.Errorf("Versions() = %v (-want +got):\n%s", err, d)
	}
	_, err = edit.Versions([]byte(fleet), want("a", "swg", "203"), want("c", "dsa", "31"), want("b", "dsa", "31"))
	if err == nil || !strings.Contains(err.Error(), `ring "c": product "dsa"`) {
		t.Errorf("Versions() = %v, want an error that names ring c", err)
	}
}

func TestAppend(t *testing.T) {
	fields := []edit.Field{{Key: "product", Value: "swg"}, {Key: "version", Value: "203"}, {Key: "reason", Value: "CVE: \"x\""}}
	const entry = `{product: swg, version: "203", reason: "CVE: \"x\""}`
	for name, tc := range map[string]struct{ reason, in, out string }{
		"None":      {"the list is added", "kind: Fleet\n", "kind: Fleet\nexpedite:\n- " + entry + "\n"},
		"NoNewline": {"files may end early", "kind: Fleet", "kind: Fleet\nexpedite:\n- " + entry + "\n"},
		"Block":     {"behind the last", "expedite: # now\n  - product: a\n    reason: b # why\n  # after\nkind: Fleet\n", "expedite: # now\n  - product: a\n    reason: b # why\n  - " + entry + "\n  # after\nkind: Fleet\n"},
		"BlockFlow": {"an entry of several lines", "expedite:\n- {product: a,\n   reason: b\n  }\nkind: Fleet\n", "expedite:\n- {product: a,\n   reason: b\n  }\n- " + entry + "\nkind: Fleet\n"},
		"Flow":      {"brackets in it are no end", "expedite: [{reason: \"b]\"}] # ]\n", "expedite: [{reason: \"b]\"}, " + entry + "] # ]\n"},
		"FlowEmpty": {"the first", "expedite: []\nkind: Fleet\n", "expedite: [" + entry + "]\nkind: Fleet\n"},
		"Null":      {"the first", "expedite:\nkind: Fleet\n", "expedite:\n- " + entry + "\nkind: Fleet\n"},
		"Last":      {"at the end", "expedite:\n- {reason: b}", "expedite:\n- {reason: b}\n- " + entry},
		"Wrong":     {"no list", "expedite: {a: b}\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := edit.Append([]byte(tc.in), "expedite", fields...)
			if tc.out == "" {
				if err == nil || fault.HintOf(err) == "" {
					t.Errorf("Append() = %q, %v, want a refusal with a hint: %s", got, err, tc.reason)
				}
				return
			}
			if d := cmp.Diff(tc.out, string(got)); d != "" || err != nil {
				t.Errorf("Append() = %v: %s (-want +got):\n%s", err, tc.reason, d)
			}
		})
	}
}

func TestPinned(t *testing.T) {
	pin := edit.Pin{Tenant: ident.Must[ident.TenantKind]("1000009"), Product: ident.Must[ident.ProductKind]("swg"),
		Version: ident.Must[ident.VersionKind]("203"), Reason: "it's theirs"}
	const entry = `{tenant: "1000009", product: swg, version: "203", reason: "it's theirs"}`
	for name, tc := range map[string]struct{ reason, in, out string }{
		"None": {"the list is added", "kind: Fleet\n", "kind: Fleet\npins:\n- " + entry + "\n"},
		"Others": {"behind another tenant's and another product's", "pins:\n- {tenant: \"1\", product: swg, version: \"203\"}\n- {tenant: \"1000009\", product: dsa, version: \"203\"}\n",
			"pins:\n- {tenant: \"1\", product: swg, version: \"203\"}\n- {tenant: \"1000009\", product: dsa, version: \"203\"}\n- " + entry + "\n"},
		"Same":   {"what is pinned there keeps its reason", "pins:\n- {tenant: \"1000009\", product: swg, version: '203', reason: audit} # x\n", "pins:\n- {tenant: \"1000009\", product: swg, version: '203', reason: audit} # x\n"},
		"Moved":  {"in its place and its quotes", "pins:\n- tenant: \"1000009\" # x\n  product: swg\n  version: '200' # y\n  reason: 'audit' # z\n", "pins:\n- tenant: \"1000009\" # x\n  product: swg\n  version: '203' # y\n  reason: 'it''s theirs' # z\n"},
		"Folded": {"what is not known is left to people", "pins:\n- tenant: \"1000009\"\n  product: swg\n  version: >-\n    200\n  reason: x\n", ""},
		"Broken": {"what is refused is not edited", "pins: &a []\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := edit.Pinned([]byte(tc.in), pin)
			if tc.out == "" {
				if err == nil || fault.HintOf(err) == "" {
					t.Errorf("Pinned() = %q, %v, want a refusal with a hint: %s", got, err, tc.reason)
				}
				return
			}
			if d := cmp.Diff(tc.out, string(got)); d != "" || err != nil {
				t.Errorf("Pinned() = %v: %s (-want +got):\n%s", err, tc.reason, d)
			}
		})
	}
}

// Of the fleets that people wrote, an edit changes one line, and back gives the same bytes.
func TestFleetsOfPeople(t *testing.T) {
	for _, file := range []string{"../local/fleet.yaml", "../pop-sha1/fleet.yaml"} {
		before, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		after, err := edit.Versions(before, want("main", "dsa", "32"))
		if err != nil {
			t.Fatal(err)
		}
		back, err := edit.Versions(after, want("main", "dsa", "31"))
		if err != nil || string(back) != string(before) || strings.Count(string(after), "\"32\"") != 1 || len(after) != len(before) {
			t.Errorf("Versions(%s) there and back = %v, differs:\n%s", file, err, cmp.Diff(string(before), string(back)))
		}
	}
}

// Whatever the text is, an edit is refused or keeps its lines but one.
func FuzzVersions(f *testing.F) {
	f.Add([]byte("rings:\n- name: a\n  versions: # now\n    swg: \"200\"\n"))
	f.Add([]byte("rings: [{name: a, versions: {swg: '2''0'}}]"))
	f.Add([]byte("expedite: [{a: ]}]\rrings:\r\n- {name: a, versions: {}}"))
	f.Add([]byte("~"))
	f.Fuzz(func(t *testing.T, text []byte) {
		after, err := edit.Versions(text, want("a", "swg", "203"))
		if err == nil && strings.Count(string(after), "\n") > strings.Count(string(text), "\n")+1 {
			t.Errorf("Versions(%q) = %q", text, after)
		}
		if after, err := edit.Append(text, "expedite", edit.Field{Key: "product", Value: "swg"}); err == nil && len(after) <= len(text) {
			t.Errorf("Append(%q) = %q", text, after)
		}
	})
}

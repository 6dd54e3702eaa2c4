package environments_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// A label that is not there is not an empty one.
func TestSelects(t *testing.T) {
	for name, tc := range map[string]struct {
		reason       string
		want, labels map[string]string
		selects      bool
	}{
		"Everything":  {"an empty selector selects all", nil, map[string]string{"a": "b"}, true},
		"Equal":       {"the label has the value", map[string]string{"a": "b"}, map[string]string{"a": "b", "c": "d"}, true},
		"OtherValue":  {"the label has another value", map[string]string{"a": "b"}, map[string]string{"a": "c"}, false},
		"NoLabels":    {"the label is missing", map[string]string{"a": "b"}, nil, false},
		"EmptyValue":  {"the label is empty", map[string]string{"a": ""}, map[string]string{"a": ""}, true},
		"EmptyAbsent": {"the label is missing, which is not empty", map[string]string{"a": ""}, map[string]string{"c": ""}, false},
		"OneOfTwo":    {"all labels have to match", map[string]string{"a": "b", "c": "d"}, map[string]string{"a": "b"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (environments.Selector{MatchLabels: tc.want}).Selects(tc.labels); got != tc.selects {
				t.Errorf("Selects(%v) of %v = %t, want %t: %s", tc.labels, tc.want, got, tc.selects, tc.reason)
			}
		})
	}
}

// Shares lie one after another: each ring gets its own part, and the rest goes
// to the last.
func TestSharesLieSideBySide(t *testing.T) {
	fleet := strings.NewReplacer("- name: gold\n  matchLabels: {tier: gold}\n", "- name: gold\n  sharePercent: 20\n",
		"- name: early\n  sharePercent: 20\n", "- name: early\n  sharePercent: 30\n").Replace(goodFleet)
	site, err := environments.Load(files(goodEnvironment, fleet), local)
	if err != nil {
		t.Fatal(err)
	}
	a := environments.NewAssigner(site.Fleet)
	var got [4]int
	const tenants = 10000
	for i := range tenants {
		id := ident.Must[ident.TenantKind](fmt.Sprint(3000000 + i))
		ring := a.Ring(id, nil)
		got[ring]++
		switch hundredth := float64(environments.Point(id)) / (1 << 32) * 100; {
		case hundredth < 20 && ring != 1, hundredth >= 20 && hundredth < 50 && ring != 2, hundredth >= 50 && ring != 3:
			t.Fatalf("Ring(%s) at %.2f %% = %d", id, hundredth, ring)
		}
	}
	for ring, want := range [4]int{0, 2000, 3000, 5000} {
		if got[ring] < want-200 || got[ring] > want+200 {
			t.Errorf("ring %d has %d of %d tenants, want about %d", ring, got[ring], tenants, want)
		}
	}
}

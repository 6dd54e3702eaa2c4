package quantity_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/quantity"
)

func TestQuantities(t *testing.T) {
	for name, tc := range map[string]struct {
		reason, text   string
		storage, bound bool
	}{
		"Size":        {"as people write it", "80Gi", true, true},
		"Decimal":     {"decimal suffixes", "1G", true, true},
		"Fraction":    {"whole bytes all the same", "1.5Gi", true, true},
		"Exponent":    {"people misread it", "8e10", false, false},
		"Bytes":       {"no suffix is bytes", "1048576", true, true},
		"Least":       {"the least disk", "1Mi", true, true},
		"Most":        {"the largest disk", "1Pi", true, true},
		"Count":       {"a number of pods is no disk", "40", false, true},
		"Milli":       {"a part of a processor is no disk", "100m", false, true},
		"TooLarge":    {"over a pebibyte", "2Pi", false, true},
		"PartOfAByte": {"a disk has whole bytes", "1048577.5", false, true},
		"Zero":        {"nothing", "0", false, false},
		"Negative":    {"less than nothing", "-1Gi", false, false},
		"Empty":       {"no text", "", false, false},
		"GB":          {"no suffix of Kubernetes", "80GB", false, false},
		"Space":       {"no blank within", "80 Gi", false, false},
		"Words":       {"no quantity", "many", false, false},
		"Long":        {"bounded before it is parsed", strings.Repeat("1", 33), false, false},
		"HugePower":   {"no work without bound", "1e999999999", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			for which, f := range map[string]func(string) (resource.Quantity, error){"Storage": quantity.Storage, "Bound": quantity.Bound} {
				want := tc.storage
				if which == "Bound" {
					want = tc.bound
				}
				q, err := f(tc.text)
				if (err == nil) != want {
					t.Errorf("%s(%q) = %v, want accepted = %t: %s", which, tc.text, err, want, tc.reason)
				}
				if err != nil && fault.HintOf(err) == "" {
					t.Errorf("%s(%q) = %v without a hint", which, tc.text, err)
				}
				if err == nil && q.Cmp(resource.MustParse(tc.text)) != 0 {
					t.Errorf("%s(%q) = %s", which, tc.text, q.String())
				}
			}
		})
	}
}

// Kubernetes' own parser says the same, of what it does not compute for minutes.
func TestIs(t *testing.T) {
	for _, s := range []string{"", "1", "0", "-1", "+1.5", ".5", "1.", ".", "1Gi", "1GiB", "1gi", "500m", "1e3", "1E-3", "1e", "e3", "1 Gi", " 1", "1ki", "1k", "1K", "0x10", "1_0", "NaN", "²", "1..2"} {
		_, err := resource.ParseQuantity(s)
		if got := quantity.Is(s); got != (err == nil) {
			t.Errorf("Is(%q) = %t, Kubernetes says %v", s, got, err)
		}
		if err != nil && s != "" && !quantity.IsMisread(err) {
			t.Errorf("IsMisread(%v) = false", err)
		}
	}
	if !quantity.Is("1e999999999") {
		t.Error("Is(1e999999999) = false")
	}
}

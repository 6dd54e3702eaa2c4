package ranged_test

import (
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/ranged"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

func TestFlags(t *testing.T) {
	for name, tc := range map[string]struct {
		reason, flag, value string
		want                string // empty for refused
	}{
		"Inside":       {"a legal number", "n", "7", "7"},
		"Least":        {"bounds are legal", "n", "0", "0"},
		"Most":         {"bounds are legal", "n", "10", "10"},
		"Below":        {"a negative number of anything is a mistake", "n", "-1", ""},
		"Above":        {"bounds hold at both ends", "n", "11", ""},
		"LeadingZero":  {"people count in tens", "n", "010", "10"},
		"Hexadecimal":  {"people count in tens", "n", "0x10", ""},
		"Underscore":   {"no digits of programs", "n", "1_0", ""},
		"Empty":        {"nothing is no number", "n", "", ""},
		"Huge":         {"beyond 64 bits", "n", "99999999999999999999", ""},
		"Time":         {"a legal duration", "d", "90s", "1m30s"},
		"TooShort":     {"bounds of durations", "d", "1ms", ""},
		"Negative":     {"time does not go back", "d", "-1s", ""},
		"WithoutUnits": {"a duration says its unit", "d", "10", ""},
	} {
		t.Run(name, func(t *testing.T) {
			set := pflag.NewFlagSet("x", pflag.ContinueOnError)
			var n int
			var d time.Duration
			ranged.Int(set, "n", ranged.Bounds[int]{Into: &n, Default: 3, Least: 0, Most: 10}, "number")
			ranged.Duration(set, "d", ranged.Bounds[time.Duration]{Into: &d, Default: time.Minute, Least: time.Second, Most: time.Hour}, "time")
			err := set.Parse([]string{"--" + tc.flag + "=" + tc.value})
			if tc.want == "" {
				if err == nil || fault.HintOf(err) == "" {
					t.Errorf("Parse(%q) = %v, want an error with a hint: %s", tc.value, err, tc.reason)
				}
				if n != 3 || d != time.Minute {
					t.Errorf("Parse(%q) changes a value to %d, %s", tc.value, n, d)
				}
				return
			}
			if got := set.Lookup(tc.flag).Value.String(); err != nil || got != tc.want {
				t.Errorf("Parse(%q) = %q, %v, want %q: %s", tc.value, got, err, tc.want, tc.reason)
			}
		})
	}
}

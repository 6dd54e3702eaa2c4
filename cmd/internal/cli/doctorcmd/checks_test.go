package doctorcmd

import (
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

func TestGoodVersion(t *testing.T) {
	for v, good := range map[string]bool{
		"3.7.3": true, "3.6.0": true, "3.5.8": true, "3.5.21": true, "3.4.25": true, "4.0.0": true,
		"3.5.7": false, "3.4.24": false, "3.3.27": false, "2.3.8": false, "": false, "3.x": false,
	} {
		err := goodVersion(v)
		if (err == nil) != good || err != nil && fault.HintOf(err) == "" {
			t.Errorf("goodVersion(%q) = %v, want good = %t", v, err, good)
		}
	}
}

func TestSkew(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		reason string
		skew   time.Duration
		good   bool
	}{
		"Same":   {"they agree", 0, true},
		"Slack":  {"clocks differ a little", -time.Minute, true},
		"Ahead":  {"ours is ahead", 61 * time.Second, false},
		"Behind": {"ours is behind", -61 * time.Second, false},
	} {
		if err := checkSkew(now.Add(tc.skew), now); (err == nil) != tc.good {
			t.Errorf("%s: checkSkew = %v, want good = %t: %s", name, err, tc.good, tc.reason)
		}
	}
}

func TestClock(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		reason    string
		now, last time.Time
		shows     string // no error when empty
	}{
		"Well":    {"after the newest commit", now, now.Add(-time.Hour), ""},
		"NoRepo":  {"nothing to compare with", now, time.Time{}, ""},
		"Slack":   {"clocks differ a little", now, now.Add(50 * time.Second), ""},
		"Behind":  {"before what has happened", now, now.Add(3 * time.Hour), "2026-11-22T12:00:00Z, which is 3h0m0s before"},
		"NotSet":  {"a machine without a battery", time.Unix(0, 0), time.Time{}, "1970-01-01T00:00:00Z"},
		"NotSet2": {"the newest commit does not matter", time.Unix(0, 0), time.Unix(-5, 0), "1970-01-01T00:00:00Z"},
	} {
		err := checkClock(tc.now, tc.last)
		if (err == nil) != (tc.shows == "") || err != nil && (!strings.Contains(err.Error(), tc.shows) || fault.HintOf(err) == "") {
			t.Errorf("%s: checkClock = %v, want an error that shows %q with a hint: %s", name, err, tc.shows, tc.reason)
		}
	}
}

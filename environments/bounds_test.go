package environments_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/environments"
)

// Numbers are refused outside their bounds and taken at them. A zero that
// stands for a default is not out of bounds.
func TestBounds(t *testing.T) {
	for name, tc := range map[string]struct {
		reason      string
		place       string // where the field stands, with %d for the number
		least, most int
	}{
		"Replicas":     {"nothing runs with fewer than one", "defaults: {replicas: %d}", 1, 1000},
		"MaxRemovals":  {"more than everything is no limit", "maxRemovalsPercent: %d", 1, 100},
		"SuspendDays":  {"no time before the end", "life: {suspendDays: %d}", 0, 3650},
		"GraceDays":    {"no time before the end", "life: {graceDays: %d}", 0, 3650},
		"ReleaseHours": {"a tombstone stays at most a year", "life: {releaseHours: %d}", 0, 24 * 365},
		"KeepVersions": {"each is rendered for every tenant", "keepVersions: %d", 0, 10},
		"Batch":        {"an Application of too many is slow", "batch: %d", 1, 1000},
		"Soak":         {"no rollout waits longer than a month", "  soakSeconds: %d", 0, 30 * 24 * 3600},
		"StepSoak":     {"nor does a step", "  steps: [50]\n  stepSoakSeconds: %d", 0, 30 * 24 * 3600},
		"Steps":        {"everything is no step", "  steps: [%d]", 1, 99},
		"Parallel":     {"a ring in one stroke needs no slices", "  parallel: %d", 0, 100},
		"Tolerate":     {"a ring whose tenants are all ill is not well", "  tolerateUnhealthy: %d", 0, 1000},
		"TolerateOf":   {"a share is of a hundred", "  tolerateUnhealthy: \"%d%%\"", 0, 100},
	} {
		t.Run(name, func(t *testing.T) {
			for n, ok := range map[int]bool{-1: false, tc.least: true, tc.most: true, tc.most + 1: false} {
				environment, fleet := goodEnvironment, goodFleet
				switch line := fmt.Sprintf(tc.place, n); {
				case line[0] == ' ':
					fleet = strings.Replace(fleet, "- name: main\n", "- name: main\n"+line+"\n", 1)
				case name == "KeepVersions" || name == "Batch":
					fleet = strings.Replace(fleet, "rings:", line+"\nrings:", 1)
				default:
					environment += line + "\n"
				}
				_, err := environments.Load(files(environment, fleet), local)
				if (err == nil) != ok || err != nil && !strings.Contains(err.Error(), fmt.Sprint(n)) {
					t.Errorf("Load() with %d = %v, want accepted = %t: %s", n, err, ok, tc.reason)
				}
			}
		})
	}
}

// A destination with a password is refused without telling it.
func TestRefusalKeepsThePassword(t *testing.T) {
	_, err := environments.Load(files(strings.Replace(goodEnvironment, "{name: in-cluster}", "{server: \"https://u:secret@k8s.example\"}", 1), goodFleet), local)
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("Load() = %v, want a refusal without the password", err)
	}
}

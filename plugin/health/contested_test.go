package health_test

import "testing"

// rewritten returns a ring in which somebody rewrites a field: out of sync
// again half a minute after the sixth time that Argo CD healed it, a quarter
// of an hour after it was deployed.
func rewritten() app {
	resource := func(kind, name, status string) map[string]any {
		return map[string]any{"group": "apps", "kind": kind, "name": name, "status": status}
	}
	return ring().
		set("OutOfSync", "status", "sync", "status").
		set(int64(6), "status", "operationState", "operation", "sync", "autoHealAttemptsCount").
		set(ago(30), "status", "operationState", "finishedAt").
		set(ago(29), "status", "reconciledAt").
		set([]any{map[string]any{"source": source("202"), "deployedAt": ago(900)}}, "status", "history").
		set([]any{resource("Deployment", "web", "OutOfSync"), resource("Service", "web", "Synced"), resource("CloneSet", "agent", "OutOfSync")}, "status", "resources")
}

// An Application that does not stay in sync holds its ring for a while only, and
// says what is rewritten. The state does not carry the field.
func TestContested(t *testing.T) {
	const given, waits = "out of sync again after each sync, so a field is rewritten: CloneSet agent, Deployment web", "not synced: OutOfSync: CloneSet agent, Deployment web"
	history := func(version string, seconds int) []any {
		return []any{map[string]any{"source": source(version), "deployedAt": ago(seconds)}}
	}
	syncError := func(seconds int) []any {
		return []any{map[string]any{"type": "SyncError", "message": "auto-sync will wipe out all resources", "lastTransitionTime": ago(seconds)}}
	}
	for name, tc := range map[string]struct {
		reason        string
		app           app
		want, message string
	}{
		"Rewritten":    {"six heals are enough", rewritten(), "Degraded", given},
		"FiveHeals":    {"the sixth may help", rewritten().set(int64(5), "status", "operationState", "operation", "sync", "autoHealAttemptsCount"), "Progressing", waits},
		"NeverHealed":  {"somebody changed it a moment ago", rewritten().set(nil, "status", "operationState", "operation"), "Progressing", waits},
		"HealsOfOld":   {"3.x counts over months; this is a change of today", rewritten().set(ago(600), "status", "operationState", "finishedAt"), "Progressing", waits},
		"LongBackoff":  {"Argo CD waits five minutes before each further heal", rewritten().set(ago(599), "status", "operationState", "finishedAt"), "Degraded", given},
		"NotCompared":  {"the status is of the time before the heal", rewritten().set(ago(31), "status", "reconciledAt"), "Progressing", waits},
		"JustDeployed": {"without a backoff six heals take seconds", rewritten().set(history("202", 599), "status", "history"), "Progressing", waits},
		"Deployed":     {"to the second", rewritten().set(history("202", 600), "status", "history"), "Degraded", given},
		"OtherSource":  {"an earlier source was deployed just now", rewritten().set(history("201", 5), "status", "history"), "Degraded", given},
		"NoHistory":    {"revisionHistoryLimit may be 0", rewritten().set(nil, "status", "history"), "Degraded", given},
		"HealRuns":     {"the heal decides", rewritten().set("Running", "status", "operationState", "phase"), "Progressing", "sync Running: "},
		"EarlierHeals": {"heals of an earlier source say nothing of this one", rewritten().set(source("201"), "status", "operationState", "syncResult", "source"), "Progressing", waits},
		"Bumped":       {"nor may they fail the revert", rewritten().set(source("201"), "spec", "source"), "Progressing", "not yet compared with the present spec"},
		"Healed":       {"six heals that helped are none", rewritten().set("Synced", "status", "sync", "status"), "Healthy", ""},
		"Unknown":      {"what cannot be compared is not out of sync", rewritten().set("Unknown", "status", "sync", "status"), "Progressing", "not synced: Unknown: CloneSet agent, Deployment web"},
		"Refused":      {"Argo CD will not sync, and says so", rewritten().set(nil, "status", "operationState", "operation").set(syncError(61), "status", "conditions"), "Degraded", "SyncError: auto-sync will wipe out all resources"},
		"RefusedNow":   {"it may yet", rewritten().set(nil, "status", "operationState", "operation").set(syncError(60), "status", "conditions"), "Progressing", waits},
	} {
		t.Run(name, func(t *testing.T) {
			if got := evaluateAt(t, vm(t), tc.app, noon); string(got.Status) != tc.want || got.Message != tc.message {
				t.Errorf("health = %+v, want %s %q: %s", got, tc.want, tc.message, tc.reason)
			}
		})
	}
}

// An Application that is as wanted without ever having been synced gets no sync
// of itself, so that it may not wait for one.
func TestNeverSynced(t *testing.T) {
	never := func(created any) app {
		return ring().set(created, "metadata", "creationTimestamp").set(nil, "status", "operationState")
	}
	elsewhere := func(seconds int) app {
		return ring().set(ago(86400), "metadata", "creationTimestamp").set("Failed", "status", "operationState", "phase").
			set(ago(seconds), "status", "operationState", "finishedAt").set(source("201"), "status", "operationState", "syncResult", "source")
	}
	for name, tc := range map[string]struct {
		reason string
		app    app
		want   string
	}{
		"New":             {"its first sync may be about to start", never(ago(599)), "Progressing"},
		"Restored":        {"none has", never(ago(600)), "Degraded"},
		"AgeUnknown":      {"an unknown age is no age", never(nil), "Progressing"},
		"FailedElsewhere": {"the sync of another source failed a moment ago", elsewhere(599), "Progressing"},
		"FailedLongAgo":   {"and nothing followed", elsewhere(600), "Degraded"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := evaluateAt(t, vm(t), tc.app, noon); string(got.Status) != tc.want {
				t.Errorf("health = %+v, want %s: %s", got, tc.want, tc.reason)
			}
		})
	}
}

// What is suspended waits for somebody, who may never come.
func TestSuspended(t *testing.T) {
	suspended := func(since any) app {
		return ring().set("Suspended", "status", "health", "status").set(since, "status", "health", "lastTransitionTime")
	}
	for name, tc := range map[string]struct {
		reason string
		app    app
		want   string
	}{
		"JustNow":   {"somebody may resume it", suspended(ago(599)), "Progressing"},
		"Forgotten": {"nobody has", suspended(ago(600)), "Degraded"},
		"NoTime":    {"an unknown age is old", suspended(nil), "Degraded"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := evaluateAt(t, vm(t), tc.app, noon); string(got.Status) != tc.want {
				t.Errorf("health = %+v, want %s: %s", got, tc.want, tc.reason)
			}
		})
	}
}

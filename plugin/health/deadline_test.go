package health_test

import (
	"path"
	"strings"
	"testing"
)

// Each kind with a deadline waits before it and gives up when it has passed: an
// object of which nothing is reported.
func TestDeadlines(t *testing.T) {
	entry := func(field string, seconds int) []any {
		return []any{map[string]any{"time": ago(seconds), "fieldsV1": map[string]any{field: map[string]any{"f:x": map[string]any{}}}}}
	}
	const day = 24 * 3600
	for name, tc := range map[string]struct {
		reason   string
		deadline any
		created  int
		fields   []any
		want     string
	}{
		"Young":         {"within the default", nil, 599, nil, "Progressing"},
		"Old":           {"at the end of the default", nil, 600, nil, "Degraded"},
		"WithinOwn":     {"the annotation counts", "60", 59, nil, "Progressing"},
		"OwnDeadline":   {"to the second", "60", 60, nil, "Degraded"},
		"LongDeadline":  {"also when it is longer", "3600", 3599, nil, "Progressing"},
		"Zero":          {"no time at all is the default", "0", 599, nil, "Progressing"},
		"ChangedNow":    {"a change of the spec starts anew", nil, day, entry("f:spec", 599), "Progressing"},
		"ChangedBefore": {"a change that is past the deadline does not", nil, day, entry("f:spec", 600), "Degraded"},
		"OthersTouched": {"labels and annotations of others do not", nil, day, entry("f:metadata", 1), "Degraded"},
	} {
		for _, kind := range withDeadline(t) {
			t.Run(name+"/"+kind, func(t *testing.T) {
				meta := map[string]any{"creationTimestamp": ago(tc.created), "managedFields": tc.fields}
				if tc.deadline != nil {
					meta["annotations"] = map[string]any{"gatorcloud.io/progress-deadline": tc.deadline}
				}
				if got := evaluateAt(t, vm(t), object(kind).set(meta, "metadata"), noon); string(got.Status) != tc.want {
					t.Errorf("health = %+v, want %s: %s", got, tc.want, tc.reason)
				}
			})
		}
	}
}

// withDeadline returns the kinds whose check has one.
func withDeadline(t *testing.T) []string {
	t.Helper()
	var kinds []string
	for _, kind := range checked(t) {
		if strings.Contains(vm(t).ResourceOverrides[kind].HealthLua, "-- begin deadline\n") {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// object returns an empty object of a kind, "group/Kind" or "Kind", of which
// something is awaited.
func object(kind string) app {
	version := "v1"
	if group := path.Dir(kind); group != "." {
		version = group + "/v1"
	}
	empty := app{"apiVersion": version, "kind": path.Base(kind)}
	if kind == "Service" { // of any other type there is nothing to wait for
		empty.set("LoadBalancer", "spec", "type")
	}
	return empty
}

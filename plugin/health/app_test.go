package health_test

import "k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

// app is an Application as JSON gives it; its methods change it in place.
type app map[string]any

// ring returns a Healthy Application of a ring that finished its sync in 2020.
func ring() app {
	a := app{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
		"metadata": map[string]any{"name": "pop-sha1-canary", "labels": map[string]any{"gatorcloud.io/level": "ring"}},
		"spec":     map[string]any{"source": source("202"), "destination": map[string]any{"name": "site", "namespace": "argocd"}},
		"status": map[string]any{
			"sync": map[string]any{"status": "Synced", "comparedTo": map[string]any{
				"source": source("202"), "destination": map[string]any{"name": "site", "namespace": "argocd"},
			}},
			"health":         map[string]any{"status": "Healthy", "lastTransitionTime": "2020-01-01T00:00:00Z"},
			"reconciledAt":   "2020-01-01T00:00:02Z",
			"operationState": map[string]any{"phase": "Succeeded", "finishedAt": "2020-01-01T00:00:01Z", "syncResult": map[string]any{"source": source("202")}},
		},
	}
	return a
}

// source returns the source of a ring that grants one version of swg.
func source(version string) map[string]any {
	return map[string]any{
		"repoURL": "https://git.example.com/fleet.git", "path": "environments/pop-sha1/rings/canary",
		"plugin": map[string]any{"name": "sluice", "parameters": []any{
			map[string]any{"name": "versions", "map": map[string]any{"swg": version}},
		}},
	}
}

// set replaces the field at path; nil removes it.
func (a app) set(value any, path ...string) app {
	if value == nil {
		unstructured.RemoveNestedField(a, path...)
		return a
	}
	at := map[string]any(a)
	for _, key := range path[:len(path)-1] {
		next, ok := at[key].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[key] = next
		}
		at = next
	}
	at[path[len(path)-1]] = value
	return a
}

// annotate sets the annotation gatorcloud.io/<name>.
func (a app) annotate(name string, value any) app {
	return a.set(value, "metadata", "annotations", "gatorcloud.io/"+name)
}

// grant makes the ring grant versions, compared and synced.
func (a app) grant(versions map[string]any) app {
	for _, path := range [][]string{{"spec"}, {"status", "sync", "comparedTo"}, {"status", "operationState", "syncResult"}} {
		src := source("")
		src["plugin"].(map[string]any)["parameters"] = []any{map[string]any{"name": "versions", "map": versions}}
		a.set(src, append(path, "source")...)
	}
	return a
}

package observe

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"
)

// application is what is read of an Argo CD Application. A field that is
// missing or of another type reads as empty.
type application struct {
	Metadata struct {
		Name        string            `json:"name"`
		Created     stamp             `json:"creationTimestamp"`
		Deleted     any               `json:"deletionTimestamp"`
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		Project string `json:"project"`
		record
	} `json:"spec"`
	Operation any `json:"operation"`
	Status    struct {
		Sync struct {
			Status     string `json:"status"`
			ComparedTo record `json:"comparedTo"`
		} `json:"sync"`
		Health struct {
			Status string `json:"status"`
			Since  stamp  `json:"lastTransitionTime"`
		} `json:"health"`
		ReconciledAt stamp `json:"reconciledAt"`
		Conditions   []struct {
			Type string `json:"type"`
		} `json:"conditions"`
		OperationState struct {
			Phase      string  `json:"phase"`
			StartedAt  stamp   `json:"startedAt"`
			FinishedAt stamp   `json:"finishedAt"`
			SyncResult *result `json:"syncResult"`
		} `json:"operationState"`
		History []struct {
			DeployedAt stamp `json:"deployedAt"`
			record
		} `json:"history"`
		Resources []resource `json:"resources"`
	} `json:"status"`
}

// record is where something came from and went to.
type record struct {
	Source      any         `json:"source"`
	Sources     any         `json:"sources"`
	Destination destination `json:"destination"`
}

type destination struct {
	Name      string `json:"name"`
	Server    string `json:"server"`
	Namespace string `json:"namespace"`
}

// result is what an operation did.
type result struct {
	record
	Resources []struct {
		Status    string `json:"status"`
		HookType  string `json:"hookType"`
		HookPhase string `json:"hookPhase"`
	} `json:"resources"`
}

// resource is an object of the Application. A health that is not persisted has
// no status.
type resource struct {
	Group  string `json:"group"`
	Kind   string `json:"kind"`
	Health struct {
		Status *string `json:"status"`
	} `json:"health"`
}

// stamp is a time in the form of the API server; any other text is none.
type stamp struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler, and never fails.
func (s *stamp) UnmarshalJSON(data []byte) error {
	const form = `"2006-01-02T15:04:05Z"`
	if t, err := time.Parse(form, string(data)); err == nil && len(data) == len(form) && t.Year() >= 1970 && t.Year() < 3000 {
		s.Time = t
	}
	return nil
}

// read decodes an Application. It fails for what is no JSON object.
func read(data []byte) (*application, error) {
	a := &application{}
	err := json.Unmarshal(data, a)
	var odd *json.UnmarshalTypeError // the rest is decoded all the same
	if errors.As(err, &odd) && odd.Field != "" {
		err = nil
	}
	return a, err
}

// present reports whether a record is of the source in the spec.
func (a *application) present(r record) bool {
	return sameFields(r.Source, a.Spec.Source) && same(filled(r.Sources), filled(a.Spec.Sources))
}

// sameFields compares the fields of two objects. Argo CD writes a field that
// is empty in one place and leaves it out in another.
func sameFields(a, b any) bool {
	x, xok := fields(a)
	y, yok := fields(b)
	if !xok || !yok {
		return false
	}
	for key, value := range x {
		if !same(filled(value), filled(y[key])) {
			return false
		}
	}
	for key, value := range y {
		if _, both := x[key]; !both && filled(value) != nil {
			return false
		}
	}
	return true
}

// same compares deeply. As in Lua, an empty list and an empty object are one.
func same(a, b any) bool {
	switch x := a.(type) {
	case map[string]any:
		if y, ok := b.(map[string]any); ok {
			return maps.EqualFunc(x, y, same)
		}
		y, ok := b.([]any)
		return ok && len(x)+len(y) == 0
	case []any:
		if y, ok := b.([]any); ok {
			return slices.EqualFunc(x, y, same)
		}
		y, ok := b.(map[string]any)
		return ok && len(x)+len(y) == 0
	}
	return a == b
}

// fields returns an object's fields; what is no object has none, except that a
// list is another thing.
func fields(v any) (map[string]any, bool) {
	m, _ := v.(map[string]any)
	list, _ := v.([]any)
	return m, len(list) == 0
}

// filled returns nil in place of what is empty.
func filled(v any) any {
	switch x := v.(type) {
	case string:
		if x == "" {
			return nil
		}
	case bool:
		if !x {
			return nil
		}
	case map[string]any:
		if len(x) == 0 {
			return nil
		}
	case []any:
		if len(x) == 0 {
			return nil
		}
	}
	return v
}

// sameDestination lets Argo CD's record name the cluster both ways: it infers
// the name from the server and the server from the name.
func sameDestination(wanted, recorded destination) bool {
	if wanted.Namespace != recorded.Namespace {
		return false
	}
	if wanted.Name == "" && wanted.Server == "" {
		return recorded.Name == "" && recorded.Server == ""
	}
	return (wanted.Name == "" || wanted.Name == recorded.Name) && (wanted.Server == "" || wanted.Server == recorded.Server)
}

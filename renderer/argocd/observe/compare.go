package observe

import (
	"maps"
	"slices"
)

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

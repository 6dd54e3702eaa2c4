package manifest

import (
	"slices"
	"strings"
)

// IgnoreDifference names fields of one object that somebody in the cluster
// writes: Argo CD neither compares them nor writes them over. It is the form of
// an Application's ignoreDifferences.
type IgnoreDifference struct {
	Group             string   `json:"group,omitempty"`
	Kind              string   `json:"kind"`
	Name              string   `json:"name"`
	JSONPointers      []string `json:"jsonPointers,omitempty"`
	JQPathExpressions []string `json:"jqPathExpressions,omitempty"`
}

// Equal reports whether two name the same fields.
func (d IgnoreDifference) Equal(o IgnoreDifference) bool {
	return d.Group == o.Group && d.Kind == o.Kind && d.Name == o.Name &&
		slices.Equal(d.JSONPointers, o.JSONPointers) && slices.Equal(d.JQPathExpressions, o.JQPathExpressions)
}

// ignored writes the list under its key; nothing when it is empty.
func (w *writer) ignored(indent int, list []IgnoreDifference) {
	if len(list) == 0 {
		return
	}
	w.line(indent, "ignoreDifferences:")
	for _, d := range list {
		w.str(indent, "- kind", d.Kind)
		w.opt(indent+2, "group", d.Group)
		w.str(indent+2, "name", d.Name)
		w.texts(indent+2, "jsonPointers", d.JSONPointers)
		w.texts(indent+2, "jqPathExpressions", d.JQPathExpressions)
	}
}

// texts writes a list of strings under key; nothing when it is empty.
func (w *writer) texts(indent int, key string, list []string) {
	if len(list) == 0 {
		return
	}
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = Quote(s)
	}
	w.line(indent, key, ": [", strings.Join(quoted, ", "), "]")
}

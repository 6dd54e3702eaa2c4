package plugin

import (
	"fmt"
	"strings"
)

// object is what the checks need to know of one manifest. Values are as
// written, without quotes; "" stands for absent.
type object struct {
	apiVersion, kind, name, namespace string
	component, wave                   string // label and annotation
	pausedAt, paused                  string // annotations
	replicas, deadline, suspend       string // of spec
	nodeSelector                      bool   // spec.template.spec.nodeSelector has an entry
	waveStart, waveEnd                int    // where the wave's value is written
	items                             bool   // has the field items: Argo CD takes it for a list of objects, whatever its kind
}

// id names the object in messages.
func (o object) id() string { return fmt.Sprintf("%s %q", o.kind, o.name) }

// group returns the API group; "" for the core group.
func (o object) group() string {
	group, _, found := strings.Cut(o.apiVersion, "/")
	if !found {
		return ""
	}
	return group
}

// is reports whether o is of a kind of a group.
func (o object) is(group, kind string) bool { return o.kind == kind && o.group() == group }

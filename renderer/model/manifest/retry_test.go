package manifest_test

import (
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// Argo CD's types write no zero number, so a limit of 0 vanishes from the live
// Application with its first operation, and its parent heals that for ever.
func TestApplicationHasNoFieldThatArgoCDDrops(t *testing.T) {
	a := manifest.Application{Name: "pop-canary", Level: "ring", Place: manifest.Place{Environment: ident.Must[ident.EnvironmentKind]("pop")}}
	got := string(a.Encode())
	if !strings.Contains(got, "    retry: {}\n") || strings.Contains(got, ": 0\n") || strings.Contains(got, ": false\n") {
		t.Errorf("Encode() = %s, want no retries as an empty strategy and no zero value", got)
	}
}

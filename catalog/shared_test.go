package catalog_test

import (
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// One version that requires more puts all versions of its component later: a
// tenant may have that one beside what was written for another.
func TestSharedBucket(t *testing.T) {
	f := good()
	add := func(name, version, requires string) {
		dir := "shared/" + name + "/" + version
		f[dir+"/component.yaml"] = strings.NewReplacer("identity", name, `"3"`, `"`+version+`"`).Replace(identity3) + requires
		f[dir+"/components/server/kustomization.yaml"] = "resources: []\n"
	}
	add("identity", "4", "- {name: keys, sharing: tenant, version: \"1\"}\n- {name: license, sharing: environment, version: \"1\"}\n")
	add("identity", "5", "")
	add("keys", "1", "")
	add("gate", "1", "- {name: identity, sharing: tenant, version: \"3\"}\n")
	c, err := catalog.LoadUnlocked(f.fsys())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"keys": 0, "identity": 1, "gate": 2, "license": 0} {
		if got := c.SharedBucket(ident.Must[ident.ComponentKind](name)); got != want {
			t.Errorf("SharedBucket(%s) = %d, want %d", name, got, want)
		}
	}
}

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

// What is required through others is required too, once.
func TestClosure(t *testing.T) {
	f := good()
	add := func(name, version, sharing, requires string) {
		dir := "shared/" + name + "/" + version
		f[dir+"/component.yaml"] = strings.NewReplacer("name: identity", "name: "+name, `"3"`, `"`+version+`"`, "sharing: tenant", "sharing: "+sharing).Replace(identity3) + requires
		f[dir+"/components/server/kustomization.yaml"] = "resources: []\n"
	}
	add("top", "1", "tenant", "- {name: left, sharing: tenant, version: \"1\"}\n- {name: right, sharing: tenant, version: \"1\"}\n")
	add("left", "1", "tenant", "- {name: store, sharing: environment, version: \"9\"}\n")
	add("right", "1", "tenant", "- {name: store, sharing: environment, version: \"10\"}\n- {name: left, sharing: tenant, version: \"1\"}\n")
	add("store", "9", "environment", "")
	add("store", "10", "environment", "- {name: keys, sharing: environment, version: \"1\"}\n")
	add("keys", "1", "environment", "")
	c, err := catalog.LoadUnlocked(f.fsys())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"top":   "keys=1/environment left=1/tenant right=1/tenant store=9/environment store=10/environment",
		"right": "keys=1/environment left=1/tenant store=9/environment store=10/environment",
		"keys":  "",
	} {
		all, err := c.Closure(c.SharedVersions(ident.Must[ident.ComponentKind](name))[0])
		var got []string
		for _, r := range all {
			got = append(got, r.Name.String()+"="+r.Version.String()+"/"+string(r.Sharing))
		}
		if s := strings.Join(got, " "); s != want || err != nil {
			t.Errorf("Closure(%s) = %q, %v, want %q", name, s, err, want)
		}
	}
}

package catalog_test

import (
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/catalog"
)

// A reader decodes what is new, and what it loads is what Load does.
func TestReader(t *testing.T) {
	const swg, other = "products/swg/202", "shared/identity/3"
	edited := good().with(swg+"/product.yaml", strings.Replace(swg202, "- name: ca-init\n", "- name: ca-init\n  description: makes it\n", 1))
	spoilt := good().locked(t).with(swg+"/product.yaml", swg202+"nonsense: 1\n")
	var r catalog.Reader
	last := map[string]*catalog.Version{}
	for _, tc := range []struct {
		reason string
		files  files
		again  map[string]bool // whether its files are those of the last catalog
	}{
		{"the first", good().locked(t), map[string]bool{swg: false, other: false}},
		{"nothing is another", good().locked(t), map[string]bool{swg: true, other: true}},
		{"what a catalog declares", good().locked(t).with(catalog.DeclaredFile, "- {version: "+swg+", allowTags: true}\n"), map[string]bool{swg: true, other: true}},
		{"is not the next one's", good().locked(t), map[string]bool{swg: true, other: true}},
		{"a version is edited", edited.locked(t), map[string]bool{swg: false, other: true}},
		{"and is not what was locked", edited.with(catalog.LockFile, good().locked(t)[catalog.LockFile]), map[string]bool{other: true}},
		{"it is spoilt", spoilt, map[string]bool{other: true}},
		{"and still is", spoilt, map[string]bool{other: true}},
		{"and well again", good().locked(t), map[string]bool{swg: false, other: true}},
	} {
		c, err := r.Load(tc.files.fsys())
		want, fault := catalog.Load(tc.files.fsys())
		if text(err) != text(fault) || len(c.All()) != len(want.All()) {
			t.Fatalf("%s: Load() = %d versions, %v, want %d, %v", tc.reason, len(c.All()), err, len(want.All()), fault)
		}
		now := map[string]*catalog.Version{}
		for i, v := range c.All() {
			w := want.All()[i]
			now[v.Ref.String()] = v
			if v.Ref != w.Ref || v.Digest != w.Digest || v.AllowTags != w.AllowTags || v.Components[0].Description != w.Components[0].Description {
				t.Errorf("%s: Load() has another %s than Load", tc.reason, v.Ref)
			}
		}
		for ref, again := range tc.again {
			if v := now[ref]; v == nil || last[ref] != nil && (v.Files == last[ref].Files) != again {
				t.Errorf("%s: %s is decoded again = %t, want %t", tc.reason, ref, again, !again)
			}
		}
		if _, there := tc.again[swg]; !there && now[swg] != nil {
			t.Errorf("%s: %s is in the catalog", tc.reason, swg)
		}
		last = now
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

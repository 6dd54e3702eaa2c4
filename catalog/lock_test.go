package catalog_test

import (
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/google/go-cmp/cmp"
)

const someDigest = "sha256:0000000000000000000000000000000000000000000000000000000000000000"

func TestLockVerdicts(t *testing.T) {
	locked := good().locked(t)
	for name, tc := range map[string]struct {
		reason string
		files  files
		want   []string // in one fault or its hint
	}{
		"EditedVersion": {"a published version never changes", locked.with("products/swg/202/components/engine/all.yaml", configMap+"data: {a: b}\n"),
			[]string{"products/swg/202", "changed", "next version"}},
		"AddedFile":   {"nor grows", locked.with("shared/license/1/README.md", "x"), []string{"shared/license/1", "changed"}},
		"NewVersion":  {"a new version must be published", locked.with(catalog.LockFile, strings.Join(strings.SplitAfter(locked[catalog.LockFile], "\n")[1:], "")), []string{"products/swg/202", "not in catalog.lock", "sluice catalog lock"}},
		"GoneVersion": {"a published version stays", locked.with(catalog.LockFile, locked[catalog.LockFile]+"products/dsa/1 "+someDigest+"\n"), []string{"products/dsa/1", "not in the catalog", "restore"}},
		"NoLock":      {"nothing is published without a lock", good(), []string{"not in catalog.lock"}},
		"Conflict":    {"a merge conflict is no lock", locked.with(catalog.LockFile, "<<<<<<< HEAD\n"+locked[catalog.LockFile]), []string{"line 1", "<<<<<<<"}},
		"NoDigest":    {"what is no digest is not compared", locked.with(catalog.LockFile, "products/dsa/1 sha256:00\n"+locked[catalog.LockFile]), []string{"line 1", `"sha256:00" is no digest`}},
		"TwoDigests":  {"a version has one digest", locked.with(catalog.LockFile, locked[catalog.LockFile]+"products/swg/202 "+someDigest+"\n"), []string{"products/swg/202", "two digests"}},
		"LinkedLock":  {"the lock is no link", locked.with(catalog.LockFile, "->/etc/passwd"), []string{"catalog.lock", "regular"}},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := catalog.Load(tc.files.fsys())
			found := false
			for _, f := range catalog.Faults(err) {
				text := f.Error() + " / " + fault.HintOf(f)
				all := true
				for _, w := range tc.want {
					all = all && strings.Contains(text, w)
				}
				found = found || all && fault.HintOf(f) != ""
			}
			if !found {
				t.Errorf("%s: Load = %v, want a fault with a hint that names %q", tc.reason, err, tc.want)
			}
			for _, v := range c.All() {
				if d, ok := c.Lock().Digest(v.Ref); !ok || d != v.Digest {
					t.Errorf("%s is served although the lock says %q", v.Ref, d)
				}
				for _, r := range v.Requires() {
					if _, err := c.SharedVersion(r.Name, r.Version); err != nil {
						t.Errorf("%s is served without what it needs: %v", v.Ref, err)
					}
				}
			}
		})
	}
}

func TestLockAddNeverChangesADigest(t *testing.T) {
	a, b := catalog.Ref{Name: "a", Version: "1"}, catalog.Ref{Name: "a", Version: "10"}
	other := strings.Replace(someDigest, "0", "1", 1)
	l := catalog.Lock{}.Add(map[catalog.Ref]string{a: someDigest})
	l = l.Add(map[catalog.Ref]string{a: other, b: other, {Shared: true, Name: "a", Version: "1"}: other, {Name: "a", Version: "9"}: other})
	want := "products/a/1 " + someDigest + "\nproducts/a/9 " + other + "\nproducts/a/10 " + other + "\nshared/a/1 " + other + "\n"
	if diff := cmp.Diff(want, string(l.Encode())); diff != "" {
		t.Errorf("Encode (-want +got):\n%s", diff)
	}
	parsed, err := catalog.ParseLock(append([]byte("# comment\n\n"), l.Encode()...))
	if err != nil || string(parsed.Encode()) != want {
		t.Errorf("ParseLock(Encode) = %s, %v", parsed.Encode(), err)
	}
}

func FuzzParseLock(f *testing.F) {
	f.Add([]byte("products/swg/202 " + someDigest + "\n"))
	f.Add([]byte("shared/../202 " + someDigest))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := catalog.ParseLock(data)
		if err != nil {
			return
		}
		again, err := catalog.ParseLock(l.Encode())
		if err != nil || string(again.Encode()) != string(l.Encode()) {
			t.Errorf("ParseLock(Encode(%q)) = %q, %v", data, again.Encode(), err)
		}
	})
}

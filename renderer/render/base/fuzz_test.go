package base

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzParseObjects reads hostile manifests: what is taken says the same after
// it was written.
func FuzzParseObjects(f *testing.F) {
	f.Add("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: \"on\", b: '1e3', c: 0644, d: 1.5, e: |\n    x\n}\n")
	f.Add("---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\nspec: {replicas: 3}\n---\n# nothing\n---\n")
	f.Add("apiVersion: v1\nkind: Secret\nmetadata: {name: b}\nstringData:\n  k: \"\\u202e \\x07 容器\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		objects, err := parseObjects([]byte(text))
		if err != nil {
			return
		}
		written, err := encode(objects)
		if err != nil {
			t.Fatalf("encode(%q): %v", text, err)
		}
		again, err := parseObjects(written)
		if err != nil {
			t.Fatalf("parseObjects(%q), written from %q: %v", written, text, err)
		}
		if diff := cmp.Diff(objects, again, cmp.AllowUnexported(object{})); diff != "" {
			t.Errorf("%q changed by writing (-want +got):\n%s", text, diff)
		}
	})
}

package catalogcmd

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Pin writes what the registry says beside the tag and leaves the rest of the
// file alone; a published version stays as it is.
func TestPin(t *testing.T) {
	const head = "apiVersion: sluice.gatorcloud.io/v1\nkind: Product\nname: web\nversion: \"1\" # the first\ncomponents: [{name: front}]\nimages:\n"
	sum := "sha256:" + strings.Repeat("ab", 32)
	for name, tc := range map[string]struct {
		reason, images, want, refused string
	}{
		"Tag":    {"beside its tag", "- name: registry.example.com/web\n  newTag: \"1.0\" # of June\n", "- name: registry.example.com/web\n  newTag: \"1.0\" # of June\n  digest: " + sum + "\n", ""},
		"Moved":  {"of the name that is pulled", "- name: web\n  newName: registry.example.com/web\n  newTag: \"1.0\"\n", "- name: web\n  newName: registry.example.com/web\n  newTag: \"1.0\"\n  digest: " + sum + "\n", ""},
		"Pinned": {"what has one keeps it", "- name: registry.example.com/web\n  digest: sha256:" + strings.Repeat("cd", 32) + "\n", "- name: registry.example.com/web\n  digest: sha256:" + strings.Repeat("cd", 32) + "\n", ""},
		"Flow":   {"no line to write behind", "- {name: registry.example.com/web, newTag: \"1.0\"}\n", "- {name: registry.example.com/web, newTag: \"1.0\"}\n", "lines of its own"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "catalog/products/web/1/product.yaml")
			front := filepath.Join(dir, "catalog/products/web/1/components/front/kustomization.yaml")
			for path, text := range map[string]string{file: head + tc.images, front: "resources: []\n"} {
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var out bytes.Buffer
			cmd := New(func(_ context.Context, image string) (string, error) {
				if image != "registry.example.com/web:1.0" {
					t.Errorf("asked for %q", image)
				}
				return sum, nil
			})
			cmd.SetOut(&out)
			cmd.SetErr(&out)
			cmd.SetArgs([]string{"pin", "web/1", "--dir", dir})
			cmd.SilenceUsage, cmd.SilenceErrors = true, true
			err := cmd.Execute()
			if (err == nil) != (tc.refused == "") || err != nil && (!strings.Contains(err.Error(), tc.refused) || fault.HintOf(err) == "") {
				t.Fatalf("%s: pin = %v, want %q", tc.reason, err, tc.refused)
			}
			got, err := os.ReadFile(file)
			if err != nil || string(got) != head+tc.want {
				t.Errorf("%s: the file is %q, want %q", tc.reason, got, head+tc.want)
			}
			c, err := catalog.LoadUnlocked(os.DirFS(filepath.Join(dir, "catalog")))
			if err != nil || len(c.All()) != 1 {
				t.Errorf("%s: the catalog after it: %v", tc.reason, err)
			}
		})
	}
}

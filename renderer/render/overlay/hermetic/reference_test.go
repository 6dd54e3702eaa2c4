package hermetic

import (
	"encoding/json"
	"path"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gatorcloud/sluice/renderer/render/overlay/overlaytest"
	"github.com/gatorcloud/sluice/renderer/render/overlay/stock"
)

// fragments are the parts of which kustomize's references to repositories are made.
var fragments = []string{
	"git@", "a@", "A-1@", "github.com", "GitHub.com", "gitlab.com", "ssh://", "https:/", "http", "file://", "FILE://", "git::", "Git::",
	"/", "//", ":", "?", "ref=main", "_git/", ".git", "..", ".", "a", "b.yaml", "org/repo", "s3::", "\\", "@", "#", "%2f", " ", "\n",
}

// TestLocalIsNoRepository asks kustomize itself, with no git to run: a
// reference that Local accepts is never taken for a repository.
func TestLocalIsNoRepository(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	asked := 0
	rapid.Check(t, func(t *rapid.T) {
		ref := strings.Join(rapid.SliceOfN(rapid.SampledFrom(fragments), 1, 6).Draw(t, "ref"), "")
		if _, err := Local("d", ref); err != nil {
			return
		}
		asked++
		quoted, _ := json.Marshal([]string{ref}) // strings always marshal
		_, err := stock.Build(t.Context(), overlaytest.Must(map[string]string{
			"d/kustomization.yaml": `{"resources": ` + string(quoted) + "}",
		}), "d")
		if err == nil || strings.Contains(err.Error(), "git' program") || strings.Contains(err.Error(), "HTTP") {
			t.Fatalf("Local accepts %q but kustomize says %v", ref, err)
		}
	})
	if asked == 0 {
		t.Fatal("no reference was accepted: the test has asked kustomize nothing")
	}
}

// TestRepositoriesAreRemote shows that the judge above would notice.
func TestRepositoriesAreRemote(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, ref := range []string{
		"github.com/a/b", "GitHub.com:a/b", "git@h:a/b", "x@h/a/b", "ssh://h/a/b", "git::https://h/a/b", "file:///a/b", "HTTPS://h/a/b?ref=x",
	} {
		if !Remote(ref) {
			t.Errorf("Remote(%q) = false", ref)
		}
		if strings.HasPrefix(strings.ToLower(ref), "http") {
			continue // kustomize would open a connection
		}
		_, err := stock.Build(t.Context(), overlaytest.Must(map[string]string{"kustomization.yaml": "resources: ['" + ref + "']"}), ".")
		if err == nil || !strings.Contains(err.Error(), "git' program") {
			t.Errorf("kustomize on %q says %v, want that it looks for git", ref, err)
		}
	}
}

func FuzzLocal(f *testing.F) {
	for _, s := range fragments {
		f.Add("a/b", s)
		f.Add(".", s+"x/y")
	}
	f.Fuzz(func(t *testing.T, dir, ref string) {
		if dir != path.Clean(dir) || path.IsAbs(dir) || strings.HasPrefix(dir, "..") {
			return
		}
		got, err := Local(dir, ref)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("Local(%q, %q) = %q, want one line", dir, ref, err)
			}
			return
		}
		if got != path.Clean(got) || path.IsAbs(got) || got == ".." || strings.HasPrefix(got, "../") || Remote(ref) || strings.Contains(ref, ":") {
			t.Errorf("Local(%q, %q) = %q", dir, ref, got)
		}
	})
}

// FuzzBuild feeds the checker kustomizations: it must end, and never panic.
func FuzzBuild(f *testing.F) {
	f.Add("resources: [cm.yaml]", "a: b")
	f.Add("transformers: [cm.yaml]\nreplacements: [{path: cm.yaml}]", plugin("PatchTransformer", "path: x"))
	f.Add("patches: [{path: cm.yaml}]\nvars: [{}]\nlabels: [{pairs: {a: b}}]", "[{op: copy}]")
	f.Add("components: [.]\ngenerators: ['a: b']\nconfigMapGenerator: [{files: [cm.yaml]}]", bomb(5))
	f.Fuzz(func(t *testing.T, kustomization, file string) {
		d := overlaytest.Must(map[string]string{"kustomization.yaml": kustomization, "cm.yaml": file})
		if err := Build(d, ".", Limits{}); err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("Build = %q, want one line", err)
		}
	})
}

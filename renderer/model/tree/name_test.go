package tree

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/short"
)

// TestCheckName compares the rule with git fsck --strict where git is asked.
func TestCheckName(t *testing.T) {
	refused := []string{
		"", ".", "..", "a/b", "a\x00", strings.Repeat("x", 256),
		".git", ".GIT", ".Git", ".git ", ".git.", ".git...", ".git::$INDEX_ALLOCATION", ".git:x", "git~1", "GIT~1",
		".g\u200cit", "\u200e.git", ".gi\ufefft", ".git\u206f", `a\.git`, `.git\config`,
		".gitmodules", ".GITMODULES", ".gitmodules ", "gitmod~1", "GITMOD~4", "gi7eba~1",
	}
	allowed := []string{
		"a", "tenant.yaml", ".gitattributes", ".gitignore", ".gitkeep", "git", "git~", "git~x", "agit~1", ".github", "..a", "...", ".a",
		"a b", "é", "中文", "a:b", "-a", "CON", strings.Repeat("x", 255),
	}
	for _, name := range refused {
		if CheckName(name) == nil {
			t.Errorf("CheckName(%q) = nil, want an error", name)
		}
	}
	for _, name := range allowed {
		if err := CheckName(name); err != nil {
			t.Errorf("CheckName(%q) = %v, want nil", name, err)
		}
	}
	short.Skip(t, "runs git for each name")
	if fsck(t, ".git") == "" {
		t.Error("git fsck --strict of a tree with .git says nothing")
	}
	for _, name := range allowed {
		if out := fsck(t, name); out != "" {
			t.Errorf("git fsck --strict of a tree with %q, which CheckName allows: %s", name, out)
		}
	}
}

// fsck returns what git fsck --strict says about a tree with one file.
func fsck(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	run := func(stdin string, args ...string) string {
		cmd := exec.Command("git", args...)
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "HOME=" + dir}
		out, _ := cmd.CombinedOutput() // fsck says it in words
		return strings.TrimSpace(string(out))
	}
	run("", "init", "-q", "--bare")
	blob := run("", "hash-object", "-w", "--stdin")
	run("100644 blob "+blob+"\t"+name+"\x00", "mktree", "-z")
	var said []string
	for line := range strings.Lines(run("", "fsck", "--strict", "--no-dangling")) {
		if !strings.HasPrefix(line, "notice:") {
			said = append(said, strings.TrimSpace(line))
		}
	}
	return strings.Join(said, "; ")
}

func FuzzCheckPath(f *testing.F) {
	f.Add("a/b")
	f.Add("a//b/../.git")
	f.Fuzz(func(t *testing.T, path string) {
		segments, err := CheckPath(path)
		if err != nil {
			return
		}
		if strings.Join(segments, "/") != path || strings.Contains("/"+path+"/", "/../") || strings.Contains(path, "//") || strings.HasPrefix(path, "/") || path == "" {
			t.Fatalf("CheckPath(%q) = %q, want an error", path, segments)
		}
	})
}

package stencil

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestMayRefer reads kustomize's own list of fields that refer to objects by
// name: each must be one that may refer.
func TestMayRefer(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kustomize/api").Output()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "internal/konfig/builtinpluginconsts/namereference.go"))
	if err != nil {
		t.Fatal(err)
	}
	paths := regexp.MustCompile(`path: (\S+)`).FindAllStringSubmatch(string(data), -1)
	if len(paths) < 50 {
		t.Fatalf("%d paths were found", len(paths))
	}
	for _, match := range paths {
		path := strings.Split(strings.ReplaceAll(match[1], `\/`, "\x00"), "/")
		for i := range path {
			path[i] = strings.ReplaceAll(path[i], "\x00", "/")
		}
		if !mayRefer(path) {
			t.Errorf("mayRefer(%q) = false", path)
		}
		// A reference may be a map with name and namespace.
		if below := append(path, "name"); !mayRefer(below) {
			t.Errorf("mayRefer(%q) = false", below)
		}
	}
}

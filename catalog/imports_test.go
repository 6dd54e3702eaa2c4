package catalog_test

import (
	"os/exec"
	"strings"
	"testing"
)

// Every command starts with the catalog's imports, so they stay small.
func TestImportsAreLean(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for path := range strings.FieldsSeq(string(out)) {
		for _, heavy := range []string{"helm.sh/", "k8s.io/", "sigs.k8s.io/kustomize", "net/http", "go.etcd.io/", "github.com/go-git/", "github.com/spf13/"} {
			if strings.HasPrefix(path, heavy) {
				t.Errorf("catalog imports %s", path)
			}
		}
	}
}

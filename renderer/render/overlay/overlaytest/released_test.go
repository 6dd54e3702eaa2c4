package overlaytest

import (
	"os/exec"
	"strings"
	"testing"
)

// TestReleased asks each program for its version: what is compared with has
// to be what go.mod says. `make tools` runs it with CI set, which builds them.
func TestReleased(t *testing.T) {
	for name, words := range map[string]string{"helm": "version --template {{.Version}}", "kustomize": "version"} {
		t.Run(name, func(t *testing.T) {
			path := Released(t, name)
			out, err := exec.CommandContext(t.Context(), path, strings.Fields(words)...).Output()
			if got := strings.TrimSpace(string(out)); err != nil || !strings.Contains(path, "-"+got+"/") {
				t.Errorf("%s is of version %q, %v", path, got, err)
			}
		})
	}
}

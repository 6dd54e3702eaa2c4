package install_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"sigs.k8s.io/yaml"
)

// Prometheus' own tool takes the rules, beside the reader of ours, which knows
// what is served.
func TestPromtool(t *testing.T) {
	tool, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("CI has no promtool: install the package prometheus")
		}
		t.Skip("promtool is not installed: it is in Debian's package prometheus")
	}
	for _, name := range []string{"rules.yaml", filepath.Join(ingest, "rules.yaml")} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var object struct {
			Spec map[string]any `json:"spec"`
		}
		if err := yaml.Unmarshal(data, &object); err != nil {
			t.Fatal(err)
		}
		spec, err := yaml.Marshal(object.Spec)
		if err != nil {
			t.Fatal(err)
		}
		rules := filepath.Join(t.TempDir(), "rules.yaml")
		if err := os.WriteFile(rules, spec, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), tool, "check", "rules", rules).CombinedOutput(); err != nil {
			t.Errorf("promtool check rules %s: %v: %s", name, err, out)
		}
	}
}

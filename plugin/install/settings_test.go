package install_test

import (
	"bytes"
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/plugin/health"
)

var update = flag.Bool("update", false, "write settings/argocd-cm.yaml")

const settingsFile = "settings/argocd-cm.yaml"

// settings returns the patch of argocd-cm with the entries of package health.
func settings(entries map[string]string) []byte {
	var b bytes.Buffer
	b.WriteString("# Generated from plugin/health: go test ./plugin/install -run TestSettingsEqual -update\n")
	b.WriteString("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: argocd-cm\ndata:\n")
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		b.WriteString("  " + key + ": |\n")
		for line := range strings.Lines(entries[key]) {
			if line != "\n" {
				b.WriteString("    ")
			}
			b.WriteString(line)
		}
	}
	return b.Bytes()
}

func TestSettingsEqual(t *testing.T) {
	entries, err := health.Customizations()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(settingsFile, settings(entries), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(settingsFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(settings(entries)), string(got)); diff != "" {
		t.Errorf("%s is not what plugin/health has; run with -update (-want +got):\n%s", settingsFile, diff)
	}
	var cm corev1.ConfigMap
	if err := yaml.UnmarshalStrict(got, &cm); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(entries, cm.Data); diff != "" {
		t.Errorf("data differ after YAML (-want +got):\n%s", diff)
	}
}

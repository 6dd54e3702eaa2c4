package demo_test

import (
	"os"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/cmd/lab/internal/demo"
)

// shown is the demo whose session the README has: addresses stand in for those of a machine.
var shown = demo.Demo{
	Page: "http://127.0.0.1:20001/", GitLab: "http://127.0.0.1:20002", ArgoCD: "http://127.0.0.1:20003", Repository: "http://127.0.0.1:20002/demo.git", Etcd: "http://127.0.0.1:20004",
	KubeConfig: "~/.cache/sluice-lab/labs/default/pki/admin.kubeconfig", Token: "~/.cache/sluice-lab/labs/default/pki/gitlab-you.token",
	Clone: "~/.cache/sluice-lab/labs/default/tmp/demo", Sluice: "~/.cache/sluice-lab/demo/sluice", Down: "go run ./cmd/lab down",
}

// The README's second session is what the demo prints.
func TestReadmeShowsTheSession(t *testing.T) {
	readme, err := os.ReadFile("../../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- lab demo:begin -->\n\n```text\n", "```\n\n<!-- lab demo:end -->"
	_, rest, found := strings.Cut(string(readme), begin)
	session, _, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("README.md has no session between %q and %q", begin, end)
	}
	if want := shown.String(); session != want {
		t.Errorf("README.md shows\n%s\nwant\n%s", session, want)
	}
}

package install_test

import (
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// The component for GitLab mounts the Secret that its flags name, and opens the
// port that its flag listens at.
func TestGitLab(t *testing.T) {
	m, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), theirs(t, "gitlab"))
	if err != nil {
		t.Fatal(err)
	}
	built, err := m.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"--gitlab-token-file=/etc/sluice/gitlab/token", "--webhook-secret-file=/etc/sluice/gitlab/secret", "secretName: sluice-gitlab",
		"--webhook-listen=:8081", "containerPort: 8081", "targetPort: webhook", "SLUICE_GITLAB_URL: https://git.example",
	} {
		if !strings.Contains(string(built), want) {
			t.Errorf("with the component gitlab there is no %q", want)
		}
	}
}

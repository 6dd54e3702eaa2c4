package demo

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/gatorcloud/sluice/cmd/lab/internal/lab"
)

// Demo is how to reach a demo that is up.
type Demo struct {
	// Page is the address of sluice's page, GitLab that of the instance whose
	// project is the repository.
	Page, GitLab, ArgoCD, Repository, Etcd string
	// Token is the file with a person's token in GitLab.
	KubeConfig, Token string
	// Clone is a clone of the repository, Sluice the program, Down the command that
	// ends it all.
	Clone, Sluice, Down string
}

// String says how to reach the demo, and what to try.
func (d *Demo) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the page   %s\nGitLab     %s/%s/-/merge_requests\nArgo CD    %s\nGit        %s\netcd       %s\n\n", d.Page, d.GitLab, Name, d.ArgoCD, d.Repository, d.Etcd)
	for _, line := range d.Prepare() {
		fmt.Fprintln(&b, line)
	}
	fmt.Fprintln(&b, "\n# try, one after another")
	for _, line := range d.Commands() {
		fmt.Fprintln(&b, line)
	}
	fmt.Fprintf(&b, "\n# the end\n%s\n", d.Down)
	return b.String()
}

// Prepare is what a shell has to know first.
func (d *Demo) Prepare() []string {
	return []string{
		fmt.Sprintf("export PATH=%s:$PATH KUBECONFIG=%s", filepath.Dir(d.Sluice), d.KubeConfig),
		fmt.Sprintf("export SLUICE_REPO=%s SLUICE_BRANCH=main SLUICE_GITLAB_TOKEN_FILE=%s", d.Repository, d.Token),
		fmt.Sprintf(`merge() { curl -sSf -o /dev/null -X PUT -H "Private-Token: $(cat $SLUICE_GITLAB_TOKEN_FILE)" %s/api/v4/projects/%s/merge_requests/$1/merge; }`, d.GitLab, Name),
		"cd " + d.Clone,
	}
}

// Commands are what to try: a bump by merge request, its merge, a look at it, a
// version that breaks, why it halts, and the way back.
func (d *Demo) Commands() []string {
	bump := func(version string) string { return fmt.Sprintf("sluice bump web=%s --env %s --mr", version, Name) }
	return []string{
		bump("2"),
		fmt.Sprintf("merge 1    # or read its plan and press Merge at %s/%s/-/merge_requests/1", d.GitLab, Name),
		fmt.Sprintf("sluice rollout watch web --env %s", Name),
		bump("3") + " && merge 2",
		fmt.Sprintf("sluice why 1001/web --env %s --kubeconfig $KUBECONFIG --destination-kubeconfig $KUBECONFIG", Name),
		fmt.Sprintf("sluice rollout rollback web --env %s --reason 'web 3 does not start'", Name),
	}
}

// dirFlag names the lab's directory where it is not the default one.
func dirFlag(l *lab.Lab) string {
	if standard, err := lab.Dir(""); err == nil && standard == l.Dir() {
		return ""
	}
	return " --dir " + l.Dir()
}

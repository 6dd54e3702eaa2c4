package demo

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/gatorcloud/sluice/cmd/lab/internal/lab"
)

// environment is the demo's environment.yaml.
func (d *demo) environment() map[string]any {
	return map[string]any{
		"apiVersion": "sluice.gatorcloud.io/v1", "kind": "Environment", "name": Name, "popId": "1", "popCode": "lab",
		"destination": map[string]any{"server": "https://kubernetes.default.svc"},
		"repoURL":     d.Lab.RepositoryURL(Name), "domain": "lab.example.org", "namespacePrefix": Name + "-",
		"argocd": map[string]any{"plugin": "sluice"},
	}
}

// fleet is three rings of two, four and six tenants; a version is soaked for
// ten seconds in each.
func fleet() map[string]any {
	ring := func(name string, tenants ...string) map[string]any {
		r := map[string]any{"name": name, "soakSeconds": 10, "versions": map[string]string{"web": "1", "mail": "1"}}
		if len(tenants) > 0 {
			r["tenants"] = tenants
		}
		return r
	}
	return map[string]any{"apiVersion": "sluice.gatorcloud.io/v1", "kind": "Fleet", "rings": []any{
		ring("canary", "1001", "1002"), ring("early", "1003", "1004", "1005", "1006"), ring("main")}}
}

// tenants are the records of twelve tenants: all have web, every third mail too.
func tenants() []any {
	var all []any
	for i, name := range []string{"Acorn", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel", "Ivy", "Juniper", "Kauri", "Larch"} {
		rights := []any{right("web")}
		if i%3 == 0 {
			rights = append(rights, right("mail"))
		}
		id := fmt.Sprint(1001 + i)
		all = append(all, map[string]any{"tenantId": id, "tenantName": name, "tenantCode": "c" + id, "authorisations": rights})
	}
	return all
}

func right(product string) map[string]any {
	return map[string]any{"product": product, "replicas": 1, "startTime": "2026-01-01T00:00:00Z"}
}

// String says how to reach the demo, and what to try.
func (d *Demo) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the page   %s\nArgo CD    http://%s\nGit        %s\netcd       %s\n\n", d.Page, d.Lab.ArgoCDServer(), d.Lab.RepositoryURL(Name), d.Lab.TenantEtcd())
	fmt.Fprintf(&b, "export PATH=%s:$PATH KUBECONFIG=%s\n", filepath.Dir(d.Sluice), d.Lab.KubeConfig())
	fmt.Fprintf(&b, "cd %s\n\n# try, one after another\n", d.Clone)
	for _, line := range d.commands() {
		fmt.Fprintln(&b, line)
	}
	fmt.Fprintf(&b, "\n# the end\ngo run ./cmd/lab down%s\n", dirFlag(d.Lab))
	return b.String()
}

// commands are five things to try: a bump, a look at it, a version that breaks,
// why it halts, and the way back.
func (d *Demo) commands() []string {
	bump := func(version string) string {
		return fmt.Sprintf("git pull -q && sluice bump web=%s --env %s && git commit -qam 'web %s' && git push -q", version, Name, version)
	}
	status := fmt.Sprintf("git pull -q && sluice rollout status web --env %s", Name)
	return []string{bump("2"), status, bump("3"), fmt.Sprintf("sluice why 1001/web --env %s --kubeconfig $KUBECONFIG --destination-kubeconfig $KUBECONFIG", Name),
		fmt.Sprintf("sluice rollout rollback web --env %s --repo %s --branch main --reason 'web 3 does not start'", Name, d.Lab.RepositoryURL(Name))}
}

// dirFlag names the lab's directory where it is not the default one.
func dirFlag(l *lab.Lab) string {
	if standard, err := lab.Dir(""); err == nil && standard == l.Dir() {
		return ""
	}
	return " --dir " + l.Dir()
}

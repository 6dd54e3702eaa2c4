package runcmd

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/cmd/internal/cli/argoflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/repoflags"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/run/loop"
)

// unopened is a repository that nothing opens.
func unopened() repoflags.Repository {
	return repoflags.Repository{Flags: repoflags.New(func(string) string { return "" }).Add, Location: func() string { return "." }}
}

// The Deployments in renderer/install give `sluice run` flags that it has.
func TestInstalledArgsAreFlags(t *testing.T) {
	for name, tc := range map[string]struct {
		reason, component string
		refresh           []string
	}{
		"Plain":  {"asks Kubernetes for nothing", "", nil},
		"ArgoCD": {"refreshes Applications", "argocd", []string{"push"}},
		"GitLab": {"hears its webhook", "gitlab", nil},
		"Web":    {"serves the page", "web", nil},
	} {
		t.Run(name, func(t *testing.T) {
			args := installed(t, tc.component)
			cmd := New(Deps{Repo: unopened(), EtcdFlags: func(*pflag.FlagSet) {}, Getenv: func(string) string { return "" }})
			if args[0] != cmd.Name() {
				t.Fatalf("args %q do not run sluice", args)
			}
			if err := cmd.ParseFlags(args[1:]); err != nil {
				t.Fatalf("args %q: %v", args, err)
			}
			where, _ := cmd.Flags().GetStringArray("argocd-kubeconfig")
			when, _ := cmd.Flags().GetStringSlice("argocd-refresh")
			if slices.Equal(where, []string{argoflags.InCluster}) != (tc.refresh != nil) || tc.refresh != nil && !slices.Equal(when, tc.refresh) {
				t.Errorf("args %q use the kubeconfig %q on %q, want %q: %s", args, where, when, tc.refresh, tc.reason)
			}
		})
	}
}

// installed returns the arguments of the only container of renderer/install,
// with one of its components if that has a name.
func installed(t *testing.T, component string) []string {
	t.Helper()
	install, err := filepath.Abs("../../../../renderer/install")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if install, err = filepath.Rel(dir, install); err != nil {
		t.Fatal(err)
	}
	text := "resources: [" + install + "]\n"
	if component != "" {
		text += "components: [" + install + "/" + component + "]\n"
	}
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range m.Resources() {
		if r.GetKind() != "Deployment" {
			continue
		}
		data, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		var d struct {
			Spec struct {
				Template struct {
					Spec struct{ Containers []struct{ Args []string } }
				}
			}
		}
		if err := yaml.Unmarshal(data, &d); err != nil {
			t.Fatal(err)
		}
		return d.Spec.Template.Spec.Containers[0].Args
	}
	t.Fatal("nothing is run")
	return nil
}

func TestArgoFlagsAreChecked(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		args   []string
		shows  string // no error when empty
	}{
		"None":         {"asks for nothing", nil, ""},
		"Usual":        {"rollouts and retries", []string{"--argocd-kubeconfig=x"}, ""},
		"Soak":         {"of the first round, with a note", []string{"--argocd-kubeconfig=x", "--argocd-refresh=soak,push"}, ""},
		"People":       {"the engine is off without a cluster, too", []string{"--rollouts=false"}, ""},
		"RolloutsOff":  {"nothing to look at", []string{"--rollouts"}, "reading --rollouts: Argo CD's cluster is not named"},
		"TwoClusters":  {"which of them", []string{"--argocd-kubeconfig=x", "--argocd-kubeconfig=y"}, `reading --argocd-kubeconfig: "y"`},
		"Unknown":      {"no such occasion", []string{"--argocd-kubeconfig=x", "--argocd-refresh=pull"}, `"pull"`},
		"NoCluster":    {"nowhere to refresh", []string{"--argocd-refresh=push"}, "reading --argocd-refresh: Argo CD's cluster is not named"},
		"NamespaceOff": {"a namespace of nothing", []string{"--argocd-namespace=gitops"}, "reading --argocd-namespace: Argo CD's cluster is not named"},
		"RetryOff":     {"nothing to start again", []string{"--argocd-retry"}, "reading --argocd-retry: Argo CD's cluster is not named"},
	} {
		a := &argo{}
		set := pflag.NewFlagSet("run", pflag.ContinueOnError)
		a.add(set)
		if err := set.Parse(tc.args); err != nil {
			t.Fatal(err)
		}
		err := a.check()
		if (err == nil) != (tc.shows == "") || err != nil && (!strings.Contains(err.Error(), tc.shows) || fault.HintOf(err) == "") {
			t.Errorf("%s: check of %q = %v, want an error that shows %q with a hint: %s", name, tc.args, err, tc.shows, tc.reason)
		}
	}
}

// What a flag asks for in vain is refused before anything is opened.
func TestFlagsAreCheckedFirst(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		args   []string
		shows  string
	}{
		"Flags":      {"a flag alone", []string{"--argocd-retry"}, "--argocd-retry"},
		"Webhook":    {"no URL", []string{"--argocd-webhook=argocd"}, "--argocd-webhook"},
		"Ingest":     {"a flag of what is not done", []string{"--sps-url=http://sps"}, "--sps-url"},
		"Records":    {"environments say where theirs are", []string{"--etcd-prefix=/elsewhere"}, "--etcd-prefix"},
		"NoSPS":      {"subscriptions of nobody", []string{"--ingest"}, "SPS is not named"},
		"GitLab":     {"a project of nobody", []string{"--gitlab-project=clouds/fleet"}, "--gitlab-project"},
		"Token":      {"nobody is let in", []string{"--gitlab-url=https://git.example", "--gitlab-project=7"}, "there is none"},
		"Secret":     {"no webhook", []string{"--webhook-secret-file=x"}, "--webhook-secret-file"},
		"NoSecret":   {"is not there", []string{"--webhook-listen=:0", "--webhook-secret-file=x"}, "no such file"},
		"Kubeconfig": {"a cluster that cannot be reached", []string{"--argocd-kubeconfig=x"}, "--argocd-kubeconfig: no such cluster"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := New(Deps{
				Repo:      unopened(),
				EtcdFlags: func(set *pflag.FlagSet) { set.String("etcd-prefix", "", "") },
				Pipeline:  pipeline.New(),
				Clock:     loop.System(),
				Poke:      func(context.Context, chan<- struct{}) {},
				Getenv:    func(string) string { return "" },
				ArgoCD:    func(argoflags.Cluster) (Applications, func(), error) { return nil, nil, errors.New("no such cluster") },
			})
			cmd.SetArgs(append(tc.args, "--repo", filepath.Join(t.TempDir(), "gone")))
			cmd.SetErr(io.Discard)
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), tc.shows) {
				t.Errorf("%s: run %q = %v, want an error that shows %q", tc.reason, tc.args, err, tc.shows)
			}
		})
	}
}

package rolloutcmd_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/gatorcloud/sluice/cmd/internal/cli/repoflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/rolloutcmd"
	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/run/publish"
	"github.com/spf13/pflag"
)

// fleet is an Argo CD with one Application whose operation ends when told to.
type fleet struct {
	app   unblock.Application
	place rolloutcmd.Place
}

func (f *fleet) Applications(context.Context, string) ([]unblock.Application, error) {
	return []unblock.Application{f.app}, nil
}

func (f *fleet) Refresh(context.Context, unblock.Application) error { return nil }

func (f *fleet) Terminate(context.Context, unblock.Application) error {
	f.app.Phase, f.app.Operated, f.app.Synced = "Succeeded", f.app.Revision, true
	return nil
}

// noRepo has no flags and no repository.
func noRepo() repoflags.Repository {
	return repoflags.Repository{Flags: func(*pflag.FlagSet) {}, Place: func(context.Context) (publish.Place, error) {
		return nil, fault.Hintf("name it with --repo", "there is no repository")
	}}
}

func TestRollout(t *testing.T) {
	t.Parallel()
	waiting := unblock.Application{Name: "pop", Level: "fleet", Source: "1", Syncing: "1", Compared: "1", Revision: "c1", Operated: "c1", Synced: true, Phase: "Running",
		Message: "waiting for healthy state of argoproj.io/Application/pop-canary"}
	behind := waiting
	behind.Operated, behind.Synced = "c0", false
	cases := map[string]struct {
		reason string
		args   []string
		app    unblock.Application
		stdout string
		class  fault.Class
	}{
		"Unblock":      {"a newer commit waits", []string{"unblock", "--env=pop"}, behind, "pop\n", fault.Unknown},
		"UnblockWaits": {"an operation that does what is asked for goes on", []string{"unblock", "--env=pop"}, waiting, "", fault.Unknown},
		"Abort":        {"whatever it works on", []string{"abort", "--env=pop", "--context=x", "--argocd-namespace=gitops"}, waiting, "pop\n", fault.Unknown},
		"OtherFleet":   {"an environment that Argo CD does not have", []string{"unblock", "--env=sha2"}, waiting, "", fault.Person},
		"NoEnv":        {"nothing is ended by default", []string{"abort"}, waiting, "", fault.Person},
		"NoTime":       {"a timeout that cannot be", []string{"abort", "--env=pop", "--timeout=0s"}, waiting, "", fault.Person},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // a second passes between two looks
				f := &fleet{app: tc.app}
				cmd := rolloutcmd.New(rolloutcmd.Deps{Repo: noRepo, Open: func(p rolloutcmd.Place) (unblock.Cluster, func(), error) {
					f.place = p
					return f, func() {}, nil
				}})
				var stdout, stderr strings.Builder
				cmd.SetOut(&stdout)
				cmd.SetErr(&stderr)
				cmd.SetArgs(tc.args)
				cmd.SilenceUsage, cmd.SilenceErrors = true, true
				err := cmd.ExecuteContext(t.Context())
				if fault.ClassOf(err) != tc.class || stdout.String() != tc.stdout {
					t.Errorf("%s: %q = %q, %v of class %s, want %q and class %s", tc.reason, tc.args, stdout.String(), err, fault.ClassOf(err), tc.stdout, tc.class)
				}
				if strings.Contains(strings.Join(tc.args, " "), "gitops") && (f.place.Namespace != "gitops" || f.place.Context != "x") {
					t.Errorf("opened %+v, want the namespace and the context of the flags", f.place)
				}
			})
		})
	}
}

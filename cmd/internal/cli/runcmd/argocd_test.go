package runcmd

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/argoflags"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/run/replica"
	"github.com/gatorcloud/sluice/renderer/run/telemetry"
)

// server is the Argo CD of a cluster.
type server struct {
	Applications
	at argoflags.Cluster
}

// wired returns what the flags give a replica, and how many clusters were opened and closed.
func wired(t *testing.T, refuse string, args ...string) (c replica.Config, open, closed int, err error) {
	t.Helper()
	o := &options{deps: Deps{
		Getenv: func(string) string { return "" },
		ArgoCD: func(at argoflags.Cluster) (Applications, func(), error) {
			if at.Kubeconfig == refuse {
				return nil, nil, errors.New("no such cluster")
			}
			open++
			return server{at: at}, func() { closed++ }, nil
		},
	}}
	set := pflag.NewFlagSet("run", pflag.ContinueOnError)
	o.argo.add(set)
	if err := set.Parse(args); err != nil {
		t.Fatal(err)
	}
	c.Metrics = telemetry.New("test")
	done, err := o.argocd(&c, slog.New(slog.DiscardHandler))
	if err == nil {
		done()
	}
	return c, open, closed, err
}

// Each environment is observed and tended by its own Argo CD, which is connected
// to once, and asked after each push whether it saw it; one without is left to people.
func TestEachItsOwnArgoCD(t *testing.T) {
	for name, tc := range map[string]struct {
		reason    string
		args      []string
		want      string // of pop and edge
		observes  string
		open      int
		notifiers int
	}{
		"One":       {"one for all", []string{"--argocd-kubeconfig=x"}, "x x", "pop edge", 1, 1},
		"Own":       {"each its own", []string{"--argocd-kubeconfig=pop=x", "--argocd-kubeconfig=edge=y#b", "--argocd-refresh=push"}, "x y#b", "pop edge", 2, 4},
		"OneIsLeft": {"people promote there", []string{"--argocd-kubeconfig=pop=x"}, "x -", "pop", 1, 1},
		"People":    {"the engine is off", []string{"--argocd-kubeconfig=x", "--rollouts=false"}, "x x", "", 1, 1},
		"NoRetry":   {"operations are left alone", []string{"--argocd-kubeconfig=x", "--argocd-retry=false"}, "- -", "pop edge", 1, 1},
		"None":      {"nothing is asked", nil, "- -", "", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c, open, closed, err := wired(t, "", tc.args...)
			if err != nil || open != tc.open || closed != open || len(c.Notifiers) != tc.notifiers {
				t.Fatalf("argocd() = %v with %d opened, %d closed and %d notifiers, want %d and %d", err, open, closed, len(c.Notifiers), tc.open, tc.notifiers)
			}
			var tended, observed []string
			for _, name := range []string{"pop", "edge"} {
				env, at := ident.Must[ident.EnvironmentKind](name), "-"
				if c.Tender != nil {
					if there, ok := c.Tender(env).(server); ok {
						at = there.at.String()
					}
				}
				tended = append(tended, at)
				if c.Observer != nil && c.Observer(manifest.Place{Environment: env}) != nil {
					observed = append(observed, name)
				}
			}
			if got, sees := strings.Join(tended, " "), strings.Join(observed, " "); got != tc.want || sees != tc.observes {
				t.Errorf("tended by %q, observed are %q, want %q and %q: %s", got, sees, tc.want, tc.observes, tc.reason)
			}
		})
	}
	if _, open, closed, err := wired(t, "z", "--argocd-kubeconfig=pop=x", "--argocd-kubeconfig=z"); err == nil || open != closed {
		t.Errorf("argocd() = %v with %d opened and %d closed, want the first closed when the second fails", err, open, closed)
	}
}

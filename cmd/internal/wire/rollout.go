package wire

import (
	"cmp"
	"context"
	"os"
	"time"

	"github.com/gatorcloud/sluice/cmd/internal/cli/argoflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/rolloutcmd"
	"github.com/gatorcloud/sluice/renderer/argocd"
	"github.com/gatorcloud/sluice/renderer/argocd/observe"
	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
)

// operations connects to the Argo CD of a kubeconfig.
func operations(p rolloutcmd.Place) (unblock.Cluster, func(), error) {
	c, err := client(p)
	if err != nil {
		return nil, nil, err
	}
	return c, c.Close, nil
}

// annotator connects to the same, for single Applications.
func annotator(p rolloutcmd.Place) (observe.Annotator, func(), error) {
	return applications(argoflags.Cluster(p))
}

// who returns the user of the CI job, else of this machine.
func who() string { return cmp.Or(os.Getenv("GITLAB_USER_LOGIN"), os.Getenv("USER")) }

// client connects to the Argo CD of a kubeconfig, or of the cluster that this
// process runs in.
func client(p rolloutcmd.Place) (*argocd.Client, error) {
	access, err := access(p)
	if err != nil {
		return nil, err
	}
	return argocd.New(access, p.Namespace)
}

func access(p rolloutcmd.Place) (*argocd.Access, error) {
	if p.Kubeconfig == argoflags.InCluster {
		return argocd.InCluster()
	}
	return argocd.Kubeconfig(argocd.Options{File: p.Kubeconfig, Context: p.Context})
}

// wait waits for as long, unless it is ended before.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

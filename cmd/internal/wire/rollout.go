package wire

import (
	"cmp"
	"os"
	"path/filepath"

	"github.com/gatorcloud/sluice/cmd/internal/cli/rolloutcmd"
	"github.com/gatorcloud/sluice/renderer/fault"
	"github.com/gatorcloud/sluice/renderer/rollout"
	"github.com/gatorcloud/sluice/renderer/rollout/cluster"
)

// argocd connects to the Argo CD of a kubeconfig.
func argocd(p rolloutcmd.Place) (rollout.Cluster, func(), error) {
	c, err := client(p)
	if err != nil {
		return nil, nil, err
	}
	return c, c.Close, nil
}

func client(p rolloutcmd.Place) (*cluster.Client, error) {
	home, _ := os.UserHomeDir()
	file := cmp.Or(p.Kubeconfig, os.Getenv("KUBECONFIG"), filepath.Join(home, ".kube", "config"))
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.Mend("name one file with --kubeconfig", "reading kubeconfig: %w", err)
	}
	access, err := cluster.Parse(data, cluster.Options{File: file, Context: p.Context, ReadFile: os.ReadFile})
	if err != nil {
		return nil, err
	}
	return cluster.New(access, p.Namespace), nil
}

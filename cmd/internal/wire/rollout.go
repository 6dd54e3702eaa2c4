package wire

import (
	"cmp"
	"os"
	"path/filepath"

	"github.com/gatorcloud/sluice/cmd/internal/cli/rolloutcmd"
	"github.com/gatorcloud/sluice/renderer/argocd"
	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// operations connects to the Argo CD of a kubeconfig.
func operations(p rolloutcmd.Place) (unblock.Cluster, func(), error) {
	c, err := client(p)
	if err != nil {
		return nil, nil, err
	}
	return c, c.Close, nil
}

func client(p rolloutcmd.Place) (*argocd.Client, error) {
	home, _ := os.UserHomeDir()
	file := cmp.Or(p.Kubeconfig, os.Getenv("KUBECONFIG"), filepath.Join(home, ".kube", "config"))
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.Hintf("name one file with --kubeconfig", "reading kubeconfig: %w", err)
	}
	access, err := argocd.Parse(data, argocd.Options{File: file, Context: p.Context, ReadFile: os.ReadFile})
	if err != nil {
		return nil, err
	}
	return argocd.New(access, p.Namespace), nil
}

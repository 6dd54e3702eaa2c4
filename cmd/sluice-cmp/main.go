// Command sluice-cmp is sluice's plugin for Argo CD: a server on the sidecar's
// socket, or commands under Argo CD's own argocd-cmp-server.
package main

import (
	"os"

	"github.com/gatorcloud/sluice/cmd/sluice-cmp/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }

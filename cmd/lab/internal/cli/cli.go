// Package cli is the command line of the lab. It reads flags, calls package
// lab and prints: data on standard output, progress and errors on standard error.
package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Streams are where a command prints.
type Streams struct {
	Out, Err io.Writer
}

// Run runs one command and returns its exit code.
func Run(ctx context.Context, args []string, s Streams) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintf(s.Err, "lab: error: %v\n", err)
	if hint := fault.HintOf(err); hint != "" {
		fmt.Fprintf(s.Err, "lab: hint: %s\n", hint)
	}
	return 1
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "lab",
		Short: "A real Kubernetes control plane and a real Argo CD on loopback",
		Long: `A real Kubernetes control plane and a real Argo CD on loopback, without containers.

What is missing is built from source with pinned versions and kept in the user's
cache folder: the first start of a set takes 10 to 15 minutes on two cores, every
other about 20 seconds. Needed from the system: Go, git and redis-server.`,
		SilenceErrors: true, SilenceUsage: true,
	}
	var dir string
	root.PersistentFlags().StringVar(&dir, "dir", "", "directory of the lab (default: in the user's cache folder)")
	root.AddCommand(newUp(&dir), newDemo(&dir), newDown(&dir), newStatus(&dir), newLogs(&dir), newKubeconfig(&dir), newKill(&dir), newRestart(&dir))
	return root
}

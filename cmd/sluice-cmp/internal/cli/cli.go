// Package cli is the command line of sluice-cmp.
//
// It holds no rule of its own: commands read what Argo CD hands them, call
// package plugin and print. stdout is data, stderr is talk; a command that
// fails prints nothing on stdout.
package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/exit"
	"github.com/gatorcloud/sluice/cmd/internal/cli/words"
	"github.com/gatorcloud/sluice/plugin"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// world is what commands may see of the process they run in.
type world struct {
	stdout, stderr io.Writer
	getenv         func(string) string
}

// Main runs the command line and returns the exit code. SIGTERM and SIGINT end
// what runs gracefully; a second one ends the process.
func Main(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	context.AfterFunc(ctx, stop)
	w := world{os.Stdout, os.Stderr, os.Getenv}
	cmd := root(w)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(ctx)
	if err != nil {
		fmt.Fprintln(w.stderr, plugin.Explain(err))
	}
	return exit.Code(err)
}

func root(w world) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sluice-cmp",
		Short: "Generate rendered directories for Argo CD",
		Long: `sluice-cmp is sluice's config-management plugin for Argo CD. It turns a directory
that sluice rendered, and the versions that the parent Application grants, into
manifests: it reads nothing else, and refuses what was not meant to be applied.

Run it as the sidecar's server (serve), or name generate and parameters in the
plugin.yaml of Argo CD's own argocd-cmp-server. Every flag can be given as an
environment variable: SLUICE_<FLAG>.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return fromEnvironment(cmd.Flags(), w.getenv)
		},
	}
	cmd.SetOut(w.stdout)
	cmd.SetErr(w.stderr)
	cmd.AddCommand(serve(w), generate(w), parameters(w), probe(w), version(w))
	words.Strict(cmd)
	return cmd
}

// fromEnvironment gives flags that were not set the value of SLUICE_<FLAG>.
func fromEnvironment(flags *pflag.FlagSet, getenv func(string) string) (err error) {
	flags.VisitAll(func(f *pflag.Flag) {
		name := "SLUICE_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value := getenv(name)
		if f.Changed || value == "" || err != nil {
			return
		}
		if e := flags.Set(f.Name, value); e != nil {
			err = fault.Hintf("mend or unset the variable", "reading %s: %w", name, e)
		}
	})
	return err
}

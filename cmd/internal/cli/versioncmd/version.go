// Package versioncmd is `sluice version`: the versions of sluice and of what it renders with.
package versioncmd

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
	"github.com/spf13/cobra"
)

// info is what the command prints.
type info struct {
	Version   string `json:"version"`
	Go        string `json:"go"`
	Kustomize string `json:"kustomize"`
	Helm      string `json:"helm"`
}

// New returns `sluice version`.
func New(version string) *cobra.Command {
	var o output.Options
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the versions of sluice and of what it renders with",
		Example: "  sluice version -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			i := info{version, runtime.Version(), module("sigs.k8s.io/kustomize/api"), module("helm.sh/helm/v3")}
			if o.Format == "text" {
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "sluice %s (%s, kustomize api %s, helm %s)\n", i.Version, i.Go, i.Kustomize, i.Helm)
				return err
			}
			return output.Document(cmd.OutOrStdout(), o.Format, i)
		},
	}
	o.AddFlags(cmd.Flags(), "text", output.JSON, output.YAML)
	return cmd
}

// module returns the version of a module that this program was built with.
func module(path string) string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, m := range build.Deps {
		if m.Path == path {
			return m.Version
		}
	}
	return "unknown"
}

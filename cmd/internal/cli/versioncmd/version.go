// Package versioncmd is `sluice version`: the versions of sluice and of what it renders with.
package versioncmd

import (
	"fmt"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"

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
			i := info{version, runtime.Version(), module("kustomize/api"), module("helm")}
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

// module returns the version of a module that this program was built with, by
// its path after the host and without the major version.
func module(name string) string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, m := range build.Deps {
		_, path, _ := strings.Cut(m.Path, "/")
		if rest, ok := strings.CutPrefix(path, name); ok && major.MatchString(rest) {
			return m.Version
		}
	}
	return "unknown"
}

// major matches what may follow a module's name in its path.
var major = regexp.MustCompile(`^(/v\d+)?$`)

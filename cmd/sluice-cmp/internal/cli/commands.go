package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/cmd/sluice-cmp/internal/folder"
	"github.com/gatorcloud/sluice/plugin"
	"github.com/gatorcloud/sluice/plugin/unpack"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
)

// readRequest returns the request that Argo CD describes in the environment,
// for the working directory.
func readRequest(ctx context.Context, w world) (plugin.Request, error) {
	dir, err := folder.Read(ctx, ".", unpack.Defaults())
	if err != nil {
		return plugin.Request{}, err
	}
	return plugin.NewRequest(dir, w.getenv)
}

func generate(w world) *cobra.Command {
	return &cobra.Command{
		Use:   "generate",
		Short: "Print the manifests of the working directory",
		Long: `Print the manifests of the working directory as one YAML stream.

The versions that are granted come from ARGOCD_APP_PARAMETERS, as Argo CD sets
it; what is not granted is refused. SLUICE_SEAL_KEYS names the file with the
public keys of which one must have signed a directory.`,
		Example: `  cd environments/pop-sha1/tenants/06/00/1000006/swg/202
  ARGOCD_APP_PARAMETERS='[{"name":"versions","map":{"swg":"202"}}]' sluice-cmp generate`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := readRequest(cmd.Context(), w)
			if err != nil {
				return err
			}
			keys, err := trusted(w.getenv(envSealKeys))
			if err != nil {
				return err
			}
			result, err := plugin.NewTrusting(overlay.New(overlay.Options{}), keys).Generate(cmd.Context(), r)
			if err != nil {
				return err
			}
			_, err = w.stdout.Write(result.Stream())
			return err
		},
	}
}

func parameters(w world) *cobra.Command {
	return &cobra.Command{
		Use:     "parameters",
		Short:   "Print the parameters of the working directory as Argo CD announces them",
		Example: "  sluice-cmp parameters",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := readRequest(cmd.Context(), w)
			if err != nil {
				return err
			}
			list, err := plugin.Announce(r)
			if err != nil {
				return err
			}
			return json.NewEncoder(w.stdout).Encode(list)
		},
	}
}

func version(w world) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  sluice-cmp version -o json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := readVersion()
			switch format {
			case "text":
				_, err := fmt.Fprintf(w.stdout, "sluice-cmp %s (%s, kustomize api %s)\n", v.Version, v.Go, v.Kustomize)
				return err
			case "json":
				return json.NewEncoder(w.stdout).Encode(v)
			}
			return fault.Hintf("use text or json", "printing version: unknown format %q", format)
		},
	}
	cmd.Flags().StringVarP(&format, "output", "o", "text", "text or json")
	return cmd
}

type versions struct {
	Version   string `json:"version"`
	Go        string `json:"go"`
	Kustomize string `json:"kustomize"`
}

func readVersion() versions {
	v := versions{"unknown", runtime.Version(), "unknown"}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.Version = build.Main.Version
	for _, m := range build.Deps {
		if m.Path == "sigs.k8s.io/kustomize/api" {
			v.Kustomize = m.Version
		}
	}
	return v
}

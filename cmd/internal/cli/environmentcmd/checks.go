package environmentcmd

import (
	"io/fs"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/cmd/internal/cli/repoflags"
	"github.com/gatorcloud/sluice/plugin/health"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

func newChecks(repo repoflags.Repository) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "checks",
		Short: "Print the health checks of the kinds that the catalog declares",
		Long: `Checks prints a ConfigMap argocd-cm with the health checks of the custom kinds of
which the catalog says when they are ready (kinds, health), and nothing else. An
administrator applies it beside what the installation of sluice writes there, once
for each Argo CD, and again before a version with a kind that none had is granted.
sluice doctor says when that is due.`,
		Example: "  # beside the installation, of which a manager of its own takes nothing away\n" +
			"  sluice environment checks | kubectl apply --server-side --field-manager sluice-checks -n argocd -f -",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return printed(cmd, repo, "the checks", checks) },
	}
	repo.Flags(cmd.Flags())
	return cmd
}

func checks(files fs.FS) ([]byte, error) {
	c, err := sold(files)
	if err != nil {
		return nil, err
	}
	entries, err := Checks(c)
	if err != nil {
		return nil, err
	}
	return yaml.Marshal(map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]string{"name": "argocd-cm"}, "data": entries})
}

// Checks returns the entries of argocd-cm that check the kinds which a catalog
// declares with their health.
func Checks(c *catalog.Catalog) (map[string]string, error) {
	ours, err := health.Customizations()
	if err != nil {
		return nil, err
	}
	entries := map[string]string{}
	for _, k := range c.Checked() {
		declared := health.Declared{Group: k.Group, Kind: k.Kind, Condition: k.Health.Condition}
		if k.Suspend != nil {
			declared.Rest, declared.RestValue = k.Suspend.Path(), k.Suspend.Value
		}
		at, script, err := declared.Customization()
		if err != nil {
			return nil, err
		}
		if _, taken := ours[at]; taken {
			return nil, fault.Hintf("remove health from the kind's declaration", "kind %q of group %q: sluice has a check of its own", k.Kind, k.Group)
		}
		entries[at] = script
	}
	return entries, nil
}

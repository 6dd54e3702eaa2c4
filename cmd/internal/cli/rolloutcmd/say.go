package rolloutcmd

import (
	"fmt"
	"strings"

	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
	"github.com/gatorcloud/sluice/renderer/argocd/observe"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/spf13/cobra"
)

const (
	approveLong = `Approve says that the versions which the ring is granted now may go on behind it,
as the action Approve in Argo CD's UI does. The next bump needs another approval.`
	pauseLong = `Pause holds a ring: nothing moves forward there, and no ring behind it. What is
granted goes on, going back is allowed, and a soak runs on.`
	resumeLong = `Resume ends the pause of a ring, whoever paused it.`
)

// saidRow is an Application on which a word was said.
type saidRow struct {
	Application string `json:"application"`
	Versions    string `json:"versions,omitempty"`
}

var saidColumns = []output.Column[saidRow]{
	{Header: "APPLICATION", Value: func(r saidRow) string { return r.Application }},
	{Header: "VERSIONS", Value: func(r saidRow) string { return r.Versions }},
}

// say returns the command of a word: approve, pause or resume.
func (d Deps) say(w observe.Word, short, long string) *cobra.Command {
	repo := d.Repo()
	var place Place
	var env, ring string
	var dryRun bool
	var o output.Options
	cmd := &cobra.Command{
		Use:   string(w),
		Short: short,
		Long: long + `

It is written on an Application of the ring in Argo CD, which takes the rights to
list and patch applications.argoproj.io in Argo CD's namespace. The engine reads
it when it looks next.`,
		Example: fmt.Sprintf("  sluice rollout %s --env pop-sha1 --ring early", w),
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			name, err := parseEnv(env)
			if err != nil {
				return err
			}
			of, err := parseRing(ring)
			if err != nil {
				return err
			}
			if err := onlyOf(cmd.Context(), repo, &name); err != nil {
				return err
			}
			there, closed, err := d.Argo(place)
			if err != nil {
				return err
			}
			defer closed()
			said, err := observe.Say(cmd.Context(), there, observe.Saying{Environment: name, Ring: of, Word: w, Dry: dryRun})
			if err != nil {
				return err
			}
			var rows []saidRow
			for _, s := range said {
				rows = append(rows, saidRow(s))
			}
			return output.Print(cmd.OutOrStdout(), o, rows, saidColumns)
		},
	}
	repo.Flags(cmd.Flags())
	addEnv(cmd, &env)
	cmd.Flags().StringVar(&ring, "ring", "", "ring (required)")
	place.Add(cmd.Flags(), "KUBECONFIG; default ~/.kube/config")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "write nothing; ask whether it would be allowed")
	o.AddFlags(cmd.Flags())
	return cmd
}

func parseRing(name string) (ident.Ring, error) {
	ring, err := ident.Parse[ident.RingKind](name)
	if err != nil {
		return ring, fault.Hintf("name the ring with --ring", "reading --ring: %w", err)
	}
	return ring, nil
}

// sentence joins what is not empty.
func sentence(parts ...string) string {
	var all []string
	for _, p := range parts {
		if p != "" {
			all = append(all, p)
		}
	}
	return strings.Join(all, ": ")
}

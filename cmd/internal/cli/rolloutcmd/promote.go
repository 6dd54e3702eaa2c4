package rolloutcmd

import (
	"errors"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/spf13/cobra"
)

func (d Deps) promote() *cobra.Command {
	repo := d.Repo()
	s := &step{deps: d}
	var env, ring, reason, by string
	cmd := &cobra.Command{
		Use:   "promote",
		Short: "Give a ring its next step on a person's word",
		Long: `Promote makes the next step of a ring on your word, which stands for the ring
before, for proof, soak and approval, and for nothing else: pauses, holds, blocked
versions, freezes, hours, metrics and edges hold as before. It is how a fleet
moves that nobody observes. Who said it, and why, stands in the commit.

Argo CD is asked only when --kubeconfig or --context names it. The exit codes are
those of advance.`,
		Example: `  # I looked at canary myself
  sluice rollout promote --env local --ring main --reason 'seen healthy' --by anna`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if s.env, err = parseEnv(env); err != nil {
				return err
			}
			if s.ring, err = parseRing(ring); err != nil {
				return err
			}
			if by == "" && d.Who != nil {
				by = d.Who()
			}
			if by == "" {
				return fault.Hintf("say who you are with --by", "reading --by: nobody gives the word")
			}
			s.word = sentence("promoted by "+by, reason)
			place, err := repo.Place(cmd.Context())
			if err != nil {
				return err
			}
			if err = only(cmd.Context(), place, &s.env); err == nil {
				err = s.run(cmd, place)
			}
			return errors.Join(err, place.Close())
		},
	}
	repo.Flags(cmd.Flags())
	addEnv(cmd, &env)
	cmd.Flags().StringVar(&ring, "ring", "", "ring (required)")
	cmd.Flags().StringVar(&reason, "reason", "", "why, for whoever reads the history")
	cmd.Flags().StringVar(&by, "by", "", "who says it; the user of the CI job or of this machine by default")
	s.flags(cmd, "without it nobody is asked")
	return cmd
}

package reportcmd

import (
	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/promflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/repoflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/rolloutcmd"
	"github.com/gatorcloud/sluice/renderer/report"
)

// Sources are the flags by which everything is found.
type Sources struct {
	Repo        repoflags.Repository
	Etcd        Etcd
	Argo        rolloutcmd.Place
	Metrics     promflags.Flags
	gitlab      GitLab
	destination rolloutcmd.Place
	open        func(rolloutcmd.Place) (report.Cluster, func(), error)
}

// Sources adds the flags of Git, etcd, Argo CD, GitLab and gates to a command's set.
func (d Deps) Sources(flags *pflag.FlagSet) *Sources {
	s := &Sources{Repo: d.Repo(), Etcd: d.Etcd(), open: d.Destination, gitlab: d.GitLab()}
	s.Repo.Flags(flags)
	s.Etcd.Flags(flags)
	s.Argo.Add(flags, "without it Argo CD is not asked")
	s.Metrics.Add(flags)
	s.gitlab.Flags(flags)
	return s
}

// AddDestination adds the flags of the cluster that tenants run in.
func (s *Sources) AddDestination(flags *pflag.FlagSet) {
	flags.StringVar(&s.destination.Kubeconfig, "destination-kubeconfig", "", "kubeconfig `file` of the cluster that tenants run in; without it what is behind an object is not asked")
	flags.StringVar(&s.destination.Context, "destination-context", "", "`name` of its context; the current one by default")
}

// Project returns the project with merge requests; nil if no GitLab is named.
func (s *Sources) Project() (Requests, error) { return s.gitlab.Open(s.Repo.Location()) }

// Behind connects to the destination; nil if it is not named.
func (s *Sources) Behind() (report.Cluster, func(), error) {
	if s.destination.Kubeconfig == "" && s.destination.Context == "" {
		return nil, func() {}, nil
	}
	return s.open(s.destination)
}

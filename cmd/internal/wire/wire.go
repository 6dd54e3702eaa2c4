// Package wire is the composition root of sluice: it builds the adapters,
// hands them to the commands and turns what they return into an exit code.
package wire

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
	_ "time/tzdata" // opening hours are of zones that an image without files does not know

	"github.com/gatorcloud/sluice/cmd/internal/cli/authzcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/bumpcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/catalogcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/dashboardcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/democmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/doctorcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/environmentcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/etcdflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/exit"
	"github.com/gatorcloud/sluice/cmd/internal/cli/ingestcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/initcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/plancmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/rendercmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/reportcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/rolloutcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/runcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/taskcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/validatecmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/versioncmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/words"
	"github.com/gatorcloud/sluice/renderer/argocd"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/spf13/cobra"
)

// Main runs the command line and returns its exit code.
func Main(args []string) int {
	argocd.Quiet()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cmd := root()
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(ctx)
	if err != nil {
		exit.Print(os.Stderr, err)
	}
	return exit.Code(err)
}

// Version returns the version that the build was stamped with.
func Version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sluice",
		Short: "Turn tenant authorisations into per-tenant Kustomize overlays in Git",
		Long: `sluice is the GitOps control plane of a multi-tenant cloud. It turns tenants'
authorisations in etcd into per-tenant Kustomize overlays in Git, which Argo CD
carries to clusters ring by ring and bucket by bucket.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	p := pipeline.New()
	etcd := &etcdflags.Flags{}
	render := rendercmd.Deps{Repo: repository(), Etcd: source(etcd), EtcdFlags: etcd.Add, Pipeline: p, Now: time.Now, Version: Version()}
	cmd.AddCommand(
		rendercmd.New(render),
		rendercmd.NewDiff(render),
		plancmd.New(plancmd.Deps{Repo: repository(), Pipeline: p, Now: time.Now}),
		runcmd.New(running(p)),
		ingestcmd.New(ingesting()),
		taskcmd.New(tasks()),
		doctorcmd.New(examining()),
		validatecmd.New(repository()),
		authzcmd.New(authorisations()),
		bumpcmd.New(bumpcmd.Deps{Repo: repository(), Desk: desk(p)}),
		catalogcmd.New(digest),
		environmentcmd.New(repository()),
		initcmd.New(),
		democmd.New(democmd.Deps{StartEtcd: embed, Git: git.Installed, List: list, Pipeline: p, Now: time.Now, Version: Version()}),
		rolloutcmd.New(rolloutcmd.Deps{Open: operations, Argo: annotator, Who: who, Repo: repository, Pipeline: p, Now: time.Now, Wait: wait,
			Version: Version(), Desk: desk(p)}),
		reportcmd.NewStatus(reporting()),
		reportcmd.NewWhy(reporting()),
		dashboardcmd.New(dashboardcmd.Deps{Deps: reporting(), Watch: watched}),
		versioncmd.New(Version()),
	)
	words.Strict(cmd)
	return cmd
}

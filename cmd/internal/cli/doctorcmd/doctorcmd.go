// Package doctorcmd is `sluice doctor`: what `sluice run` needs, looked at one
// by one before it runs. It changes nothing that lasts: the write check makes
// a key of its own with a lease and removes it.
package doctorcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/cmd/internal/cli/argoflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
	"github.com/gatorcloud/sluice/cmd/internal/cli/repoflags"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/etcd/election"
	"github.com/gatorcloud/sluice/renderer/etcd/status"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// Deps is what the command needs from the outside.
type Deps struct {
	Repo repoflags.Repository
	// Etcd opens the store that the flags name; the function closes it.
	Etcd func(ctx context.Context) (*etcd.Store, func() error, error)
	// EtcdFlags adds the flags by which Etcd finds it.
	EtcdFlags func(*pflag.FlagSet)
	// ArgoCD connects to the cluster that Argo CD runs in.
	ArgoCD func(argoflags.Cluster) (Applications, func(), error)
	Now    func() time.Time
}

// Verdicts of a check.
const (
	ok      = "ok"
	failed  = "failed"
	skipped = "skipped" // what could not be looked at, and is not needed
)

// row is one check.
type row struct {
	Check  string `json:"check"`
	Result string `json:"result"`
	Detail string `json:"detail"`
	Hint   string `json:"hint,omitempty"`
}

var columns = []output.Column[row]{
	{Header: "CHECK", Value: func(r row) string { return r.Check }},
	{Header: "RESULT", Value: func(r row) string { return r.Result }},
	{Header: "DETAIL", Value: func(r row) string { return r.Detail }},
	{Header: "HINT", Wide: true, Value: func(r row) string { return r.Hint }},
}

// doctor collects rows.
type doctor struct {
	deps Deps
	// where else to look
	lease, status string
	argo          argoflags.Flags
	ingest        taking

	sold *catalog.Catalog // nil where it has faults
	rows []row
	bad  []error
}

// New returns `sluice doctor`.
func New(deps Deps) *cobra.Command {
	d := &doctor{deps: deps}
	var format output.Options
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check what sluice run needs: Git, clock, catalog, etcd, Argo CD and SPS",
		Long: `Doctor looks at everything that sluice run needs and says what is wrong with it:
the repository and the right to push to it, the clock, the catalog and the
environments, etcd's version, alarms and rights at the environments' places,
and, if --argocd-kubeconfig is given, the right to refresh their Applications,
how the fleet's is synced and tracked, and what is set in argocd-cm and
argocd-cmd-params-cm and permitted by the AppProjects, where these may be read. If --sps-url is given, also what sluice ingest needs:
SPS, its clock, and what waits. It writes no record, pushes no commit and changes no
Application. It fails when a check fails.`,
		Example: `  # with the flags that sluice run gets
  sluice doctor --repo https://git.example/fleet.git --branch main --etcd-endpoints https://etcd:2379`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return d.run(cmd.Context(), cmd.OutOrStdout(), format) },
	}
	deps.Repo.Flags(cmd.Flags())
	deps.EtcdFlags(cmd.Flags())
	cmd.Flags().StringVar(&d.lease, "lease-prefix", election.DefaultPrefix, "etcd prefix of the elections")
	cmd.Flags().StringVar(&d.status, "status-prefix", "", "etcd prefix of the status records; - checks none (default beside the environment's records)")
	d.argo.Add(cmd.Flags(), "Argo CD is not asked")
	d.ingest.place.AddPrefix(cmd.Flags())
	d.ingest.sps.Add(cmd.Flags())
	format.AddFlags(cmd.Flags())
	return cmd
}

func (d *doctor) run(ctx context.Context, stdout io.Writer, f output.Options) error {
	d.sold, d.rows, d.bad = nil, nil, nil
	clusters, err := d.argo.Clusters()
	if err != nil {
		return err
	}
	sites := d.git(ctx)
	d.etcd(ctx, sites)
	d.upstream(ctx)
	d.argocd(ctx, clusters, sites)
	if err := output.Print(stdout, f, d.rows, columns); err != nil {
		return err
	}
	return errors.Join(d.bad...)
}

// note adds a check; err nil is well.
func (d *doctor) note(check, detail string, err error) bool {
	r := row{Check: check, Result: ok, Detail: detail}
	if err != nil {
		r.Result, r.Detail, r.Hint = failed, strings.Join(strings.Fields(err.Error()), " "), fault.HintOf(err)
		d.bad = append(d.bad, fmt.Errorf("checking %s: %w", check, err))
	}
	d.rows = append(d.rows, r)
	return err == nil
}

// etcd checks the server and what may be done on it, at the places of the
// environments or, when there are none, at the usual ones.
func (d *doctor) etcd(ctx context.Context, sites []*environments.Site) {
	store, stop, err := d.deps.Etcd(ctx)
	if !d.note("etcd connection", "a quorum answers", err) {
		return
	}
	defer func() { d.bad = append(d.bad, stop()) }()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	version, err := checkVersion(ctx, store)
	d.note("etcd version", version, err)
	d.note("etcd alarms", "none", checkAlarms(ctx, store))
	places := []string{authz.DefaultPrefix}
	if len(sites) > 0 {
		places = nil
	}
	for _, site := range sites {
		if !slices.Contains(places, site.Etcd.Prefix) {
			places = append(places, site.Etcd.Prefix)
		}
	}
	d.note("etcd election", "may write below "+d.lease, apart(ctx, store, d.lease, election.DefaultPrefix, places))
	for _, prefix := range places {
		detail, err := checkRead(ctx, store, prefix)
		d.note("etcd read", detail, err)
		if d.status == "-" {
			continue
		}
		place, err := status.Prefix(d.status, prefix)
		if err == nil {
			err = checkWrite(ctx, store, place)
		}
		d.note("etcd status", "may write below "+place, err)
	}
	d.taken(ctx, store, places)
}

// apart checks a place of ours, which is apart from all records.
func apart(ctx context.Context, store *etcd.Store, place, usual string, records []string) error {
	for _, prefix := range records {
		if _, err := authz.Apart(place, prefix, usual); err != nil {
			return err
		}
	}
	return checkWrite(ctx, store, place)
}

// git checks the repository, the right to push, the clock and what people
// wrote. It returns the environments that can be read.
func (d *doctor) git(ctx context.Context) []*environments.Site {
	repo, err := d.deps.Repo.Repo(ctx, nil)
	if !d.note("git repository", d.deps.Repo.Location(), err) {
		d.note("clock", d.deps.Now().UTC().Format(time.RFC3339), checkClock(d.deps.Now(), time.Time{}))
		return nil
	}
	defer func() { d.bad = append(d.bad, repo.Close()) }()
	head, err := repo.Head(ctx)
	if err == nil && head.IsZero() {
		err = fault.Hintf("push catalog/ and environments/ to it first", "reading branch %q: it has no commit", repo.Branch())
	}
	found := d.note("git branch", fmt.Sprintf("%s at %.12s", repo.Branch(), head.Commit), err)
	d.note("git push", "may push to "+repo.Branch(), repo.Writable(ctx))
	d.note("clock", d.deps.Now().UTC().Format(time.RFC3339), checkClock(d.deps.Now(), head.Committed))
	if !found {
		return nil
	}
	return d.content(repo.FS(head))
}

// content checks what people wrote.
func (d *doctor) content(files fs.FS) []*environments.Site {
	sold, err := fs.Sub(files, "catalog")
	if err == nil {
		var c *catalog.Catalog
		c, err = catalog.Load(sold)
		if c != nil && err == nil {
			d.sold = c
			d.note("catalog", fmt.Sprintf("%d versions", len(c.All())), nil)
		}
	}
	if err != nil {
		d.note("catalog", "", err)
	}
	root, err := fs.Sub(files, manifest.Root)
	if err != nil {
		d.note("environments", "", err)
		return nil
	}
	names, err := environments.List(root)
	if err == nil && len(names) == 0 {
		err = fault.Hintf("add environments/<name>/environment.yaml", "the branch has no environment")
	}
	if !d.note("environments", fmt.Sprintf("%d found", len(names)), err) {
		return nil
	}
	var sites []*environments.Site
	for _, name := range names {
		site, err := environments.Load(root, name)
		detail := ""
		if err == nil {
			sites = append(sites, site)
			detail = fmt.Sprintf("%d rings, records below %s", len(site.Fleet.Rings), site.Etcd.Prefix)
		}
		d.note("environment "+name.String(), detail, err)
	}
	return sites
}

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
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
	"github.com/gatorcloud/sluice/cmd/internal/cli/repoflags"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/etcdstore"
	"github.com/gatorcloud/sluice/renderer/fault"
	"github.com/gatorcloud/sluice/renderer/leader"
	"github.com/gatorcloud/sluice/renderer/manifest"
	"github.com/gatorcloud/sluice/renderer/status"
)

// Deps is what the command needs from the outside.
type Deps struct {
	// Etcd opens the store that the flags name; the function closes it.
	Etcd func(ctx context.Context) (*etcdstore.Store, func() error, error)
	// EtcdFlags adds the flags by which Etcd finds it.
	EtcdFlags func(*pflag.FlagSet)
	Now       func() time.Time
}

// Verdicts of a check.
const (
	ok     = "ok"
	failed = "failed"
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
	repo repoflags.Flags
	rows []row
	bad  []error
}

// New returns `sluice doctor`.
func New(deps Deps) *cobra.Command {
	d := &doctor{deps: deps}
	var format output.Options
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check what sluice run needs: etcd, Git, clock and catalog",
		Long: `Doctor looks at everything that sluice run needs and says what is wrong with it:
etcd's version, its rights and alarms, the repository and the right to push to
it, the clock, the catalog and the environments. It writes no record and pushes
no commit. It fails when a check fails.`,
		Example: `  # with the flags that sluice run gets
  sluice doctor --repo https://git.example/fleet.git --branch main --etcd-endpoints https://etcd:2379`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return d.run(cmd.Context(), cmd.OutOrStdout(), format) },
	}
	d.repo.Add(cmd.Flags())
	deps.EtcdFlags(cmd.Flags())
	format.AddFlags(cmd.Flags())
	return cmd
}

func (d *doctor) run(ctx context.Context, stdout io.Writer, f output.Options) error {
	d.rows, d.bad = nil, nil
	d.etcd(ctx)
	d.git(ctx)
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

// etcd checks the server and what may be done on it.
func (d *doctor) etcd(ctx context.Context) {
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
	now, err := store.Now(ctx, "/tenant/info")
	d.note("etcd read", fmt.Sprintf("revision %d of cluster %x", now.Revision, now.Cluster), err)
	for _, p := range []struct{ check, prefix string }{{"etcd election", leader.DefaultPrefix}, {"etcd status", status.DefaultPrefix}} {
		d.note(p.check, "may write below "+p.prefix, checkWrite(ctx, store, p.prefix))
	}
}

// git checks the repository, the right to push, the clock and what people wrote.
func (d *doctor) git(ctx context.Context) {
	repo, err := d.repo.Repo(ctx)
	if !d.note("git repository", d.repo.Location(), err) {
		return
	}
	defer func() { d.bad = append(d.bad, repo.Close()) }()
	head, err := repo.Head(ctx)
	if err == nil && head.IsZero() {
		err = fault.Mend("push catalog/ and environments/ to it first", "reading branch %q: it has no commit", repo.Branch())
	}
	if !d.note("git branch", fmt.Sprintf("%s at %.12s", repo.Branch(), head.Commit), err) {
		return
	}
	d.clock()
	d.content(repo.FS(head))
	d.note("git push", "may push to "+repo.Branch(), repo.Writable(ctx))
}

// content checks what people wrote.
func (d *doctor) content(files fs.FS) {
	sold, err := fs.Sub(files, "catalog")
	if err == nil {
		var c *catalog.Catalog
		c, err = catalog.Load(sold)
		if c != nil && err == nil {
			d.note("catalog", fmt.Sprintf("%d versions", len(c.All())), nil)
		}
	}
	if err != nil {
		d.note("catalog", "", err)
	}
	root, err := fs.Sub(files, manifest.Root)
	if err != nil {
		d.note("environments", "", err)
		return
	}
	names, err := environments.List(root)
	if err == nil && len(names) == 0 {
		err = fault.Mend("add environments/<name>/environment.yaml", "the branch has no environment")
	}
	if !d.note("environments", fmt.Sprintf("%d found", len(names)), err) {
		return
	}
	for _, name := range names {
		site, err := environments.Load(root, name)
		detail := ""
		if err == nil {
			detail = fmt.Sprintf("%d rings, records below %s", len(site.Fleet.Rings), site.Etcd.Prefix)
		}
		d.note("environment "+name.String(), detail, err)
	}
}

// Package democmd is `sluice demo`: the whole way from records in etcd to a
// built overlay, once, on one machine, with nothing installed.
package democmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/run/publish"
	gogit "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/spf13/cobra"
)

// Deps is what the command needs from the outside.
type Deps struct {
	// StartEtcd runs etcd in this process with its data in dir.
	StartEtcd func(ctx context.Context, dir string) (endpoints []string, stop func() error, err error)
	// Git fails without the git that the demo clones with.
	Git func() error
	// List prints what etcd holds, as `sluice authz list` does.
	List     func(ctx context.Context, store *etcd.Store, w io.Writer) error
	Pipeline *pipeline.Pipeline
	Now      func() time.Time
	Version  string
}

// shown is the overlay that the demo builds.
const shown = "environments/local/tenants/06/00/1000006/swg/202"

// New returns `sluice demo`.
func New(deps Deps) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run the whole way once: etcd, two tenants, render, push, build",
		Long: `Demo starts etcd inside this process, writes two tenants, renders the environment
"local" into a new bare repository with one commit, clones it and builds one
overlay. It leaves DIR/repo.git, the clone DIR/repo and etcd's data in DIR/etcd.`,
		Example: `  sluice demo
  sluice demo --dir /tmp/demo`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := demo{deps: deps, dir: dir, out: cmd.OutOrStdout()}
			return d.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "sluice-demo", "directory to make; it must not exist or be empty")
	return cmd
}

type demo struct {
	deps  Deps
	dir   string
	out   io.Writer
	store *etcd.Store
	step  int
}

// say prints the heading of a step.
func (d *demo) say(format string, args ...any) {
	d.step++
	fmt.Fprintf(d.out, "%d. %s\n", d.step, fmt.Sprintf(format, args...))
}

func (d *demo) run(ctx context.Context) (err error) {
	entries, there := os.ReadDir(d.dir)
	if len(entries) > 0 {
		return fault.Hintf("remove it or give another with --dir", "running demo: directory %q is not empty", d.dir)
	}
	if err := d.deps.Git(); err != nil {
		return fmt.Errorf("running demo: %w", err)
	}
	if err := os.MkdirAll(d.dir, 0o755); err != nil {
		return fault.Hintf("give another directory with --dir", "running demo: %w", err)
	}
	defer func() {
		if err != nil { // half a demo is of use to nobody
			err = errors.Join(err, d.clear(there == nil))
		}
	}()
	endpoints, stop, err := d.deps.StartEtcd(ctx, filepath.Join(d.dir, "etcd"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if d.store, err = etcd.Dial(ctx, etcd.Config{Endpoints: endpoints}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.store.Close()) }()
	d.say("etcd runs in this process; its data is in %s", filepath.Join(d.dir, "etcd"))
	for _, step := range []func(context.Context) error{d.fill, d.seed, d.render, d.clone, d.build} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	fmt.Fprintf(d.out, "\nlook around:\n  cd %s\n  git log -1\n  kubectl kustomize %s\n", filepath.Join(d.dir, "repo"), shown)
	return nil
}

// clear removes what the demo made: in a directory that was there before, what
// is in it.
func (d *demo) clear(keep bool) error {
	if !keep {
		return os.RemoveAll(d.dir)
	}
	entries, err := os.ReadDir(d.dir)
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(d.dir, e.Name())))
	}
	return err
}

// fill writes the example tenants into etcd.
func (d *demo) fill(ctx context.Context) error {
	file, err := fs.ReadFile(environments.Example(), "local/tenants.example.yaml")
	if err != nil {
		return err
	}
	tenants, err := authz.DecodeFile(file)
	if err != nil {
		return err
	}
	records := d.store.Records(authz.DefaultPrefix)
	now, err := records.List(ctx)
	if err != nil {
		return err
	}
	p, err := authz.PlanImport(now, tenants)
	if err != nil {
		return err
	}
	if err := records.Apply(ctx, p.Changes, nil); err != nil {
		return err
	}
	d.say("%d records are in etcd:", len(p.Changes))
	return d.deps.List(ctx, d.store, d.out)
}

func (d *demo) bare() string { return filepath.Join(d.dir, "repo.git") }

// seed makes the repository with what people write: catalog and environment.
func (d *demo) seed(ctx context.Context) error {
	_, err := gogit.PlainInitWithOptions(d.bare(), &gogit.PlainInitOptions{Bare: true,
		InitOptions: gogit.InitOptions{DefaultBranch: plumbing.NewBranchReferenceName("main")}})
	if err != nil {
		return fmt.Errorf("making repository %q: %w", d.bare(), err)
	}
	repo, err := git.Open(ctx, d.bare(), d.options())
	if err != nil {
		return err
	}
	defer repo.Close()
	tx := repo.Begin(git.Head{})
	for path, from := range map[string]fs.FS{"catalog": catalog.Published(), "environments": environments.Example()} {
		dir, err := load(from)
		if err != nil {
			return err
		}
		if err := tx.Put(path, dir); err != nil {
			return err
		}
	}
	res, err := tx.Commit(ctx, git.Message{Subject: "catalog and environment, as people wrote them"})
	if err != nil {
		return err
	}
	d.say("repository %s holds the catalog and the environment \"local\"", d.bare())
	return repo.Publish(ctx, git.Head{}, res)
}

func (d *demo) options() git.Options {
	return git.Options{Branch: "main", Author: git.Author{Name: "sluice", Email: "sluice@localhost"}, Clock: d.deps.Now}
}

// load reads all files of a file system.
func load(from fs.FS) (*tree.Dir, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(from, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		files[path], err = fs.ReadFile(from, path)
		return err
	})
	if err != nil {
		return nil, err
	}
	return tree.FromFiles(files)
}

// render renders the environment and pushes one commit.
func (d *demo) render(ctx context.Context) error {
	t, err := publish.Open(ctx, d.bare(), d.options())
	if err != nil {
		return err
	}
	defer t.Close()
	var summary pipeline.Summary
	written, err := t.Write(ctx, func(ctx context.Context, files fs.FS, sink tree.Sink) (publish.Commit, error) {
		var err error
		summary, err = d.deps.Pipeline.Render(ctx, files, ident.Must[ident.EnvironmentKind]("local"), sink,
			pipeline.Options{Source: d.store, Now: d.deps.Now()})
		return publish.Of(summary, d.deps.Version), err
	})
	if err := errors.Join(append(summary.Skipped(), err)...); err != nil {
		return err
	}
	d.say("etcd revision %d rendered: %d tenants, %d overlays, %d files, one commit %.12s",
		summary.Revision, summary.Tenants, summary.Overlays, written.Files.Added, written.Commit)
	return nil
}

func (d *demo) clone(ctx context.Context) error {
	dir := filepath.Join(d.dir, "repo")
	from, err := filepath.Abs(d.bare()) // a clone takes a relative one for relative to itself
	if err != nil {
		return fmt.Errorf("cloning into %q: %w", dir, err)
	}
	if _, err := gogit.PlainCloneContext(ctx, dir, false, &gogit.CloneOptions{URL: from}); err != nil {
		return fmt.Errorf("cloning into %q: %w", dir, err)
	}
	d.say("a clone of it is in %s", dir)
	return nil
}

// build builds one overlay of the clone and says what it consists of.
func (d *demo) build(ctx context.Context) error {
	files, err := load(os.DirFS(filepath.Join(d.dir, "repo", filepath.FromSlash(shown))))
	if err != nil {
		return err
	}
	manifests, err := overlay.New(overlay.Options{}).Build(ctx, files, ".")
	if err != nil {
		return err
	}
	d.say("kustomize build %s:", shown)
	return summarise(d.out, manifests)
}

package rendercmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/cmd/internal/cli/exit"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/run/publish"
	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"
)

// NewDiff returns `sluice diff`.
func NewDiff(deps Deps) *cobra.Command {
	o := &options{deps: deps}
	var every bool
	var against string
	cmd := &cobra.Command{
		Use:   "diff",
		Short: "Show how the repository differs from what a render gives",
		Long: `Diff renders as render does, writes nothing and prints the differences as a
unified diff. Tenants whose files change alike are shown once, with the number
of tenants and some of their ids; --every prints each file.

With --against it renders nothing and compares the rendered files of this
directory with those of a revision, which is whatever Git calls a commit: a
branch, origin/main, a tag, HEAD~1 or an id. It is what a merge request does to
tenants. Of a repository on a server the revision is a branch.

The exit code is 0 without differences, 1 with some and 2 after an error.`,
		Example: `  # what a change of catalog or fleet in this checkout does to the tenants
  sluice diff --from-git

  # the same, file by file
  sluice diff --from-git --every

  # what this checkout changes for tenants, against the branch main
  sluice diff --against main

  # the same in a pipeline, where only the server has that branch
  git fetch --depth=1 origin main:refs/remotes/origin/main
  sluice diff --against origin/main`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.fromGit = o.fromGit || against != ""
			s, err := o.open(cmd.Context(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			if against != "" {
				return errors.Join(s.against(cmd.Context(), cmd.OutOrStdout(), against, every), s.Close())
			}
			return errors.Join(s.diff(cmd.Context(), cmd.OutOrStdout(), every), s.Close())
		},
	}
	o.add(cmd.Flags())
	cmd.Flags().StringVar(&against, "against", "", "revision of the same repository to compare the rendered files with, such as main, origin/main or HEAD~1")
	cmd.Flags().BoolVar(&every, "every", false, "print every file, not one for all that change alike")
	return cmd
}

func (s *session) diff(ctx context.Context, stdout io.Writer, every bool) error {
	different := false
	for _, env := range s.envs {
		var summary pipeline.Summary
		changes, err := s.target.Compare(ctx, s.fill(env, &summary))
		s.skip(summary)
		if err != nil {
			return s.end(err)
		}
		files, err := s.target.Files(ctx)
		if err != nil {
			return s.end(err)
		}
		different = different || len(changes) > 0
		if err := printDiffs(stdout, files, changes, every); err != nil {
			return s.end(err)
		}
	}
	if different {
		return s.end(exit.ErrDifferent)
	}
	return s.end(nil)
}

// against prints how the rendered files of the session's directory differ from
// those of a revision.
func (s *session) against(ctx context.Context, stdout io.Writer, revision string, every bool) error {
	old, err := s.options.deps.Repo.At(ctx, revision)
	if err != nil {
		return err
	}
	defer old.Close()
	here, err := s.target.Files(ctx)
	if err != nil {
		return err
	}
	changes, err := old.Compare(ctx, func(_ context.Context, _ fs.FS, sink tree.Sink) (publish.Commit, error) {
		return publish.Commit{}, s.copy(here, sink)
	})
	if err != nil {
		return err
	}
	before, err := old.Files(ctx)
	if err != nil {
		return err
	}
	if err := printDiffs(stdout, before, changes, every); err != nil {
		return err
	}
	if len(changes) > 0 {
		return exit.ErrDifferent
	}
	return nil
}

// copy puts the rendered folders of all environments into sink as they stand.
func (s *session) copy(files fs.FS, sink tree.Sink) error {
	for _, env := range s.envs {
		stored := render.NewStored(files, env)
		for _, name := range manifest.RenderedDirs() {
			path := manifest.EnvironmentPath(env) + "/" + name
			dir, err := stored.Folder(path)
			if err != nil {
				return err
			}
			sink.Reset(path)
			if err := sink.Put(path, dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// group is files of tenants that change alike.
type group struct {
	paths   []string
	tenants map[string]bool
	text    []byte
}

// printDiffs prints the changes; those that differ in nothing but the tenant
// and in seals are one group unless every is set.
func printDiffs(w io.Writer, files fs.FS, changes []tree.Change, every bool) error {
	groups := map[string]*group{}
	var order []string
	for _, c := range changes {
		old, err := fs.ReadFile(files, c.Path)
		if err != nil && c.Kind != tree.Added {
			return fault.Hintf("", "reading %s: %w", c.Path, err)
		}
		text := diff.Diff("a/"+c.Path, old, "b/"+c.Path, c.New)
		tenant := tenantOf(c.Path)
		key := c.Path
		if !every && tenant != "" {
			key = alike(text, c.Path, tenant)
		}
		g := groups[key]
		if g == nil {
			g = &group{text: text, tenants: map[string]bool{}}
			groups[key] = g
			order = append(order, key)
		}
		g.paths = append(g.paths, c.Path)
		g.tenants[tenant] = true
	}
	for _, key := range order {
		if err := groups[key].print(w); err != nil {
			return err
		}
	}
	return nil
}

func (g *group) print(w io.Writer) error {
	if len(g.paths) > 1 {
		ids := make([]string, 0, len(g.tenants))
		for id := range g.tenants {
			ids = append(ids, id)
		}
		if _, err := fmt.Fprintf(w, "# %d files of %d tenants change alike: %s\n", len(g.paths), len(g.tenants), fault.List(ids)); err != nil {
			return err
		}
	}
	_, err := w.Write(g.text)
	return err
}

// tenantOf returns the id in a path environments/<env>/tenants/<nn>/<mm>/<id>/... or rings/.../<id>.yaml.
func tenantOf(path string) string {
	parts := strings.Split(path, "/")
	switch {
	case len(parts) > 6 && parts[2] == "tenants":
		return parts[5]
	case len(parts) > 4 && parts[2] == "rings" && parts[len(parts)-1] != "sluice.yaml":
		return strings.TrimSuffix(parts[len(parts)-1], ".yaml")
	}
	return ""
}

// digests are lines whose value follows from other files.
var digests = [][]byte{[]byte("files: "), []byte("seal: "), []byte("base: "), []byte("catalog: ")}

// alike returns what is equal for tenants whose files change alike: the diff
// and the path without the tenant, without digests and without line numbers.
func alike(text []byte, path, tenant string) string {
	var lines [][]byte
	for line := range bytes.Lines(text) {
		body := bytes.TrimLeft(line, "+- ")
		if bytes.HasPrefix(line, []byte("@@")) || bytes.HasPrefix(line, []byte("diff ")) ||
			slices.ContainsFunc(digests, func(d []byte) bool { return bytes.HasPrefix(body, d) }) {
			continue
		}
		if line[0] == '+' || line[0] == '-' {
			lines = append(lines, line)
		}
	}
	// The shard folders follow from the id; only what comes after it tells files apart.
	_, rest, _ := strings.Cut(path, "/"+tenant)
	kept := bytes.Join(lines, nil)
	if i := bytes.Index(kept, []byte("\n+++ ")); i >= 0 {
		if _, after, ok := bytes.Cut(kept[i+1:], []byte("\n")); ok {
			kept = after
		}
	}
	return rest + "\n" + strings.ReplaceAll(string(kept), tenant, "<tenant>")
}

// Package review plans what merge requests make of the branch that a process
// renders, for the notes in them.
//
// A plan is made against the head of the branch, and made again when people's
// files there are others, not whenever something was rendered: the name of its
// base is the digest of people's files. Of what a merge request says nothing is
// taken but those files; what is rendered is the branch's.
package review

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/gitlab"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/impact"
)

// Branch is the branch that is rendered.
type Branch interface {
	Head(ctx context.Context) (git.Head, error)
	FS(h git.Head) fs.FS
}

var _ Branch = (*git.Repo)(nil)

// Show returns as Markdown what a change does to the clusters of environments.
// After holds people's files alone.
type Show func(ctx context.Context, before, after fs.FS, envs []ident.Environment) (string, error)

// Planner plans on top of a branch. It is for one goroutine.
type Planner struct {
	branch Branch
	show   Show

	head   git.Head
	base   string
	people map[string][]byte // at head
}

var _ gitlab.Planner = (*Planner)(nil)

// New returns a planner.
func New(b Branch, s Show) *Planner { return &Planner{branch: b, show: s} }

// Base returns the digest of people's files at the head of the branch.
func (p *Planner) Base(ctx context.Context) (string, error) {
	head, err := p.branch.Head(ctx)
	if err != nil {
		return "", err
	}
	if p.people != nil && head.Commit == p.head.Commit {
		return p.base, nil
	}
	people, err := impact.People(p.branch.FS(head))
	if err != nil {
		return "", fmt.Errorf("reading people's files: %w", err)
	}
	dir, err := tree.FromFiles(people)
	if err != nil {
		return "", fmt.Errorf("reading people's files: %w", err)
	}
	p.head, p.base, p.people = head, tree.Digest(dir), people
	return p.base, nil
}

// Plan plans a change on top of the base that was asked for last.
func (p *Planner) Plan(ctx context.Context, _ string, c gitlab.Change) (string, error) {
	after := maps.Clone(p.people)
	for path, data := range c.Files {
		if after[path] = data; data == nil {
			delete(after, path)
		}
	}
	dir, err := tree.FromFiles(after)
	if err != nil {
		return "", err
	}
	envs, err := concerned(dir.FS(), slices.Sorted(maps.Keys(c.Files)))
	if err != nil {
		return "", err
	}
	return p.show(ctx, p.branch.FS(p.head), dir.FS(), envs)
}

// concerned returns the environments that a change of paths concerns: those
// whose files are in it, and all if the catalog is.
func concerned(files fs.FS, paths []string) ([]ident.Environment, error) {
	root, err := fs.Sub(files, manifest.Root)
	if err != nil {
		return nil, err
	}
	all, err := environments.List(root)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(env ident.Environment) bool {
		return !slices.ContainsFunc(paths, func(path string) bool {
			return strings.HasPrefix(path, manifest.CatalogDir+"/") || strings.HasPrefix(path, manifest.EnvironmentPath(env)+"/")
		})
	}), nil
}

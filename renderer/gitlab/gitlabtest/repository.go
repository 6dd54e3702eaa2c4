package gitlabtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
)

// repository is the bare repository.
type repository struct {
	dir  string
	told map[string]told // what git said of commits, which do not change
}

type told struct {
	out string
	err error
}

func (g repository) run(args ...string) (string, error) {
	out, err := gittest.TryGit(g.dir, nil, args...)
	return strings.TrimSuffix(out, "\n"), err
}

// ask runs git about commits once.
func (g repository) ask(args ...string) (string, error) {
	key := strings.Join(args, " ")
	known, ok := g.told[key]
	if !ok {
		known.out, known.err = g.run(args...)
		g.told[key] = known
	}
	return known.out, known.err
}

// heads returns the commit of every branch.
func (g repository) heads() map[string]string {
	out, _ := g.run("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads")
	all := map[string]string{}
	for line := range strings.Lines(out) {
		ref, commit, _ := strings.Cut(strings.TrimSpace(line), " ")
		all[strings.TrimPrefix(ref, "refs/heads/")] = commit
	}
	return all
}

// merge makes the commit that a merge of source into target is; it fails when
// they conflict.
func (g repository) merge(target, source, message string) (string, error) {
	tree, err := g.mergeTree(target, source)
	if err != nil {
		return "", err
	}
	return g.run("commit-tree", tree, "-p", target, "-p", source, "-m", message)
}

// mergeTree returns the tree of that commit.
func (g repository) mergeTree(target, source string) (string, error) {
	out, err := g.ask("merge-tree", "--write-tree", target, source)
	tree, _, _ := strings.Cut(out, "\n")
	return tree, err
}

func (g repository) base(target, source string) string {
	out, _ := g.ask("merge-base", target, source)
	return out
}

// raw returns a file as it is at a commit.
func (g repository) raw(ref, path string) (string, error) {
	return gittest.TryGit(g.dir, nil, "cat-file", "blob", ref+":"+path)
}

// move moves a reference from a commit to another. Without a commit to move to
// it is deleted, without one to move from it is moved wherever it is.
func (g repository) move(ref, to, from string) error {
	args := []string{"update-ref", ref, to, from}
	switch {
	case to == "":
		args = []string{"update-ref", "-d", ref, from}
	case from == "":
		args = args[:3]
	}
	_, err := g.run(args...)
	return err
}

// diff is what the API says of a changed file.
type diff struct {
	OldPath   string `json:"old_path"`
	NewPath   string `json:"new_path"`
	AMode     string `json:"a_mode"`
	BMode     string `json:"b_mode"`
	Diff      string `json:"diff"`
	New       bool   `json:"new_file"`
	Renamed   bool   `json:"renamed_file"`
	Deleted   bool   `json:"deleted_file"`
	Generated bool   `json:"generated_file"`
	Collapsed bool   `json:"collapsed"`
	TooLarge  bool   `json:"too_large"`
}

// diffs returns what source changed since it left target. The texts are
// collapsed, as GitLab has them of large files.
func (g repository) diffs(target, source string) []diff {
	out, _ := g.ask("diff", "--raw", "-z", "-M", "--no-abbrev", target+"..."+source)
	fields := strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
	var all []diff
	for i := 0; i+1 < len(fields); i += 2 {
		meta := strings.Fields(strings.TrimPrefix(fields[i], ":"))
		d := diff{OldPath: fields[i+1], NewPath: fields[i+1], AMode: meta[0], BMode: meta[1], Collapsed: true}
		switch meta[4][0] {
		case 'A':
			d.New = true
		case 'D':
			d.Deleted = true
		case 'R':
			d.Renamed, d.NewPath = true, fields[i+2]
			i++
		}
		all = append(all, d)
	}
	return all
}

// revert makes the commit that takes a merge back on top of a branch, in a work
// tree of its own: git has no other way to revert.
func (g repository) revert(branch, merge string) (string, error) {
	dir, err := os.MkdirTemp("", "revert-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	work := filepath.Join(dir, "work")
	if _, err := g.run("worktree", "add", "-q", "--detach", work, branch); err != nil {
		return "", err
	}
	defer func() { _, _ = g.run("worktree", "remove", "--force", work) }()
	if _, err := gittest.TryGit(work, nil, "revert", "-m", "1", "--no-edit", merge); err != nil {
		return "", fmt.Errorf("reverting %s: %w", merge, err)
	}
	out, err := gittest.TryGit(work, nil, "rev-parse", "HEAD")
	return strings.TrimSpace(out), err
}

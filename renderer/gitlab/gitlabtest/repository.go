package gitlabtest

import (
	"fmt"
	"io/fs"
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

// told is what git printed.
type told struct {
	out string
	err error
}

func (g repository) run(args ...string) error {
	_, err := gittest.TryGit(g.dir, nil, args...)
	return err
}

// know runs git about commits once and returns what it printed.
func (g repository) know(args ...string) (string, error) {
	key := strings.Join(args, " ")
	known, ok := g.told[key]
	if !ok {
		known.out, known.err = gittest.TryGit(g.dir, nil, args...)
		g.told[key] = known
	}
	return known.out, known.err
}

// ask is know without the end of the last line.
func (g repository) ask(args ...string) (string, error) {
	out, err := g.know(args...)
	return strings.TrimSuffix(out, "\n"), err
}

// heads returns the commit of every branch. Every call asks for it, so it is read
// from the files and not by git.
func (g repository) heads() map[string]string {
	all := map[string]string{}
	packed, _ := os.ReadFile(filepath.Join(g.dir, "packed-refs")) // there is none before the first gc
	for line := range strings.Lines(string(packed)) {
		commit, ref, _ := strings.Cut(strings.TrimSpace(line), " ")
		if branch, ok := strings.CutPrefix(ref, "refs/heads/"); ok {
			all[branch] = commit
		}
	}
	root := filepath.Join(g.dir, "refs", "heads")
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		branch, inside := strings.CutPrefix(path, root+"/")
		if err != nil || d.IsDir() || !inside || strings.HasSuffix(branch, ".lock") {
			return nil //nolint:nilerr // it went meanwhile
		}
		if commit, err := os.ReadFile(path); err == nil {
			all[branch] = strings.TrimSpace(string(commit))
		}
		return nil
	})
	return all
}

// merge makes the commit that a merge of source into target is; it fails when
// they conflict.
func (g repository) merge(target, source, message string) (string, error) {
	tree, err := g.mergeTree(target, source)
	if err != nil {
		return "", err
	}
	return g.ask("commit-tree", tree, "-p", target, "-p", source, "-m", message)
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
	if len(ref) == 40 { // no branch is called so
		return g.know("cat-file", "blob", ref+":"+path)
	}
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
	return g.run(args...)
}

// put sets a reference that nobody else moves, a thousand times as fast as git.
func (g repository) put(ref, commit string) error {
	path := filepath.Join(g.dir, filepath.FromSlash(ref))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(commit+"\n"), 0o644)
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
	if err := g.run("worktree", "add", "-q", "--detach", work, branch); err != nil {
		return "", err
	}
	defer func() { _ = g.run("worktree", "remove", "--force", work) }()
	if _, err := gittest.TryGit(work, nil, "revert", "-m", "1", "--no-edit", merge); err != nil {
		return "", fmt.Errorf("reverting %s: %w", merge, err)
	}
	out, err := gittest.TryGit(work, nil, "rev-parse", "HEAD")
	return strings.TrimSpace(out), err
}

// Package gitdir finds the Git directory of a local repository and judges
// from its configuration and hooks how it may be written.
//
// What this program cannot write correctly it refuses: reftable references,
// SHA-256 objects and extensions that it does not know.
package gitdir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/config"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Dir is the Git directory of a repository.
type Dir struct {
	Path string
	// Bare says that the repository has no work tree of its own.
	Bare bool
	// Hooks lists what makes git do more at a push than move the branch, such
	// as executable hooks. With any of them git itself has to receive the push.
	Hooks []string
	// DenyCheckedOut says that a push must not move a branch that is checked out.
	DenyCheckedOut bool
}

// Find returns the Git directory of the repository at path: path itself or
// its .git. Where there is none, the hint says what to do.
func Find(path, hint string) (Dir, error) {
	for _, p := range []string{path, filepath.Join(path, ".git")} {
		if !isRepository(p) {
			continue
		}
		abs, err := filepath.Abs(p)
		if err != nil {
			return Dir{}, fmt.Errorf("opening repository %q: %w", path, err)
		}
		return read(abs)
	}
	if info, err := os.Stat(filepath.Join(path, ".git")); err == nil && !info.IsDir() {
		return Dir{}, fault.Hintf("give the path of the repository that the work tree belongs to",
			"opening repository %q: it is a linked work tree or a submodule", path)
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return Dir{}, fault.Hintf(hint, "opening repository %q: no such directory", path)
	}
	return Dir{}, fault.Hintf(hint, "opening repository %q: it is no Git repository", path)
}

// isRepository applies git's own test.
func isRepository(path string) bool {
	head, err := os.Lstat(filepath.Join(path, "HEAD"))
	return err == nil && !head.IsDir() && isDir(filepath.Join(path, "objects")) && isDir(filepath.Join(path, "refs"))
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func read(path string) (Dir, error) {
	c, err := readConfig(filepath.Join(path, "config"))
	if err != nil {
		return Dir{}, fmt.Errorf("opening repository %q: reading its configuration: %w", path, err)
	}
	if err := checkFormat(c); err != nil {
		return Dir{}, fmt.Errorf("opening repository %q: %w", path, err)
	}
	d := Dir{Path: path, Bare: truth(c.Section("core").Option("bare"), filepath.Base(path) != ".git")}
	switch strings.ToLower(c.Section("receive").Option("denyCurrentBranch")) {
	case "ignore", "false", "warn":
	case "updateinstead":
		d.Hooks = append(d.Hooks, "receive.denyCurrentBranch=updateInstead")
	default:
		d.DenyCheckedOut = true
	}
	configured := c.Section("core").Option("hooksPath")
	if strings.HasPrefix(configured, "~") { // only git knows whose home that is
		d.Hooks = append(d.Hooks, "core.hooksPath="+configured)
	}
	d.Hooks = append(d.Hooks, hooks(hooksDir(path, configured))...)
	return d, nil
}

func readConfig(path string) (*config.Config, error) {
	c := config.New()
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return c, config.NewDecoder(f).Decode(c)
}

// checkFormat refuses repositories in a form that is not written correctly here.
func checkFormat(c *config.Config) error {
	const hint = "use a repository made by git init --bare with the default formats"
	version, _ := strconv.Atoi(c.Section("core").Option("repositoryformatversion")) // absent is 0
	if version > 1 {
		return fault.Hintf(hint, "its format version is %d, at most 1 is known", version)
	}
	for _, o := range c.Section("extensions").Options {
		key, value := strings.ToLower(o.Key), strings.ToLower(o.Value)
		switch {
		case key == "objectformat" && value != "sha1":
			return fault.Hintf(hint, "its objects are named by %q", o.Value)
		case key == "refstorage" && value != "files":
			return fault.Hintf(hint, "its references are stored as %q", o.Value)
		case version == 1 && !known(key):
			return fault.Hintf(hint, "it needs the extension %q", o.Key)
		}
	}
	return nil
}

// known lists the extensions that change nothing for reading and writing here.
func known(extension string) bool {
	switch extension {
	case "objectformat", "refstorage", "noop", "preciousobjects", "worktreeconfig", "partialclone":
		return true
	}
	return false
}

// truth reads a boolean of a configuration file.
func truth(s string, absent bool) bool {
	switch strings.ToLower(s) {
	case "":
		return absent
	case "true", "yes", "on", "1":
		return true
	}
	return false
}

func hooksDir(path, configured string) string {
	switch {
	case configured == "":
		return filepath.Join(path, "hooks")
	case filepath.IsAbs(configured):
		return configured
	default:
		return filepath.Join(path, configured)
	}
}

// hooks returns the executable hooks that a push runs.
func hooks(dir string) []string {
	var found []string
	for _, name := range []string{
		"pre-receive", "update", "proc-receive", "post-receive", "post-update", "reference-transaction", "push-to-checkout",
	} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			found = append(found, name)
		}
	}
	return found
}

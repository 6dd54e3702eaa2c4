// Package repoflags is the set of flags by which commands find and open the
// repository that they read or write.
package repoflags

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/run/publish"
	"github.com/spf13/pflag"
)

// Flags holds the values. Use Add, then Open after parsing.
type Flags struct {
	repo, branch, user, key, known, cache, author, email string
}

// Add adds the flags to a command's set.
func (f *Flags) Add(set *pflag.FlagSet) {
	set.StringVar(&f.repo, "repo", env("REPO", "."), "repository: a directory, a bare repository or a URL (SLUICE_REPO)")
	set.StringVar(&f.branch, "branch", env("BRANCH", ""), "branch to write; a directory without it is written in place (SLUICE_BRANCH)")
	set.StringVar(&f.user, "git-user", env("GIT_USER", ""), "user for http and ssh; the token or password is read from SLUICE_GIT_TOKEN or SLUICE_GIT_PASSWORD")
	set.StringVar(&f.key, "git-ssh-key", env("GIT_SSH_KEY", ""), "file of the private key for ssh (SLUICE_GIT_SSH_KEY)")
	set.StringVar(&f.known, "git-known-hosts", env("GIT_KNOWN_HOSTS", ""), "known_hosts file for ssh (SLUICE_GIT_KNOWN_HOSTS)")
	set.StringVar(&f.cache, "git-cache", env("GIT_CACHE", ""), "directory for copies of remote repositories (SLUICE_GIT_CACHE)")
	set.StringVar(&f.author, "git-author", env("GIT_AUTHOR", "sluice"), "name of the author of commits (SLUICE_GIT_AUTHOR)")
	set.StringVar(&f.email, "git-email", env("GIT_EMAIL", "sluice@localhost"), "email of the author of commits (SLUICE_GIT_EMAIL)")
}

func env(name, fallback string) string {
	if v := os.Getenv("SLUICE_" + name); v != "" {
		return v
	}
	return fallback
}

// Location returns the repository as it was given.
func (f *Flags) Location() string { return f.repo }

// Open opens the repository.
func (f *Flags) Open(ctx context.Context) (publish.Place, error) {
	o, err := f.options()
	if err != nil {
		return nil, err
	}
	t, err := publish.Open(ctx, f.repo, o)
	if err != nil {
		return nil, fmt.Errorf("opening repository: %w", err)
	}
	return t, nil
}

// Repo opens the repository as one whose branch is written by commits only.
func (f *Flags) Repo(ctx context.Context) (*git.Repo, error) {
	o, err := f.options()
	if err != nil {
		return nil, err
	}
	return git.Open(ctx, f.repo, o)
}

// options returns what the flags say about opening.
func (f *Flags) options() (git.Options, error) {
	o := git.Options{
		Branch: f.branch, CacheDir: f.cache, Clock: time.Now,
		Author: git.Author{Name: f.author, Email: f.email},
		Auth: git.Auth{User: f.user, Token: os.Getenv("SLUICE_GIT_TOKEN"), Password: os.Getenv("SLUICE_GIT_PASSWORD"),
			KnownHosts: f.known},
	}
	if f.key != "" {
		key, err := os.ReadFile(f.key)
		if err != nil {
			return o, fault.Hintf("give the path of a private key", "reading --git-ssh-key: %w", err)
		}
		o.Auth.SSHKey, o.Auth.SSHKeyPassword = key, os.Getenv("SLUICE_GIT_SSH_KEY_PASSWORD")
	}
	if o.CacheDir == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return o, fault.Hintf("give --git-cache", "finding a cache directory: %w", err)
		}
		o.CacheDir = filepath.Join(dir, "sluice", "git")
	}
	return o, nil
}

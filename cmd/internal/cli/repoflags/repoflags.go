// Package repoflags is the set of flags by which commands find the repository
// that they read or write.
//
// Each setting comes from its flag, else from the environment (SLUICE_*);
// tokens, passwords and passphrases come from there alone, where other users of the machine
// do not see them. Nothing is opened here.
package repoflags

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/gatorcloud/sluice/cmd/internal/cli/input"
	"github.com/gatorcloud/sluice/cmd/internal/cli/ranged"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/run/publish"
	"github.com/spf13/pflag"
)

// Repository is the repository that flags name, for a command that cannot
// open one itself.
type Repository struct {
	// Flags adds the flags to a command's set; the rest is for after parsing.
	Flags func(*pflag.FlagSet)
	// Location returns the repository as it was given.
	Location func() string
	// Place opens the repository for a render.
	Place func(context.Context) (publish.Place, error)
	// At opens it as it is at a revision.
	At func(ctx context.Context, revision string) (publish.Reader, error)
	// Parted opens it as it is at a revision, and as it was where its branch, or a
	// checkout's HEAD, left that. Of a repository on a server both are the revision.
	Parted func(ctx context.Context, revision string) (at, began publish.Reader, err error)
	// Repo opens it as one whose branch is written by commits only. The logger
	// hears of what is waited for; without one it is told on stderr.
	Repo func(context.Context, *slog.Logger) (*git.Repo, error)
	// History opens it to read what led to the branch, or to a checkout's HEAD.
	History func(context.Context) (*git.Repo, git.Head, error)
}

// Flags holds the values. Use Add, then Location and Options after parsing.
type Flags struct {
	getenv                                                                    func(string) string
	set                                                                       *pflag.FlagSet
	repo, branch, user, key, known, cache, author, email, signKey, passphrase string
	patience                                                                  time.Duration
	insecure                                                                  bool
}

// New returns flags that read the environment with getenv.
func New(getenv func(string) string) *Flags { return &Flags{getenv: getenv} }

// Add adds the flags to a command's set.
func (f *Flags) Add(set *pflag.FlagSet) {
	f.set = set
	text := func(into *string, name, variable, fallback, usage string) {
		if v := f.getenv(variable); v != "" {
			fallback = v
		}
		set.StringVar(into, name, fallback, usage+" ("+variable+")")
	}
	text(&f.repo, "repo", "SLUICE_REPO", ".", "repository: a directory, a bare repository or a URL")
	text(&f.branch, "branch", "SLUICE_BRANCH", "", "branch to write; a directory without it is written in place")
	text(&f.user, "git-user", "SLUICE_GIT_USER", "", "user for http and ssh; the token or password is read from SLUICE_GIT_TOKEN or SLUICE_GIT_PASSWORD")
	text(&f.key, "git-ssh-key", "SLUICE_GIT_SSH_KEY", "", "file of the private key for ssh")
	text(&f.known, "git-known-hosts", "SLUICE_GIT_KNOWN_HOSTS", "", "known_hosts file for ssh")
	text(&f.cache, "git-cache", "SLUICE_GIT_CACHE", "", "directory for copies of remote repositories")
	text(&f.author, "git-author", "SLUICE_GIT_AUTHOR", "sluice", "name of the author of commits")
	text(&f.email, "git-email", "SLUICE_GIT_EMAIL", "sluice@localhost", "email of the author of commits")
	text(&f.signKey, "sign-key", "SLUICE_SIGN_KEY", "", "file of the OpenPGP private key, armored, that signs commits for Argo CD's signatureKeys; its passphrase is read from SLUICE_SIGN_KEY_PASSPHRASE")
	text(&f.passphrase, "sign-key-passphrase-file", "SLUICE_SIGN_KEY_PASSPHRASE_FILE", "", "file whose first line is the passphrase of --sign-key")
	set.BoolVar(&f.insecure, "git-insecure-http", false, "send the token or password over plain http to other machines too, where whoever is on the way reads it")
	ranged.Duration(set, timeout, ranged.Bounds[time.Duration]{Into: &f.patience, Default: 5 * time.Minute, Least: time.Second, Most: time.Hour},
		"longest silence of a Git server that is borne (SLUICE_GIT_TIMEOUT)")
}

const timeout = "git-timeout"

// Location returns the repository as it was given.
func (f *Flags) Location() string { return f.repo }

// Branch returns the branch as it was given, which may be none.
func (f *Flags) Branch() string { return f.branch }

// Options returns what the flags say about opening. There is no cache
// directory unless one is named.
func (f *Flags) Options() (git.Options, error) {
	if v := f.getenv("SLUICE_GIT_TIMEOUT"); v != "" && !f.set.Changed(timeout) {
		if err := f.set.Lookup(timeout).Value.Set(v); err != nil {
			return git.Options{}, fault.Hintf(fault.HintOf(err), "reading SLUICE_GIT_TIMEOUT: %w", err)
		}
	}
	o := git.Options{
		Branch: f.branch, CacheDir: f.cache, Author: git.Author{Name: f.author, Email: f.email}, Patience: f.patience,
		Auth: git.Auth{User: f.user, Token: f.getenv("SLUICE_GIT_TOKEN"), Password: f.getenv("SLUICE_GIT_PASSWORD"), KnownHosts: f.known,
			Insecure: f.insecure},
	}
	if f.key != "" {
		key, err := os.ReadFile(f.key)
		if err != nil {
			return o, fault.Hintf("give the path of a private key", "reading --git-ssh-key: %w", err)
		}
		o.Auth.SSHKey, o.Auth.SSHKeyPassword = key, f.getenv("SLUICE_GIT_SSH_KEY_PASSWORD")
	}
	var err error
	o.Signer, err = f.signer()
	return o, err
}

// signer reads the key that signs commits; nil without one.
func (f *Flags) signer() (*git.Signer, error) {
	if f.signKey == "" {
		return nil, nil
	}
	key, err := os.ReadFile(f.signKey)
	if err != nil {
		return nil, fault.Hintf("give the path of an OpenPGP private key", "reading --sign-key: %w", err)
	}
	passphrase := f.getenv("SLUICE_SIGN_KEY_PASSPHRASE")
	if f.passphrase != "" {
		if passphrase, err = input.Secret("sign-key-passphrase-file", f.passphrase); err != nil {
			return nil, err
		}
	}
	s, err := git.ParseSigner(key, passphrase)
	if err != nil {
		return nil, fmt.Errorf("reading --sign-key %q: %w", f.signKey, err)
	}
	return s, nil
}

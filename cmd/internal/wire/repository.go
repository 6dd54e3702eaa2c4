package wire

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/gatorcloud/sluice/cmd/internal/cli/repoflags"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/run/publish"
)

// repository returns the repository of a command, with flags of its own.
func repository() repoflags.Repository {
	flags := repoflags.New(os.Getenv)
	return repoflags.Repository{
		Flags: flags.Add, Location: flags.Location,
		Place: func(ctx context.Context) (publish.Place, error) {
			o, err := opening(flags, nil)
			if err != nil {
				return nil, err
			}
			t, err := publish.Open(ctx, flags.Location(), o)
			if err != nil {
				return nil, fmt.Errorf("opening repository: %w", err)
			}
			return t, nil
		},
		At: func(ctx context.Context, revision string) (publish.Reader, error) {
			o, err := opening(flags, nil)
			if err != nil {
				return nil, err
			}
			return publish.At(ctx, flags.Location(), revision, o)
		},
		Parted: func(ctx context.Context, revision string) (at, began publish.Reader, err error) {
			o, err := opening(flags, nil)
			if err != nil {
				return nil, nil, err
			}
			return publish.Parted(ctx, flags.Location(), revision, o)
		},
		Repo: func(ctx context.Context, log *slog.Logger) (*git.Repo, error) {
			o, err := opening(flags, log)
			if err != nil {
				return nil, err
			}
			return git.Open(ctx, flags.Location(), o)
		},
		History: func(ctx context.Context) (*git.Repo, git.Head, error) { return history(ctx, flags) },
	}
}

// history opens a repository to be read; what is on this machine is read where it is.
func history(ctx context.Context, flags *repoflags.Flags) (*git.Repo, git.Head, error) {
	if git.IsPath(flags.Location()) {
		s, err := git.At(flags.Location(), cmp.Or(flags.Branch(), "HEAD"))
		if err != nil {
			return nil, git.Head{}, err
		}
		repo, head := s.History()
		return repo, head, nil
	}
	o, err := opening(flags, nil)
	if err != nil {
		return nil, git.Head{}, err
	}
	repo, err := git.Open(ctx, flags.Location(), o)
	if err != nil {
		return nil, git.Head{}, err
	}
	head, err := repo.Head(ctx)
	if err != nil {
		return nil, head, errors.Join(err, repo.Close())
	}
	return repo, head, nil
}

// opening returns what flags and this machine say about opening. Without a
// logger it is told on stderr what is waited for.
func opening(flags *repoflags.Flags, log *slog.Logger) (git.Options, error) {
	o, err := flags.Options()
	if err != nil {
		return o, err
	}
	o.Clock, o.Logger = time.Now, log
	o.Waiting = func(server string, patience time.Duration) {
		if log != nil {
			log.Warn("waiting for the Git server", "repository", server, "patience", patience)
			return
		}
		fmt.Fprintf(os.Stderr, "sluice: waiting for %s: no answer yet, giving up after %v of silence (--git-timeout)\n", server, patience)
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

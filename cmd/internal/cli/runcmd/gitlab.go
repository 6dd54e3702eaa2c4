package runcmd

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/gitlabflags"
	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/gitlab"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/run/replica"
	"github.com/gatorcloud/sluice/renderer/run/review"
	"github.com/gatorcloud/sluice/renderer/run/telemetry"
)

// secretVariable is where the webhook's secret is when no file holds it.
const secretVariable = "SLUICE_GITLAB_WEBHOOK_SECRET"

const secretFlag = "webhook-secret-file"

// merging are the flags of merge requests and of GitLab's webhook.
type merging struct {
	flags              *gitlabflags.Flags
	listen, secretFile string
	set                *pflag.FlagSet
	project            *gitlab.Project // nil keeps no notes
	secret             string
}

func (m *merging) add(set *pflag.FlagSet, getenv func(string) string) {
	m.set = pflag.NewFlagSet("gitlab", pflag.ContinueOnError)
	m.flags = gitlabflags.New(getenv)
	m.flags.Add(m.set, "in whose open merge requests a note with the plan is kept")
	set.AddFlagSet(m.set)
	set.StringVar(&m.listen, "webhook-listen", "", "`address` of GitLab's webhook for pushes and merge requests, which makes all replicas look at once; empty serves none")
	set.StringVar(&m.secretFile, secretFlag, "", "`file` of the webhook's secret; else it is read from "+secretVariable)
}

// check reads what the flags name, before anything is opened.
func (m *merging) check(repository func() string, getenv func(string) string) error {
	if err := m.open(repository); err != nil {
		return err
	}
	m.secret = getenv(secretVariable)
	if m.secretFile == "" {
		return nil
	}
	if m.listen == "" {
		return fault.Hintf("give --webhook-listen too", "reading --%s: no webhook is served", secretFlag)
	}
	text, err := os.ReadFile(m.secretFile)
	if err != nil {
		return fault.Hintf("give the path of the secret's file", "reading --%s: %w", secretFlag, err)
	}
	m.secret = strings.TrimSpace(string(text))
	return nil
}

// open opens the project that is named, and refuses what says nothing without one.
func (m *merging) open(repository func() string) (err error) {
	if !m.flags.Named() {
		m.set.VisitAll(func(f *pflag.Flag) {
			if f.Changed && err == nil {
				err = fault.Hintf("give --"+gitlabflags.Flag+" too", "reading --%s: no GitLab is named", f.Name)
			}
		})
		return err
	}
	at, err := m.flags.Options(repository())
	if err != nil {
		return err
	}
	if m.project, err = gitlab.Open(at); err != nil {
		return fmt.Errorf("reading --%s: %w", gitlabflags.Flag, err)
	}
	return nil
}

// notes returns what keeps the notes of merge requests; nil without a GitLab.
func (o *options) notes(c *replica.Config, repo *git.Repo) func(context.Context, <-chan struct{}) {
	if o.merging.project == nil {
		return nil
	}
	return gitlab.NewNotes(gitlab.NotesOptions{Project: o.merging.project, Branch: repo.Branch(), Plan: review.New(repo, o.deps.Show), Every: o.timing.Poll,
		Hear: func(err error) {
			c.Health.Note("gitlab", err)
			if err != nil {
				c.Logger.Warn("keeping the notes of merge requests", "error", err, "hint", fault.HintOf(err))
			}
		}}).Run
}

// nudge asks without waiting: one question that is open is enough.
func nudge(poke chan<- struct{}) {
	select {
	case poke <- struct{}{}:
	default:
	}
}

// hearing serves GitLab's webhook until ctx ends. An event makes this replica
// look at once, and by etcd all others, of which any may lead.
func (o *options) hearing(ctx context.Context, store *etcd.Store, branch string, poke chan<- struct{}, log *slog.Logger) (closed func(), err error) {
	if o.merging.listen == "" {
		return func() {}, nil
	}
	heard := make(chan struct{}, 1)
	hook, err := gitlab.NewHook(o.merging.secret, branch, func() { nudge(poke); nudge(heard) })
	if err != nil {
		return nil, fmt.Errorf("reading --%s or %s: %w", secretFlag, secretVariable, err)
	}
	server, err := telemetry.Listen(ctx, o.merging.listen, hook)
	if err != nil {
		return nil, fault.Hintf("use another --webhook-listen", "%w", err)
	}
	log.Info("hearing GitLab's webhook", "address", server.Address())
	ctx, cancel := context.WithCancel(ctx)
	go store.Poked(ctx, func() { nudge(poke) })
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-heard:
			}
			asking, stop := context.WithTimeout(ctx, 5*time.Second)
			if err := store.Poke(asking); err != nil && ctx.Err() == nil {
				log.Warn("other replicas see the push by polling", "error", err, "hint", fault.HintOf(err))
			}
			stop()
		}
	}()
	return func() { cancel(); _ = server.Close() }, nil
}

// Package notify tells Argo CD that a branch was pushed, so that it need not
// poll, in one of two forms: Webhook is a POST to its webhook as GitLab sends
// it, Refresh the annotation argocd.argoproj.io/refresh on the Applications
// whose files changed, for places where no webhook reaches Argo CD.
//
// A notice names the files that changed, so that Argo CD looks at a tenant's
// own Applications and not at all of the repository's: overlays that nobody
// runs yet are in none. When there are more than MaxPaths it names none: the
// webhook then wakes every Application, and the annotation goes to the fleet's
// alone, from which the rest follows.
//
// Whoever told Argo CD, a notice can be lost: one that comes while Argo CD looks
// at the push before is taken for done with that look. Confirm is a third form,
// beside the others: it waits, and asks those that do not show the push.
//
// It is help and not a condition: a notice that fails is tried a few times and
// dropped, for Argo CD also polls. Notices that come faster than Argo CD
// answers are merged. The token and the URL's credentials are in no error.
package notify

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/gatorcloud/sluice/renderer/backoff"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// MaxPaths is how many changed files a notice names at most.
const MaxPaths = 1000

// Push is what is told.
type Push struct {
	Environment ident.Environment
	// RepoURL is the repository as the Applications name it.
	RepoURL string
	Branch  string
	// Before and After are commits.
	Before, After string
	// Passed are commits between them, as far as they were pushed from here.
	Passed []string
	// Paths are the files that changed, from the root of the repository; nil
	// when there are too many or they are not known.
	Paths []string
}

// merge returns one notice in place of two, of which p is the newer.
func (p Push) merge(old Push) Push {
	p.Passed = slices.Concat(old.Passed, []string{old.After, p.Before}, p.Passed)
	p.Before = old.Before
	if p.Paths == nil || old.Paths == nil {
		p.Paths = nil
		return p
	}
	p.Paths = append(slices.Clone(old.Paths), p.Paths...)
	slices.Sort(p.Paths)
	if p.Paths = slices.Compact(p.Paths); len(p.Paths) > MaxPaths {
		p.Paths = nil
	}
	return p
}

// older returns the commits that are known to be before the push's last.
func (p Push) older() map[string]bool {
	all := map[string]bool{p.Before: true}
	for _, c := range p.Passed {
		all[c] = true
	}
	return all
}

// Sender tells one push in some form.
type Sender interface {
	Send(ctx context.Context, p Push) error
}

// Options configure a Notifier. Sender is required.
type Options struct {
	Sender Sender
	// Of says whose pushes are told; nil tells those of all environments.
	Of func(ident.Environment) bool
	// Attempts is how often a notice is tried; 4 when zero.
	Attempts int
	// Pause is the first pause between attempts, which doubles; 500 ms when zero.
	Pause time.Duration
	// Hear is told of every notice, of several at a time. May be nil.
	Hear func(err error)
}

// Notifier sends the notices of an environment one after another. Make it with New and Run it.
type Notifier struct {
	o    Options
	mu   sync.Mutex
	next map[string]Push // by environment, repository and branch
	wake chan struct{}
}

// New returns a notifier.
func New(o Options) *Notifier {
	if o.Attempts <= 0 {
		o.Attempts = 4
	}
	if o.Pause <= 0 {
		o.Pause = 500 * time.Millisecond
	}
	if o.Hear == nil {
		o.Hear = func(error) {}
	}
	return &Notifier{o: o, next: map[string]Push{}, wake: make(chan struct{}, 1)}
}

// Tell asks for a notice; it never waits.
func (n *Notifier) Tell(p Push) {
	if n.o.Of != nil && !n.o.Of(p.Environment) {
		return
	}
	n.mu.Lock()
	key := p.Environment.String() + "\n" + p.RepoURL + "\n" + p.Branch
	if old, ok := n.next[key]; ok {
		p = p.merge(old)
	}
	n.next[key] = p
	n.mu.Unlock()
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// Run sends notices until ctx ends.
func (n *Notifier) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.wake:
		}
		n.mu.Lock()
		all := n.next
		n.next = map[string]Push{}
		n.mu.Unlock()
		var sent sync.WaitGroup
		for _, p := range all {
			sent.Go(func() {
				if err := n.send(ctx, p); ctx.Err() == nil {
					n.o.Hear(err)
				}
			})
		}
		sent.Wait()
	}
}

// send tries a few times.
func (n *Notifier) send(ctx context.Context, p Push) (err error) {
	pauses := backoff.New(n.o.Pause, time.Minute)
	for attempt := range n.o.Attempts {
		if attempt > 0 {
			if err := backoff.Sleep(ctx, pauses.Next()); err != nil {
				return err
			}
		}
		if err = n.o.Sender.Send(ctx, p); err == nil || fault.ClassOf(err) == fault.Person {
			return err
		}
	}
	return err
}

// Package notify tells Argo CD that a branch was pushed, so that it need not
// poll: a POST to its webhook of the form that GitLab sends.
//
// It is help and not a condition: a notice that fails is tried a few times and
// dropped, for Argo CD also polls. Notices that come faster than Argo CD
// answers are merged into the newest. The token and the URL's credentials are
// in no error.
package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gatorcloud/sluice/renderer/fault"
)

// Push is what is told.
type Push struct {
	// RepoURL is the repository as the Applications name it.
	RepoURL string
	Branch  string
	// Before and After are commits.
	Before, After string
}

// Options configure a Notifier. URL is required.
type Options struct {
	// URL is Argo CD's webhook, such as https://argocd.example/api/webhook.
	URL string
	// Token is the secret that Argo CD knows as webhook.gitlab.secret; may be empty.
	Token string
	// Attempts is how often a notice is tried; 4 when zero.
	Attempts int
	// Pause is the first pause between attempts, which doubles; 500 ms when zero.
	Pause time.Duration
	// Client sends the requests; nil is one with a time limit of 10 s.
	Client *http.Client
	// Hear is told of every notice. May be nil.
	Hear func(err error)
}

// Notifier sends notices one after another. Make it with New and Run it.
type Notifier struct {
	o    Options
	mu   sync.Mutex
	next map[string]Push // by repository and branch
	wake chan struct{}
}

// New returns a notifier, or an error that a person can mend if the URL is none.
func New(o Options) (*Notifier, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fault.Mend("use a URL such as https://argocd.example/api/webhook", "Argo CD's webhook: is no http URL")
	}
	if o.Attempts <= 0 {
		o.Attempts = 4
	}
	if o.Pause <= 0 {
		o.Pause = 500 * time.Millisecond
	}
	if o.Client == nil {
		o.Client = &http.Client{Timeout: 10 * time.Second}
	}
	if o.Hear == nil {
		o.Hear = func(error) {}
	}
	return &Notifier{o: o, next: map[string]Push{}, wake: make(chan struct{}, 1)}, nil
}

// Tell asks for a notice; it never waits.
func (n *Notifier) Tell(p Push) {
	n.mu.Lock()
	key := p.RepoURL + "\n" + p.Branch
	if old, ok := n.next[key]; ok {
		p.Before = old.Before
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
		for _, p := range all {
			err := n.send(ctx, p)
			if ctx.Err() != nil {
				return
			}
			n.o.Hear(err)
		}
	}
}

// send tries a few times.
func (n *Notifier) send(ctx context.Context, p Push) (err error) {
	pause := n.o.Pause
	for attempt := range n.o.Attempts {
		if attempt > 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(pause):
			}
			pause *= 2
		}
		if err = n.post(ctx, p); err == nil || fault.ClassOf(err) == fault.Person {
			return err
		}
	}
	return err
}

// payload is the part of GitLab's push event that Argo CD reads, and its frame.
type payload struct {
	ObjectKind  string  `json:"object_kind"`
	EventName   string  `json:"event_name"`
	Before      string  `json:"before"`
	After       string  `json:"after"`
	Ref         string  `json:"ref"`
	CheckoutSHA string  `json:"checkout_sha"`
	Project     project `json:"project"`
	Commits     []any   `json:"commits"`
	Total       int     `json:"total_commits_count"`
}

type project struct {
	WebURL        string `json:"web_url"`
	GitHTTPURL    string `json:"git_http_url"`
	DefaultBranch string `json:"default_branch"`
}

// body returns the payload. Argo CD matches the repository by web_url, without
// credentials and with or without .git.
func (p Push) body() ([]byte, error) {
	web := p.RepoURL
	if u, err := url.Parse(web); err == nil {
		u.User = nil
		web = u.String()
	}
	return json.Marshal(payload{ObjectKind: "push", EventName: "push", Before: p.Before, After: p.After, CheckoutSHA: p.After,
		Ref: "refs/heads/" + p.Branch, Commits: []any{}, Total: 1,
		Project: project{WebURL: strings.TrimSuffix(web, ".git"), GitHTTPURL: web, DefaultBranch: p.Branch}})
}

func (n *Notifier) post(ctx context.Context, p Push) error {
	body, err := p.body()
	if err != nil {
		return fmt.Errorf("writing notice: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.o.URL, bytes.NewReader(body))
	if err != nil {
		return fault.Mend("check the webhook's URL", "writing notice: the URL is not usable")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Gitlab-Event", "Push Hook")
	if n.o.Token != "" {
		req.Header.Set("X-Gitlab-Token", n.o.Token)
	}
	resp, err := n.o.Client.Do(req)
	if err != nil {
		var where *url.Error
		if errors.As(err, &where) {
			err = where.Err // the URL may hold a secret
		}
		return fault.New(fault.Retry, "", "telling Argo CD: %w", err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	switch {
	case resp.StatusCode < 300:
		return nil
	case resp.StatusCode < 500 && resp.StatusCode != http.StatusTooManyRequests:
		return fault.Mend("check the webhook's URL and its token", "telling Argo CD: it answers %s", resp.Status)
	}
	return fault.New(fault.Retry, "", "telling Argo CD: it answers %s", resp.Status)
}

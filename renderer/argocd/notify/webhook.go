package notify

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Webhook is Argo CD's webhook.
type Webhook struct {
	url, token string
	client     *http.Client
}

var _ Sender = (*Webhook)(nil)

// NewWebhook returns the webhook at a URL such as
// https://argocd.example/api/webhook. The token is what Argo CD knows as
// webhook.gitlab.secret and may be empty; it goes nowhere but there: no redirect
// is followed, and plain http only to this machine unless insecure is said.
// client nil has a time limit of 10 s.
func NewWebhook(where, token string, insecure bool, client *http.Client) (*Webhook, error) {
	u, err := url.Parse(where)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fault.Hintf("use a URL such as https://argocd.example/api/webhook", "Argo CD's webhook: is no http URL")
	}
	if token != "" && u.Scheme == "http" && !insecure && !ident.IsLoopback(u.Hostname()) {
		return nil, fault.Hintf("use https, or say --argocd-webhook-insecure-http: whoever is on the way reads the token",
			"Argo CD's webhook: the token would go unencrypted to host %q", u.Hostname())
	}
	c := *cmp.Or(client, &http.Client{Timeout: 10 * time.Second})
	c.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		return fault.Hintf("give the URL that answers itself", "it redirects to host %q, which is not told the token", r.URL.Hostname())
	}
	return &Webhook{url: where, token: token, client: &c}, nil
}

// payload is the part of GitLab's push event that Argo CD reads, and its frame.
type payload struct {
	ObjectKind  string   `json:"object_kind"`
	EventName   string   `json:"event_name"`
	Before      string   `json:"before"`
	After       string   `json:"after"`
	Ref         string   `json:"ref"`
	CheckoutSHA string   `json:"checkout_sha"`
	Project     project  `json:"project"`
	Commits     []commit `json:"commits"`
	Total       int      `json:"total_commits_count"`
}

// commit is what a push event says of one commit. Argo CD makes no difference
// between files that were added, changed and removed.
type commit struct {
	ID       string   `json:"id"`
	Added    []string `json:"added"`
	Modified []string `json:"modified"`
	Removed  []string `json:"removed"`
}

type project struct {
	WebURL        string `json:"web_url"`
	GitHTTPURL    string `json:"git_http_url"`
	DefaultBranch string `json:"default_branch"`
}

// body returns the payload. Argo CD matches the repository by web_url, without
// credentials and with or without .git. With files it gets no "before": it
// would copy the cached manifests of every other Application for each push.
func (p Push) body() ([]byte, error) {
	web := p.RepoURL
	if u, err := url.Parse(web); err == nil {
		u.User = nil
		web = u.String()
	}
	commits := []commit{}
	if p.Paths != nil {
		p.Before = ""
		commits = append(commits, commit{ID: p.After, Added: []string{}, Modified: p.Paths, Removed: []string{}})
	}
	return json.Marshal(payload{ObjectKind: "push", EventName: "push", Before: p.Before, After: p.After, CheckoutSHA: p.After,
		Ref: "refs/heads/" + p.Branch, Commits: commits, Total: 1,
		Project: project{WebURL: strings.TrimSuffix(web, ".git"), GitHTTPURL: web, DefaultBranch: p.Branch}})
}

// Send posts one notice.
func (w *Webhook) Send(ctx context.Context, p Push) error {
	body, err := p.body()
	if err != nil {
		return fmt.Errorf("writing notice: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return fault.Hintf("check the webhook's URL", "writing notice: the URL is not usable")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Gitlab-Event", "Push Hook")
	if w.token != "" {
		req.Header.Set("X-Gitlab-Token", w.token)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		if where, ok := errors.AsType[*url.Error](err); ok {
			err = where.Err // the URL may hold a secret
		}
		if hint := fault.HintOf(err); hint != "" {
			return fault.New(fault.Person, hint, "telling Argo CD: %w", err)
		}
		return fault.New(fault.Retry, "", "telling Argo CD: %w", err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	switch {
	case resp.StatusCode < 300:
		return nil
	case resp.StatusCode < 500 && resp.StatusCode != http.StatusTooManyRequests:
		return fault.Hintf("check the webhook's URL and its token", "telling Argo CD: it answers %s", resp.Status)
	}
	return fault.New(fault.Retry, "", "telling Argo CD: it answers %s", resp.Status)
}

package gitlab

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	api "gitlab.com/gitlab-org/api/client-go/v2"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Options say where a project is and who asks. URL, Project and Token are required.
type Options struct {
	// URL is the instance's, with the path below which it stands, such as
	// https://git.example/gitlab.
	URL string
	// Project is the project's path, such as clouds/fleet, or its number.
	Project string
	// Token returns the access token. It is asked for each request, so that it may rotate.
	Token func() (string, error)
	// CA holds further PEM certificates to trust; empty means those of the system.
	CA []byte
	// Insecure lets the token go over plain http to other machines, where
	// whoever is on the way reads it.
	Insecure bool
	// Timeout bounds each request with its body; 30 s when zero.
	Timeout time.Duration
	// Pause is the first pause before a call is made again, which doubles; 500 ms when zero.
	Pause time.Duration
}

// Bounds of what is tried and read.
const (
	attempts    = 5 // after the first
	longest     = time.Minute
	page        = 100 // the most that GitLab gives at once
	maxResponse = 128 << 20
)

// Project is a project of a GitLab. It is safe for concurrent use.
type Project struct {
	api   *api.Client
	path  string
	token *secret

	mu sync.Mutex
	me int64 // whose the token is; zero until asked
}

// Open checks the options. Nothing is asked yet.
func Open(o Options) (*Project, error) {
	u, err := url.Parse(o.URL)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "":
		return nil, fault.Hintf("use a URL such as https://git.example", "GitLab's URL: is not http or https with a host and a path")
	case u.User != nil:
		return nil, fault.Hintf("give the token in SLUICE_GITLAB_TOKEN or a file", "GitLab's URL %q: holds a user", u.Redacted())
	case u.Scheme == "http" && !o.Insecure && !ident.IsLoopback(u.Hostname()):
		return nil, fault.Hintf("use https, or say --gitlab-insecure-http: whoever is on the way reads the token",
			"GitLab's URL %q: the token would go unencrypted", o.URL)
	case strings.Trim(o.Project, "/") == "":
		return nil, fault.Hintf("name it as its address does, such as clouds/fleet", "GitLab's project: is not named")
	}
	roots, err := o.roots()
	if err != nil {
		return nil, err
	}
	token := &secret{read: o.Token}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10}
	client, err := api.NewAuthSourceClient(token, api.WithBaseURL(strings.TrimSuffix(o.URL, "/")),
		api.WithHTTPClient(&http.Client{Transport: bounded{transport}, Timeout: cmp.Or(o.Timeout, 30*time.Second), CheckRedirect: stay}),
		api.WithCustomRetry(again), api.WithCustomRetryMax(attempts), api.WithCustomBackoff(pause),
		api.WithCustomRetryWaitMinMax(cmp.Or(o.Pause, 500*time.Millisecond), longest), api.WithUserAgent("sluice"))
	if err != nil {
		return nil, fault.Hintf("use a URL such as https://git.example", "GitLab's URL %q: %w", o.URL, err)
	}
	return &Project{api: client, path: strings.Trim(o.Project, "/"), token: token}, nil
}

// roots returns whom to trust; nil is the system's word.
func (o *Options) roots() (*x509.CertPool, error) {
	if len(o.CA) == 0 {
		return nil, nil
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(o.CA) {
		return nil, fault.Hintf("use a PEM file", "GitLab's certificate authority: the file holds no certificate")
	}
	return roots, nil
}

// stay follows no redirect: the token is for one host.
func stay(r *http.Request, _ []*http.Request) error {
	return fault.Hintf("give the URL that answers itself", "it redirects to host %q, which is not told the token", r.URL.Hostname())
}

// again reports whether a call is made once more: one that was refused unread
// because there are too many, or one that may be made twice.
func again(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if fault.ClassOf(err) == fault.Person {
		return false, err
	}
	if limited := resp != nil && resp.StatusCode == http.StatusTooManyRequests; !limited && !repeatable(resp, err) {
		return false, ctx.Err()
	}
	return retryablehttp.DefaultRetryPolicy(ctx, resp, err)
}

// pause heeds Retry-After, within reason.
func pause(first, most time.Duration, attempt int, resp *http.Response) time.Duration {
	return min(retryablehttp.DefaultBackoff(first, most, attempt, resp), most)
}

// user returns whose the token is.
func (p *Project) user(ctx context.Context) (int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.me == 0 {
		me, _, err := p.api.Users.CurrentUser(api.WithContext(ctx))
		if err != nil {
			return 0, p.fault("asking GitLab whose the token is", err)
		}
		p.me = me.ID
	}
	return p.me, nil
}

// Package gitlabflags is the set of flags by which commands find the GitLab
// project whose merge requests they read or write.
//
// Each setting comes from its flag, else from the environment (SLUICE_*). The
// token comes from the environment or a file alone, where other users of the
// machine do not see it. Nothing is opened here.
package gitlabflags

import (
	"cmp"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/renderer/gitlab"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Flag is the flag that names the instance.
const Flag = "gitlab-url"

// TokenVariable is where the token is when no file holds it.
const TokenVariable = "SLUICE_GITLAB_TOKEN"

// Flags holds the values. Use New and Add, then Options after parsing.
type Flags struct {
	getenv                  func(string) string
	url, project, token, ca string
	insecure                bool
}

// New returns flags that read the environment with getenv.
func New(getenv func(string) string) *Flags { return &Flags{getenv: getenv} }

// Add adds the flags to a command's set; with says what a command does with them.
func (f *Flags) Add(set *pflag.FlagSet, with string) {
	text := func(into *string, name, variable, usage string) {
		set.StringVar(into, name, f.getenv(variable), usage+" ("+variable+")")
	}
	text(&f.url, Flag, "SLUICE_GITLAB_URL", "`URL` of the GitLab "+with+", with the path below which it stands")
	text(&f.project, "gitlab-project", "SLUICE_GITLAB_PROJECT", "path or number of its project; by default that of --repo")
	text(&f.token, "gitlab-token-file", "SLUICE_GITLAB_TOKEN_FILE", "`file` of an access token with the scope api, read for each call; else the token is read from "+TokenVariable)
	text(&f.ca, "gitlab-cacert", "SLUICE_GITLAB_CACERT", "PEM `file` of the authorities of its certificate, beside the system's")
	set.BoolVar(&f.insecure, "gitlab-insecure-http", false, "send the token over plain http to other machines too, where whoever is on the way reads it")
}

// Named reports whether a GitLab was named.
func (f *Flags) Named() bool { return f.url != "" }

// Options returns what the flags say, and of a repository on a server what they
// leave out: the host is taken for its GitLab, and the path for its project.
func (f *Flags) Options(repository string) (gitlab.Options, error) {
	o := gitlab.Options{URL: f.url, Project: f.project, Insecure: f.insecure}
	if at, err := url.Parse(repository); err == nil && (at.Scheme == "http" || at.Scheme == "https") {
		o.URL = cmp.Or(o.URL, at.Scheme+"://"+at.Host)
		base, err := url.Parse(o.URL)
		if rest, below := strings.CutPrefix(at.Path, strings.TrimSuffix(pathOf(base), "/")+"/"); err == nil && below && base.Host == at.Host {
			o.Project = cmp.Or(o.Project, strings.TrimSuffix(rest, ".git"))
		}
	}
	if o.URL == "" || o.Project == "" {
		return o, fault.Hintf("give --"+Flag+" https://git.example --gitlab-project clouds/fleet", "looking for GitLab: repository %s does not say where its project is", fault.Clip(repository))
	}
	if f.ca != "" {
		pem, err := os.ReadFile(f.ca)
		if err != nil {
			return o, fault.Hintf("give the path of a PEM file", "reading --gitlab-cacert: %w", err)
		}
		o.CA = pem
	}
	o.Token = f.read
	_, err := f.read()
	return o, err
}

func pathOf(u *url.URL) string {
	if u == nil {
		return ""
	}
	return u.Path
}

// read returns the token as it is now.
func (f *Flags) read() (string, error) {
	if f.token == "" {
		if token := f.getenv(TokenVariable); token != "" {
			return token, nil
		}
		return "", fault.Hintf("set "+TokenVariable+", or give --gitlab-token-file", "looking for GitLab's token: there is none")
	}
	text, err := os.ReadFile(f.token)
	if err != nil {
		return "", fault.Hintf("give the path of the token's file", "reading --gitlab-token-file: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

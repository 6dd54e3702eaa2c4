package remote

import (
	"cmp"
	"errors"
	"net"
	"strconv"
	"time"

	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/plumbing/transport/file"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	gitssh "github.com/go-git/go-git/v5/plumbing/transport/ssh"
	"golang.org/x/crypto/ssh"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// dialTimeout bounds how long a server may take to answer a connection.
const dialTimeout = 30 * time.Second

// Auth holds the credentials for a server; what its scheme does not use is ignored.
type Auth struct {
	User, Password, Token string
	Insecure              bool // over plain http to other machines too
	CABundle              []byte
	SSHKey                []byte
	SSHKeyPassword        string
	KnownHosts            string
}

// IsPath reports whether a URL is a path on this machine.
func IsPath(url string) bool {
	e, err := transport.NewEndpoint(url)
	return err == nil && e.Protocol == "file" && (len(url) < 7 || url[:7] != "file://")
}

// New returns the repository at a URL. Nothing is dialled yet.
func New(url string, a Auth) (*Remote, error) {
	e, err := transport.NewEndpoint(url)
	if err != nil { // the error holds the URL, and so perhaps a password
		return nil, fault.Hintf(urlHint, "opening repository: its URL cannot be read")
	}
	r := &Remote{endpoint: *e, secrets: spellings(a.Token, a.Password, a.SSHKeyPassword, e.Password)}
	user, password := cmp.Or(a.User, e.User), cmp.Or(a.Token, a.Password, e.Password)
	if a.Token != "" {
		user = cmp.Or(user, "oauth2")
	}
	r.endpoint.User, r.endpoint.Password = "", ""
	switch e.Protocol {
	case "file":
		r.transport = local{file.DefaultClient}
	case "http", "https":
		if e.Protocol == "http" && password != "" && !a.Insecure && !ident.IsLoopback(e.Host) {
			return nil, fault.Hintf("use https, or say --git-insecure-http: whoever is on the way reads the token or password",
				"opening repository %s: the credentials would go unencrypted to host %q", r, e.Host)
		}
		r.transport, r.idle, err = newHTTP(a.CABundle)
		if password != "" {
			r.auth = &githttp.BasicAuth{Username: user, Password: password}
		}
	case "ssh":
		r.transport = gitssh.NewClient(nil)
		r.endpoint.User = cmp.Or(user, gitssh.DefaultUsername)
		r.auth, err = newSSHAuth(r.endpoint, a)
	default:
		return nil, fault.Hintf(urlHint, "opening repository %s: scheme %q is not supported", r, e.Protocol)
	}
	if err != nil {
		return nil, fault.New(fault.Person, fault.HintOf(err), "opening repository %s: %w", r, r.redacted(err))
	}
	return r, nil
}

const urlHint = "use a path, file://, http://, https://, ssh:// or user@host:path"

// Local returns the repository at a path, for pushes that git itself receives.
func Local(path string) *Remote {
	return &Remote{endpoint: transport.Endpoint{Protocol: "file", Path: path}, transport: local{file.DefaultClient}}
}

// sshAuth is a go-git auth method that bounds dialling and checks the
// server's key against a known_hosts file, whatever kinds of key that holds.
type sshAuth struct {
	gitssh.AuthMethod
	config ssh.ClientConfig
}

// ClientConfig returns the configuration of a connection.
func (a *sshAuth) ClientConfig() (*ssh.ClientConfig, error) {
	c, err := a.AuthMethod.ClientConfig()
	if err != nil {
		return nil, err
	}
	c.HostKeyCallback, c.HostKeyAlgorithms = a.config.HostKeyCallback, a.config.HostKeyAlgorithms
	c.Timeout = dialTimeout
	return c, nil
}

func newSSHAuth(e transport.Endpoint, a Auth) (transport.AuthMethod, error) {
	var files []string
	if a.KnownHosts != "" {
		files = append(files, a.KnownHosts)
	}
	known, err := gitssh.NewKnownHostsDb(files...)
	if err != nil {
		return nil, fault.Hintf("give a known_hosts file that holds the server's key", "reading known hosts: %w", err)
	}
	host := net.JoinHostPort(e.Host, strconv.Itoa(cmp.Or(e.Port, gitssh.DefaultPort)))
	auth := &sshAuth{config: ssh.ClientConfig{
		HostKeyCallback: known.HostKeyCallback(), HostKeyAlgorithms: known.HostKeyAlgorithms(host),
	}}
	// The methods below would read known hosts themselves if they had no callback.
	callback := gitssh.HostKeyCallbackHelper{HostKeyCallback: auth.config.HostKeyCallback}
	if len(a.SSHKey) == 0 {
		agent, err := gitssh.NewSSHAgentAuth(e.User)
		if err != nil {
			return nil, fault.Hintf("give an SSH key, or start an agent that holds one", "asking the SSH agent: %w", err)
		}
		agent.HostKeyCallbackHelper = callback
		auth.AuthMethod = agent
		return auth, nil
	}
	keys, err := gitssh.NewPublicKeys(e.User, a.SSHKey, a.SSHKeyPassword)
	if err != nil {
		if _, ok := errors.AsType[*ssh.PassphraseMissingError](err); ok {
			return nil, fault.Hintf("give the key's passphrase", "reading the SSH key: it is encrypted")
		}
		return nil, fault.Hintf("give a PEM private key", "reading the SSH key: %w", err)
	}
	keys.HostKeyCallbackHelper = callback
	auth.AuthMethod = keys
	return auth, nil
}

package argocd

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/url"
	"path/filepath"

	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Access is how to reach and convince one API server.
type Access struct {
	Server, ServerName, Token string
	Authorities               *x509.CertPool // nil for the system's
	Certificates              []tls.Certificate
	// Renew reads a token that is replaced on disk now and then; nil for one
	// that stays.
	Renew func() (string, error)
}

// kubeconfig is the part of a kubeconfig that is understood.
type kubeconfig struct {
	Current  string `json:"current-context"`
	Contexts []struct {
		Name    string `json:"name"`
		Context struct {
			Cluster string `json:"cluster"`
			User    string `json:"user"`
		} `json:"context"`
	} `json:"contexts"`
	Clusters []struct {
		Name    string  `json:"name"`
		Cluster cluster `json:"cluster"`
	} `json:"clusters"`
	Users []struct {
		Name string `json:"name"`
		User user   `json:"user"`
	} `json:"users"`
}

type cluster struct {
	Server     string `json:"server"`
	ServerName string `json:"tls-server-name"`
	CA         []byte `json:"certificate-authority-data"`
	CAFile     string `json:"certificate-authority"`
	Insecure   bool   `json:"insecure-skip-tls-verify"`
}

type user struct {
	Cert      []byte `json:"client-certificate-data"`
	CertFile  string `json:"client-certificate"`
	Key       []byte `json:"client-key-data"`
	KeyFile   string `json:"client-key"`
	Token     string `json:"token"`
	TokenFile string `json:"tokenFile"`
	Exec      any    `json:"exec"`
}

// Options say which part of a kubeconfig to use.
type Options struct {
	// File is where the kubeconfig was read; paths in it are relative to its folder.
	File string
	// Context is a context's name; empty is the current one.
	Context string
	// ReadFile reads the files that a kubeconfig names.
	ReadFile func(name string) ([]byte, error)
}

// Parse returns the access that a kubeconfig describes.
func Parse(data []byte, o Options) (Access, error) {
	var k kubeconfig
	if err := yaml.Unmarshal(data, &k); err != nil {
		return Access{}, fault.Hintf("check the kubeconfig with kubectl config view", "reading kubeconfig %q: %w", o.File, err)
	}
	if o.Context == "" {
		o.Context = k.Current
	}
	c, u, err := k.choose(o.Context)
	if err != nil {
		return Access{}, fmt.Errorf("reading kubeconfig %q: %w", o.File, err)
	}
	a, err := o.access(c, u)
	if err != nil {
		return Access{}, fmt.Errorf("reading kubeconfig %q: context %q: %w", o.File, o.Context, err)
	}
	return a, nil
}

// choose returns cluster and user of a context.
func (k kubeconfig) choose(context string) (cluster, user, error) {
	for _, x := range k.Contexts {
		if x.Name != context {
			continue
		}
		for _, c := range k.Clusters {
			for _, u := range k.Users {
				if c.Name == x.Context.Cluster && u.Name == x.Context.User {
					return c.Cluster, u.User, nil
				}
			}
		}
		return cluster{}, user{}, fault.Hintf("check the kubeconfig with kubectl config view", "context %q names a cluster or a user that is not there", context)
	}
	return cluster{}, user{}, fault.Hintf("choose one with --context, or with kubectl config use-context", "there is no context %q", context)
}

func (o Options) access(c cluster, u user) (Access, error) {
	a := Access{Server: c.Server, ServerName: c.ServerName, Token: u.Token}
	at, err := url.Parse(c.Server)
	if err != nil || at.Host == "" || at.Scheme != "https" && at.Hostname() != "127.0.0.1" {
		return a, fault.Hintf("give the cluster an https URL", "server %q is none", c.Server)
	}
	switch {
	case c.Insecure:
		return a, fault.Hintf("give the cluster its certificate-authority-data", "insecure-skip-tls-verify is refused")
	case u.Exec != nil:
		return a, fault.Hintf("make a kubeconfig with a token: kubectl create token, or run kubectl proxy", "a user with an exec plugin is not supported")
	}
	files := []struct {
		name string
		into *[]byte
	}{{c.CAFile, &c.CA}, {u.CertFile, &u.Cert}, {u.KeyFile, &u.Key}}
	for _, f := range files {
		if err := o.fill(f.name, f.into); err != nil {
			return a, err
		}
	}
	var token []byte
	if err := o.fill(u.TokenFile, &token); err != nil {
		return a, err
	}
	if len(token) > 0 {
		a.Token = string(bytes.TrimSpace(token))
		a.Renew = renew(o.place(u.TokenFile), o.ReadFile)
	}
	return a, a.trust(c, u)
}

// fill reads a file that the kubeconfig names in place of data.
func (o Options) fill(name string, into *[]byte) error {
	if name == "" || len(*into) > 0 {
		return nil
	}
	data, err := o.ReadFile(o.place(name))
	if err != nil {
		return err
	}
	*into = data
	return nil
}

// place returns the path of a file that the kubeconfig names.
func (o Options) place(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(o.File), name)
}

// trust takes in certificates.
func (a *Access) trust(c cluster, u user) error {
	if len(c.CA) > 0 {
		a.Authorities = x509.NewCertPool()
		if !a.Authorities.AppendCertsFromPEM(c.CA) {
			return fault.Hintf("it must be a certificate in PEM", "the certificate authority cannot be read")
		}
	}
	if len(u.Cert) > 0 {
		pair, err := tls.X509KeyPair(u.Cert, u.Key)
		if err != nil {
			return fault.Hintf("certificate and key must be a pair in PEM", "reading the client certificate: %w", err)
		}
		a.Certificates = []tls.Certificate{pair}
	}
	return nil
}

package git

import (
	"log/slog"
	"time"
)

// Options says how a repository is opened. URL and branch apart, the zero
// value works for a local path.
type Options struct {
	// Branch is the short name of the branch; empty is the one that the repository's HEAD names.
	Branch string
	// Author is named by the commits.
	Author Author
	// Signer signs the commits besides, with a key; nil leaves them unsigned.
	Signer *Signer
	// Auth opens remote repositories.
	Auth Auth
	// CacheDir holds the disposable mirrors of remote repositories. It is required for them.
	CacheDir string
	// Clock gives the time of commits; nil is the epoch, which keeps commits reproducible.
	Clock func() time.Time
	// Logger hears about healing and retries; nil is silent.
	Logger *slog.Logger
	// Patience is how long a server may be silent; five minutes when zero.
	Patience time.Duration
	// Waiting hears which server has been silent for two seconds, and how long
	// that is borne; once for each call to it. Nil is nobody.
	Waiting func(server string, patience time.Duration)
}

// Author is the author and committer of every commit.
type Author struct{ Name, Email string }

// Auth holds credentials; what the URL's scheme does not use is ignored.
// Values never occur in errors or logs.
type Auth struct {
	// User is the user of Password, of Token (default oauth2) and of SSH (default the URL's, then git).
	User string
	// Password opens http and https.
	Password string
	// Token opens http and https in place of Password.
	Token string
	// Insecure lets User and Password or Token go over plain http to other
	// machines, where whoever is on the way reads them.
	Insecure bool
	// CABundle holds further PEM certificates to trust for https.
	CABundle []byte
	// SSHKey is a PEM private key; without it the SSH agent is asked.
	SSHKey []byte
	// SSHKeyPassword opens SSHKey when it is encrypted.
	SSHKeyPassword string
	// KnownHosts is a known_hosts file; empty is the user's own.
	KnownHosts string
}

// Package githttp serves bare repositories over Git's smart HTTP protocol, by
// Git's own `git http-backend`.
//
// Everybody who reaches the listener may read and push: it is for loopback.
// Git itself keeps requests inside the root. Bodies of unknown length, which
// CGI has no word for and which git sends for every push above a megabyte, are
// spooled to a temporary file first.
package githttp

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gatorcloud/sluice/renderer/fault"
)

// Options name what is served and by what.
type Options struct {
	// Root holds the bare repositories.
	Root string
	// Backend is the path of git-http-backend.
	Backend string
	// Env is added to the backend's environment: PATH at least.
	Env []string
	// Errors takes what the backend complains about; nil drops it.
	Errors io.Writer
}

// Backend finds the git-http-backend that belongs to the git on the search path.
func Backend() (string, error) {
	out, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return "", fault.Mend("sudo apt-get install -y git", "looking for git: %w", err)
	}
	path := filepath.Join(strings.TrimSpace(string(out)), "git-http-backend")
	if _, err := os.Stat(path); err != nil {
		return "", fault.Mend("sudo apt-get install -y git", "looking for git-http-backend: %w", err)
	}
	return path, nil
}

// Handler serves the repositories below the root at their paths: /fleet.git.
func Handler(o Options) http.Handler {
	errors := o.Errors
	if errors == nil {
		errors = io.Discard
	}
	backend := &cgi.Handler{
		Path: o.Backend, Dir: o.Root, Stderr: errors,
		Env: append([]string{
			"GIT_PROJECT_ROOT=" + o.Root, "GIT_HTTP_EXPORT_ALL=1",
			// Pushes need no name and no password.
			"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=http.receivepack", "GIT_CONFIG_VALUE_0=true",
		}, o.Env...),
	}
	return spooled(backend)
}

// spooled gives every request a length.
func spooled(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TransferEncoding) == 0 && r.ContentLength >= 0 {
			next.ServeHTTP(w, r)
			return
		}
		body, length, err := spool(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		defer body.Close()
		counted := r.Clone(r.Context())
		counted.Body, counted.ContentLength, counted.TransferEncoding = body, length, nil
		next.ServeHTTP(w, counted)
	})
}

// spool copies the body to a file without a name.
func spool(body io.Reader) (*os.File, int64, error) {
	f, err := os.CreateTemp("", "push-")
	if err != nil {
		return nil, 0, fmt.Errorf("spooling a request: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, 0, fmt.Errorf("spooling a request: %w", err)
	}
	length, err := io.Copy(f, body)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, 0, fmt.Errorf("spooling a request: %w", err)
	}
	return f, length, nil
}

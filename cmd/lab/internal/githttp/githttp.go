// Package githttp serves bare repositories over Git's smart HTTP protocol, by
// Git's own `git http-backend`.
//
// Everybody who reaches the listener may read and push: it is for loopback.
// Git itself keeps requests inside the root. Bodies of unknown length, which
// CGI has no word for and which git sends for every push above a megabyte, are
// spooled to a temporary file first. After a push the server can report it as
// GitLab does, so that Argo CD hears of it at once (hook.go).
package githttp

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Options name what is served and by what.
type Options struct {
	// Root holds the bare repositories.
	Root string
	// Backend is the path of git-http-backend.
	Backend string
	// Env is added to the backend's environment: PATH at least.
	Env []string
	// Hooks is a folder of hooks that run for every repository; empty is each repository's own.
	Hooks string
	// Errors takes what the backend complains about; nil drops it.
	Errors io.Writer
}

// Backend finds the git-http-backend that belongs to the git on the search path.
func Backend() (string, error) {
	out, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return "", fault.Hintf("sudo apt-get install -y git", "looking for git: %w", err)
	}
	path := filepath.Join(strings.TrimSpace(string(out)), "git-http-backend")
	if _, err := os.Stat(path); err != nil {
		return "", fault.Hintf("sudo apt-get install -y git", "looking for git-http-backend: %w", err)
	}
	return path, nil
}

// Handler serves the repositories below the root at their paths: /fleet.git.
func Handler(o Options) http.Handler {
	errors := o.Errors
	if errors == nil {
		errors = io.Discard
	}
	env := []string{"GIT_PROJECT_ROOT=" + o.Root, "GIT_HTTP_EXPORT_ALL=1"}
	backend := &cgi.Handler{
		Path: o.Backend, Dir: o.Root, Stderr: errors,
		Env: slices.Concat(env, o.settings(), o.Env),
	}
	return spooled(backend)
}

// settings are Git's configuration as environment: pushes need no name and no password.
func (o Options) settings() []string {
	pairs := [][2]string{{"http.receivepack", "true"}}
	if o.Hooks != "" {
		pairs = append(pairs, [2]string{"core.hooksPath", o.Hooks})
	}
	env := []string{fmt.Sprintf("GIT_CONFIG_COUNT=%d", len(pairs))}
	for i, p := range pairs {
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, p[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, p[1]))
	}
	return env
}

// Users of the GitLab that a lab may have: who sits before it, and sluice.
const (
	Person = "you"
	Bot    = "sluice"
)

// TokenFile is the name of the file with a user's token.
func TokenFile(user string) string { return "gitlab-" + user + ".token" }

// Service says what Serve serves.
type Service struct {
	// Root holds the bare repositories; Addr is a loopback address.
	Root, Addr string
	// Webhook hears of every push; empty for none. Program, which must call Hook
	// when it runs under the name HookName, is what tells it.
	Webhook, Program string
	// Beside returns what answers in place of the repositories' handler, which it
	// is given. Nil is that handler.
	Beside func(repositories http.Handler) (http.Handler, error)
}

// Serve serves repositories until the listener fails.
func Serve(s Service) error {
	backend, err := Backend()
	if err != nil {
		return err
	}
	o := Options{Root: s.Root, Backend: backend, Env: os.Environ(), Errors: os.Stderr}
	if s.Webhook != "" {
		o.Env = append(o.Env, WebhookEnv+"="+s.Webhook, BaseEnv+"=http://"+s.Addr)
		if o.Hooks, err = install(s.Program); err != nil {
			return err
		}
	}
	handler := Handler(o)
	if s.Beside != nil {
		if handler, err = s.Beside(handler); err != nil {
			return err
		}
	}
	listener, err := net.Listen("tcp4", s.Addr)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	server := http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(listener)
}

// install makes a folder beside the program in which it is the hook.
func install(program string) (string, error) {
	dir := filepath.Join(filepath.Dir(program), "hooks")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("installing the hook: %w", err)
	}
	if err := os.Symlink(program, filepath.Join(dir, HookName)); err != nil && !os.IsExist(err) {
		return "", fmt.Errorf("installing the hook: %w", err)
	}
	return dir, nil
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

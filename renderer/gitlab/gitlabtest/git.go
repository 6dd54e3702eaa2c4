package gitlabtest

import (
	"io"
	"net/http"
	"net/http/cgi"
	"path/filepath"
	"strings"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
)

// Git serves the bare repository in dir, which anybody may push to, for
// Options.Git.
func Git(dir string) (http.Handler, error) {
	path, err := gittest.TryGit("", nil, "--exec-path")
	if err != nil {
		return nil, err
	}
	backend := &cgi.Handler{Path: filepath.Join(strings.TrimSpace(path), "git-http-backend"), Stderr: io.Discard,
		Env: append(gittest.Env(), "GIT_PROJECT_ROOT="+dir, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=someone",
			"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=http.receivepack", "GIT_CONFIG_VALUE_0=true")}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, rest, _ := strings.Cut(r.URL.Path, ".git")
		at := r.Clone(r.Context())
		at.URL.Path = rest
		backend.ServeHTTP(w, at)
	}), nil
}

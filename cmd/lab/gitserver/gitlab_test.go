package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/cmd/lab/internal/githttp"
	"github.com/gatorcloud/sluice/renderer/git/gittest"
)

// One repository is a project of GitLab for whoever has a token, all others are Git's.
func TestGitLabBesideGit(t *testing.T) {
	root, tokens := t.TempDir(), t.TempDir()
	gittest.Git(t, root, "init", "-q", "--bare", "-b", "main", "demo.git")
	git := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "git has "+r.URL.Path) })
	handler, err := gitlab(root, "demo", tokens, git)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	for _, user := range []string{githttp.Person, githttp.Bot} {
		token, err := os.ReadFile(filepath.Join(tokens, githttp.TokenFile(user)))
		if err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]string{
			"/api/v4/user":                         `"username":"` + user + `"`,
			"/api/v4/projects/demo":                `"path_with_namespace":"demo"`,
			"/demo/-/merge_requests":               "There is none",
			"/demo.git/info/refs?service=x":        "git has /demo.git/info/refs",
			"/other.git/info/refs?service=x":       "git has /other.git/info/refs",
			"/api/v4/projects/other":               "404",
			"/api/v4/projects/demo/merge_requests": "[]",
		} {
			req, err := http.NewRequest(http.MethodGet, server.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Private-Token", strings.TrimSpace(string(token)))
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || !strings.Contains(string(body), want) {
				t.Errorf("%s answers %s (%v), want %s", path, body, err, want)
			}
		}
	}
}

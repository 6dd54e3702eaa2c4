package githttp_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/cmd/lab/internal/githttp"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

const zero = "0000000000000000000000000000000000000000"

func receiver(t *testing.T, status int) (url string, got *[]githttp.Push) {
	t.Helper()
	got = &[]githttp.Push{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var p githttp.Push
		if err := json.NewDecoder(r.Body).Decode(&p); err != nil || r.Header.Get("X-Gitlab-Event") != "Push Hook" {
			t.Errorf("the receiver got %v with header %q", err, r.Header.Get("X-Gitlab-Event"))
		}
		*got = append(*got, p)
		w.WriteHeader(status)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, got
}

func commit(t *testing.T, dir string, change func(file func(string) string)) string {
	t.Helper()
	change(func(name string) string { return filepath.Join(dir, name) })
	git(t, dir, "add", "--all")
	git(t, dir, "commit", "--quiet", "--message=c")
	return strings.TrimSpace(git(t, dir, "rev-parse", "HEAD"))
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Files are reported per commit, by what happened to them, whatever stands in their names.
func TestHookReportsFiles(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "init", "--quiet", "--initial-branch=main")
	const odd = "a \"b\"\tc"
	first := commit(t, dir, func(f func(string) string) { write(t, f("one"), "1"); write(t, f(odd), "1") })
	second := commit(t, dir, func(f func(string) string) {
		write(t, f("one"), "2")
		write(t, f("two"), "1")
		if err := os.Remove(f(odd)); err != nil {
			t.Fatal(err)
		}
	})
	url, got := receiver(t, http.StatusOK)
	input := fmt.Sprintf("%s %s refs/heads/main\n%s %s refs/heads/new\n%s %s refs/tags/v1\n%s %s refs/heads/gone\n",
		first, second, zero, first, zero, first, first, zero)
	if err := githttp.Hook(t.Context(), filepath.Join(dir, ".git"), strings.NewReader(input), url, "http://git"); err != nil {
		t.Fatal(err)
	}
	project := githttp.Project{WebURL: "http://git/", HTTPURL: "http://git/.git", DefaultBranch: "main"}
	want := []githttp.Push{
		{Kind: "push", Before: first, After: second, Ref: "refs/heads/main", Project: project, Total: 1,
			Commits: []githttp.Commit{{ID: second, Added: []string{"two"}, Modified: []string{"one"}, Removed: []string{odd}}}},
		{Kind: "push", Before: zero, After: first, Ref: "refs/heads/new", Project: project, Total: 1,
			Commits: []githttp.Commit{{ID: first, Added: []string{odd, "one"}}}},
	}
	if diff := cmp.Diff(want, *got); diff != "" {
		t.Errorf("Hook() reported -want +got:\n%s", diff)
	}
}

// Like GitLab, an event names the newest 20 commits only, and the number of all.
func TestHookCutsCommits(t *testing.T) {
	short.Skip(t, "pushes many commits")
	dir := t.TempDir()
	git(t, dir, "init", "--quiet", "--initial-branch=main")
	var ids []string
	for i := range 22 {
		ids = append(ids, commit(t, dir, func(f func(string) string) { write(t, f("n"), fmt.Sprint(i)) }))
	}
	url, got := receiver(t, http.StatusOK)
	input := fmt.Sprintf("%s %s refs/heads/main\n", ids[0], ids[21])
	if err := githttp.Hook(t.Context(), filepath.Join(dir, ".git"), strings.NewReader(input), url, "http://git"); err != nil {
		t.Fatal(err)
	}
	event := (*got)[0]
	if event.Total != 21 || len(event.Commits) != 20 || event.Commits[0].ID != ids[21] || event.Commits[19].ID != ids[2] {
		t.Errorf("Hook() reported %d of %d commits from %s, want the newest 20 of 21", len(event.Commits), event.Total, event.Commits[0].ID)
	}
}

func TestHookTellsRefusal(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "init", "--quiet", "--initial-branch=main")
	id := commit(t, dir, func(f func(string) string) { write(t, f("n"), "1") })
	url, _ := receiver(t, http.StatusBadRequest)
	err := githttp.Hook(t.Context(), filepath.Join(dir, ".git"), strings.NewReader(zero+" "+id+" refs/heads/main\n"), url, "http://git")
	if err == nil {
		t.Error("Hook() with a receiver that refuses = nil, want an error")
	}
}

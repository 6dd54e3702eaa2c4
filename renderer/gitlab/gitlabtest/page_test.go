package gitlabtest_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/gitlab/gitlabtest"
)

// A browser shows what is asked for, and its buttons merge and revert for real.
func TestPages(t *testing.T) {
	fake, server, _ := serve(t, gitlabtest.Options{Path: "/below", Person: "ann"})
	list := server.URL + "/below/clouds/fleet/-/merge_requests"
	fake.Open("bob", "An <b>edit</b>", "edit")
	fake.Comment(1, "bob", "<script>look</script>")
	ask := func(method, path, site string) (int, string) {
		t.Helper()
		req, err := http.NewRequest(method, list+path, strings.NewReader(url.Values{}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Sec-Fetch-Site", site)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(text)
	}
	for _, step := range []struct {
		reason, method, path, site string
		code                       int
		has, lacks                 string
	}{
		{"all are listed", http.MethodGet, "", "none", 200, "!1 An &lt;b&gt;edit&lt;/b&gt;", "<b>"},
		{"one has its notes", http.MethodGet, "/1", "none", 200, "&lt;script&gt;look", "<script"},
		{"a strange page presses nothing", http.MethodPost, "/1/merge", "cross-site", 403, "", "merged"},
		{"what is open has nothing to revert", http.MethodPost, "/1/revert", "same-origin", 409, "not merged", ""},
		{"there is no such button", http.MethodPost, "/1/approve", "same-origin", 404, "", ""},
		{"there is no such one", http.MethodGet, "/7", "none", 404, "", ""},
		{"merged, it can be reverted", http.MethodPost, "/1/merge", "same-origin", 200, "merged: edit into main", "merge</button>"},
		{"it merges once", http.MethodPost, "/1/merge", "same-origin", 409, "not open", ""},
		{"the revert is one of its own", http.MethodPost, "/1/revert", "same-origin", 200, "opened: revert-", ""},
		{"and merges", http.MethodPost, "/2/merge", "same-origin", 200, "merged: revert-", ""},
	} {
		code, text := ask(step.method, step.path, step.site)
		if code != step.code || !strings.Contains(text, step.has) || step.lacks != "" && strings.Contains(text, step.lacks) {
			t.Errorf("%s: %s %s = %d %s", step.reason, step.method, step.path, code, text)
		}
	}
	all := fake.MergeRequests()
	if len(all) != 2 || all[0].State != "merged" || all[1].State != "merged" {
		t.Errorf("there are %+v", all)
	}
}

// Without a person nobody reads and presses.
func TestNoPages(t *testing.T) {
	_, server, _ := serve(t, gitlabtest.Options{})
	resp, err := http.Get(server.URL + "/clouds/fleet/-/merge_requests")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("the pages answer %s", resp.Status)
	}
}

package gitlabtest_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/gitlab/gitlabtest"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// serve returns a GitLab with a branch, its address and a token.
func serve(t *testing.T, o gitlabtest.Options) (fake *gitlabtest.Server, server *httptest.Server, token string) {
	t.Helper()
	repo := gittest.New(t)
	repo.Write("README.md", "one\n")
	repo.Git("branch", "edit")
	repo.Git("branch", "other")
	stream := "commit refs/heads/edit\ncommitter someone <someone@example.com> 1700000000 +0000\ndata 4\nedit\nfrom refs/heads/edit^0\nM 100644 inline README.md\ndata 4\ntwo\n\n"
	if _, err := gittest.TryGit(repo.Dir, []byte(stream), "fast-import", "--quiet"); err != nil {
		t.Fatal(err)
	}
	o.Dir, o.Project = repo.Dir, "clouds/fleet"
	fake = gitlabtest.New(o)
	server = httptest.NewServer(fake)
	t.Cleanup(server.Close)
	return fake, server, fake.User("ann")
}

// The answers have the fields of GitLab's own: those of the examples that its
// client brings with its tests, which its maintainers recorded.
func TestAnswersHaveGitLabsForm(t *testing.T) {
	fake, server, token := serve(t, gitlabtest.Options{})
	hooked := make(chan any, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { hooked <- decode(t, r.Body) }))
	defer receiver.Close()
	fake.Hook(receiver.URL, "secret")
	fake.Open("bob", "An edit", "edit")
	if err := fake.Pipeline(1, "success"); err != nil {
		t.Fatal(err)
	}
	<-hooked
	get := func(path string) any {
		req, err := http.NewRequest(http.MethodGet, server.URL+"/api/v4"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Private-Token", token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return decode(t, resp.Body)
	}
	one := get("/projects/1/merge_requests/1")
	many := get("/projects/clouds%2Ffleet/merge_requests")
	diffs := get("/projects/1/merge_requests/1/diffs")
	user := get("/user")
	if err := fake.Merge(1, "ann"); err != nil {
		t.Fatal(err)
	}
	events := map[string]any{}
	for range 2 {
		event := <-hooked
		events[fmt.Sprint(event.(map[string]any)["object_kind"])] = event
	}
	for name, tc := range map[string]struct {
		file string
		got  any
		// newer are fields that GitLab has had since the example was recorded, by its REST documentation.
		newer []string
	}{
		"MergeRequest":  {"get_merge_request.json", one, []string{".draft", ".diff_refs", ".head_pipeline.project_id", ".head_pipeline.source"}},
		"MergeRequests": {"get_merge_requests.json", many, []string{"[].draft", "[].detailed_merge_status"}},
		"Diffs":         {"list_merge_request_diff.json", diffs, []string{"[].generated_file", "[].collapsed", "[].too_large"}},
		"User":          {"get_user.json", user, []string{".email", ".bot"}},
		"Push":          {"webhooks/push.json", events["push"], nil},
		"Merged":        {"webhooks/merge_request.json", events["merge_request"], nil},
	} {
		t.Run(name, func(t *testing.T) {
			example, err := os.Open(filepath.Join(client(t), "testdata", tc.file))
			if err != nil {
				t.Fatal(err)
			}
			defer example.Close()
			for _, m := range misfits("", tc.got, decode(t, example)) {
				if !slices.Contains(tc.newer, strings.Fields(m)[0]) {
					t.Error(m)
				}
			}
		})
	}
}

// client returns the folder of GitLab's own client.
func client(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "gitlab.com/gitlab-org/api/client-go/v2").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func decode(t *testing.T, r io.Reader) (v any) {
	t.Helper()
	if err := json.NewDecoder(r).Decode(&v); err != nil {
		t.Error(err)
	}
	return v
}

// misfits returns the fields of got that an example lacks or has in another form.
func misfits(at string, got, example any) []string {
	if got == nil || example == nil {
		return nil
	}
	switch got := got.(type) {
	case map[string]any:
		fields, ok := example.(map[string]any)
		if !ok {
			break
		}
		var all []string
		for name, v := range got {
			like, ok := fields[name]
			if !ok {
				all = append(all, at+"."+name+" is no field of GitLab's")
			}
			all = append(all, misfits(at+"."+name, v, like)...)
		}
		return all
	case []any:
		list, ok := example.([]any)
		if !ok {
			break
		}
		if len(got) == 0 || len(list) == 0 {
			return nil
		}
		return misfits(at+"[]", got[0], list[0])
	default:
		if fmt.Sprintf("%T", got) == fmt.Sprintf("%T", example) {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s is %T, in GitLab %T", at, got, example)}
}

// python is Debian's: python3-gitlab is for it.
const python = "/usr/bin/python3"

// A client that is not ours, python3-gitlab, finds in the server what it knows
// of GitLab.
func TestPythonClient(t *testing.T) {
	short.Skip(t, "runs python")
	if err := exec.Command(python, "-c", "import gitlab").Run(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("python3-gitlab is missing: %v", err)
		}
		t.Skip("needs python3-gitlab: sudo apt-get install -y python3-gitlab")
	}
	fake, server, token := serve(t, gitlabtest.Options{Path: "/below/a/path", Checks: 1, NeedPipeline: true, MaxNote: 1000})
	for i := range 250 {
		fake.Open("bob", fmt.Sprint("Something else ", i), "other")
	}
	old := fake.User("old")
	fake.Turn(old, gitlabtest.Expired)
	readonly := fake.User("readonly")
	fake.Turn(readonly, gitlabtest.ReadAPI)
	fake.Hook("http://127.0.0.1:1", "nobody listens")
	cmd := exec.Command(python, "testdata/judge.py", server.URL+"/below/a/path", token, old, readonly)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// It says what it waits for, and goes on when that is there.
	var said []string
	for line := range lines(out) {
		said = append(said, line)
		var number int64
		var status string
		if n, _ := fmt.Sscanf(line, "pipeline %d %s", &number, &status); n == 2 {
			if err := fake.Pipeline(number, status); err != nil {
				t.Error(err)
			}
			fmt.Fprintln(pipe, "go on")
		}
	}
	if err := cmd.Wait(); err != nil || len(said) == 0 || said[len(said)-1] != "all is well" {
		t.Errorf("judge.py: %v after %q", err, said)
	}
}

// lines returns what a program says, line by line.
func lines(r io.Reader) iter.Seq[string] {
	return func(yield func(string) bool) {
		for s := bufio.NewScanner(r); s.Scan(); {
			if !yield(s.Text()) {
				return
			}
		}
	}
}

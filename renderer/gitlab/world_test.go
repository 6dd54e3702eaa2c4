package gitlab_test

import (
	"context"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/gitlab"
	"github.com/gatorcloud/sluice/renderer/gitlab/gitlabtest"
)

// world is a GitLab with a fleet repository and a user of ours.
type world struct {
	t      testing.TB
	repo   *gittest.Repo
	fake   *gitlabtest.Server
	server *httptest.Server
	token  string
}

const fleetFile = "environments/local/fleet.yaml"

func newWorld(t testing.TB, o gitlabtest.Options) *world {
	t.Helper()
	w := &world{t: t, repo: gittest.New(t)}
	w.repo.Write(fleetFile, "rings: []\n")
	w.anew(o)
	t.Cleanup(func() { w.server.Close() })
	return w
}

// anew makes a GitLab without merge requests over the same repository.
func (w *world) anew(o gitlabtest.Options) {
	o.Dir, o.Project = w.repo.Dir, "clouds/fleet"
	w.fake = gitlabtest.New(o)
	w.server = httptest.NewServer(w.fake)
	w.token = w.fake.User("sluice-bot")
}

// open returns a project as a new process would.
func (w *world) open() *gitlab.Project {
	w.t.Helper()
	p, err := gitlab.Open(gitlab.Options{URL: w.server.URL, Project: "clouds/fleet", Timeout: 20 * time.Second, Pause: time.Millisecond,
		Token: func() (string, error) { return w.token, nil }})
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// push makes a branch of one commit on main with files; an empty text removes one.
func (w *world) push(branch string, files map[string]string) {
	w.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "commit refs/heads/%s\ncommitter someone <someone@example.com> 1700000000 +0000\ndata 4\nbump\nfrom refs/heads/main\n", branch)
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if files[path] == "" {
			fmt.Fprintf(&b, "D %s\n", path)
			continue
		}
		fmt.Fprintf(&b, "M 100644 inline %s\ndata %d\n%s\n", path, len(files[path]), files[path])
	}
	if _, err := gittest.TryGit(w.repo.Dir, []byte(b.String()), "fast-import", "--quiet", "--force"); err != nil {
		w.t.Fatal(err)
	}
}

// pipeline says how the pipeline of a merge request is.
func (w *world) pipeline(number int64, status string) {
	w.t.Helper()
	if err := w.fake.Pipeline(number, status); err != nil {
		w.t.Fatal(err)
	}
}

// bump is the proposal of a product's version, whose branch it pushes.
func (w *world) bump(product, version string) gitlab.Proposal {
	w.t.Helper()
	branch := "sluice/bump/local/" + product + "-" + version
	w.push(branch, map[string]string{fleetFile: "rings: [" + product + version + "]\n"})
	return proposal(product, version)
}

func proposal(product, version string) gitlab.Proposal {
	return gitlab.Proposal{Branch: "sluice/bump/local/" + product + "-" + version, Target: "main", Title: "Bump " + product + " to " + version + " in local",
		Description: "the plan", Labels: []string{"sluice", "bump"}, Subjects: []string{"local/" + product}}
}

// plans is a Planner that shows what it was given.
type plans struct {
	base  string
	made  int
	text  string
	fault error
	last  gitlab.Change
}

var _ gitlab.Planner = (*plans)(nil)

func (p *plans) Base(context.Context) (string, error) { return p.base, nil }

func (p *plans) Plan(_ context.Context, base string, c gitlab.Change) (string, error) {
	p.made++
	p.last = c
	if p.fault != nil {
		return "", p.fault
	}
	if p.text != "" {
		return p.text, nil
	}
	return fmt.Sprintf("plan of %.8s on %s", c.Head, base), nil
}

// notes returns what keeps notes, as a new process would.
func (w *world) notes(p gitlab.Planner) *gitlab.Notes {
	return gitlab.NewNotes(gitlab.NotesOptions{Project: w.open(), Branch: "main", Plan: p})
}

// ours returns the notes of our user.
func ours(m gitlabtest.MergeRequest) []string {
	var all []string
	for _, n := range m.Notes {
		if n.By == "sluice-bot" {
			all = append(all, n.Body)
		}
	}
	return all
}

package loop

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
)

// GitLab's webhook names at most 20 commits of a push and none if it touches
// more than 3 branches. A push of the loop is one commit on one branch, however
// long the server was away and whatever happened meanwhile.
func TestPushesStaySmall(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("pushes many times through a hook")
	}
	repo := gittest.New(t)
	s := newStandIn(t, repo.Dir)
	s.url = repo.HTTP("").URL
	told := filepath.Join(t.TempDir(), "pushes")
	repo.Hook("pre-receive", `refs=0; commits=0
while read old new ref; do
  refs=$((refs + 1))
  commits=$((commits + $(git rev-list --count "$new" --not --all)))
done
echo "$commits $refs" >> `+told)
	sell := func(i int) {
		s.sell(i%7, right{product: "swg", replicas: 1 + i, start: s.now.AddDate(-1, 0, 0)})
	}
	sell(0)
	r := s.replica(0, true)
	if err := s.settle(r); err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		sell(1 + i)
		r.fed()
		if i < 40 {
			r.git.next = "before" // the server is away
		}
		_, err := r.Step(context.Background(), s.now)
		if (err != nil) != (i < 40) {
			t.Fatalf("Step() %d = %v", i, err)
		}
		r.Refetch()
	}
	if d := s.differences(s.now); len(d) > 0 {
		t.Errorf("a render from nothing changes %q", d)
	}
	s.checkMarks(t.Errorf)
	// A push that is larger, so that the counting is known to count.
	clone := t.TempDir()
	gittest.Git(t, "", "clone", "-q", s.url, clone)
	for range 3 {
		gittest.Git(t, clone, "commit", "-q", "--allow-empty", "-m", "x")
	}
	gittest.Git(t, clone, "push", "-q", "origin", "HEAD:refs/heads/main", "HEAD~1:refs/heads/other")

	data, err := os.ReadFile(told)
	if err != nil {
		t.Fatal(err)
	}
	pushes := strings.Split(strings.ReplaceAll(strings.TrimSpace(string(data)), " ", "/"), "\n")
	last := len(pushes) - 1
	if pushes[last] != "5/2" { // two of the three commits are on both
		t.Errorf("the large push has %s commits/references, want 5/2", pushes[last])
	}
	pushes = pushes[:last]
	for i, p := range pushes {
		if p != "1/1" {
			t.Errorf("push %d has %s commits/references, want 1/1; at most 20/3 are heard of", i, p)
		}
	}
	if len(pushes) != 21 {
		t.Errorf("%d pushes, want the first and 20 after the server came back", len(pushes))
	}
}

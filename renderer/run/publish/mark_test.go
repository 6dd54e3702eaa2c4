package publish

import (
	"context"
	"errors"
	"testing"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

var local, other = ident.Must[ident.EnvironmentKind]("local"), ident.Must[ident.EnvironmentKind]("other")

// of returns a head whose commit rendered env with a mark.
func of(env ident.Environment, m Mark) git.Head {
	text := "render\n\n"
	for _, t := range (Commit{Environment: env, Mark: m}).Message().Trailers {
		text += t.Key + ": " + t.Value + "\n"
	}
	return git.Head{Message: text}
}

// A mark is read back as it was written, by its own environment alone.
func TestMarkOf(t *testing.T) {
	full := Mark{Cluster: 7, From: 3, Revision: 9, Fence: 5}
	for name, tc := range map[string]struct {
		reason string
		head   git.Head
		want   Mark
		ours   bool
	}{
		"Ours":          {"all of it", of(local, full), full, true},
		"NoFence":       {"rendered without an election", of(local, Mark{Cluster: 7, From: 3, Revision: 9}), Mark{Cluster: 7, From: 3, Revision: 9}, true},
		"Others":        {"another environment's revisions say nothing of ours", of(other, full), Mark{}, false},
		"FromGit":       {"rendered from Git's own facts: no revision", of(local, Mark{}), Mark{}, false},
		"People":        {"no trailers at all", git.Head{Message: "by hand\n"}, Mark{}, false},
		"NoEnvironment": {"trailers of somebody else", git.Head{Message: "x\n\nEtcd-Revision: 9\n"}, Mark{}, false},
		"NoCluster":     {"older renderers did not say", git.Head{Message: "x\n\nSluice-Environment: local\nEtcd-Revision: 9\n"}, Mark{Revision: 9}, true},
		"Negative":      {"no revision of etcd", git.Head{Message: "x\n\nSluice-Environment: local\nEtcd-Revision: -9\n"}, Mark{}, false},
		"Words":         {"what is no number counts as unsaid", git.Head{Message: "x\n\nSluice-Environment: local\nEtcd-Revision: 9\nSluice-Fence: high\nEtcd-Cluster: ours\n"}, Mark{Revision: 9}, true},
	} {
		if got, ours := MarkOf(tc.head, local); got != tc.want || ours != tc.ours {
			t.Errorf("%s: MarkOf() = %+v, %t, want %+v, %t: %s", name, got, ours, tc.want, tc.ours, tc.reason)
		}
	}
}

// What may follow a commit, and what the next commit says then.
func TestMarkAllows(t *testing.T) {
	last := Mark{Cluster: 7, From: 3, Revision: 9, Fence: 5}
	for name, tc := range map[string]struct {
		reason   string
		last     Mark
		cluster  uint64
		revision int64
		fence    int64
		want     error
		next     Mark
	}{
		"First":          {"nothing was rendered", Mark{}, 7, 9, 5, nil, Mark{7, 1, 9, 5}},
		"Later":          {"the usual case", last, 7, 12, 5, nil, Mark{7, 10, 12, 5}},
		"Same":           {"time alone changed something: an empty range", last, 7, 9, 5, nil, Mark{7, 10, 9, 5}},
		"NextLeader":     {"a higher fence", last, 7, 12, 8, nil, Mark{7, 10, 12, 8}},
		"Behind":         {"a copy that is not as far", last, 7, 8, 5, ErrBehind, Mark{}},
		"Fenced":         {"a later leader has pushed", last, 7, 12, 4, ErrFenced, Mark{}},
		"NoElection":     {"whoever has no fence lets no earlier leader pass", last, 7, 12, 0, nil, Mark{7, 10, 12, 5}},
		"Rebuilt":        {"revisions and fences of another etcd count from the beginning", last, 8, 2, 1, nil, Mark{8, 1, 2, 1}},
		"UnnamedBehind":  {"a mark without a cluster is of the one there was", Mark{Revision: 9}, 7, 8, 0, ErrBehind, Mark{}},
		"UnnamedFollows": {"and is followed", Mark{Revision: 9}, 7, 12, 5, nil, Mark{7, 10, 12, 5}},
	} {
		err := tc.last.Allows(tc.cluster, tc.revision, tc.fence)
		if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
			t.Errorf("%s: Allows() = %v, want %v: %s", name, err, tc.want, tc.reason)
		}
		if got := tc.last.Next(tc.cluster, tc.revision, tc.fence); tc.want == nil && got != tc.next {
			t.Errorf("%s: Next() = %+v, want %+v: %s", name, got, tc.next, tc.reason)
		}
	}
}

// merged is a history whose commits are on lines of their own.
type merged []git.Head

// Nearest returns the first match of each line of the history.
func (b merged) Nearest(_ context.Context, _ git.Head, match func(git.Head) bool) (found []git.Head, err error) {
	for _, h := range b {
		if match(h) {
			found = append(found, h)
		}
	}
	return found, nil
}

// Of several commits that merged histories lead to, the latest counts.
func TestLast(t *testing.T) {
	early, late := Mark{7, 1, 9, 5}, Mark{7, 10, 12, 5}
	for name, tc := range map[string]struct {
		reason  string
		history merged
		want    Mark
	}{
		"None":       {"people's commits alone", merged{{Message: "x\n"}}, Mark{}},
		"Others":     {"another environment's commit is not ours", merged{of(other, late), of(local, early)}, early},
		"LateFirst":  {"the later revision", merged{of(local, late), of(local, early)}, late},
		"LateSecond": {"in whichever order", merged{of(local, early), of(local, late)}, late},
		"Fence":      {"a later leader of a rebuilt etcd counts, though its revisions are lower", merged{of(local, late), of(local, Mark{8, 1, 2, 6})}, Mark{8, 1, 2, 6}},
		"Rebuilt":    {"revisions of two clusters are not compared", merged{of(local, Mark{8, 1, 2, 6}), of(local, late)}, Mark{8, 1, 2, 6}},
	} {
		if got, err := Last(t.Context(), tc.history, git.Head{}, local); err != nil || got != tc.want {
			t.Errorf("%s: Last() = %+v, %v, want %+v: %s", name, got, err, tc.want, tc.reason)
		}
	}
}

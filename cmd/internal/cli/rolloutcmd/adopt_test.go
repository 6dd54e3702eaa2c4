package rolloutcmd_test

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/short"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/rollout"
	"github.com/gatorcloud/sluice/renderer/run/publish"
	"github.com/google/go-cmp/cmp"
)

// argo is an Argo CD that shows Applications by name, as JSON, at each level.
type argo struct {
	fleet
	apps  map[string]map[string]string // by level and name
	looks func()                       // before each list
	said  map[string]map[string]string
	deny  error
}

func (a *argo) Each(_ context.Context, selector string, see func([]byte)) error {
	if a.looks != nil {
		a.looks()
	}
	for level, apps := range a.apps {
		if !strings.Contains(selector, manifest.LabelLevel+"="+level) {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(apps)) {
			see([]byte(apps[name]))
		}
	}
	return a.deny
}

func (a *argo) Refresh(context.Context, string) error { return a.deny }

func (a *argo) Annotate(_ context.Context, name string, annotations map[string]string, dry bool) error {
	if a.deny == nil && !dry {
		a.said[name] = annotations
	}
	return a.deny
}

// put puts an Application that hands down, or runs, versions.
func (a *argo) put(level, name, tenant, annotations, versions string) {
	if a.apps[level] == nil {
		a.apps[level] = map[string]string{}
	}
	a.apps[level][name] = fmt.Sprintf(`{"metadata": {"name": %q, "labels": {"gatorcloud.io/tenant": %q}, "annotations": {%s}},
		"spec": {"source": {"plugin": {"parameters": [{"name": "versions", "map": {%s}}]}}}}`, name, tenant, annotations, versions)
}

// firstRound is the fleet in the middle of a rollout of swg 202 as the first
// edition has it: the rings in Git grant what is wanted, and inside a waiting
// operation main still runs 200, but for one tenant whom somebody synced.
func firstRound(t *testing.T) origin {
	t.Helper()
	o := newOrigin(t, rollout.Rollouts{})
	o.write(renderAll)
	o.write(func(_ context.Context, _ fs.FS, sink tree.Sink) (publish.Commit, error) {
		return publish.Commit{Environment: local, What: "as the first edition"}, sink.Put("environments/local/rollouts.yaml", nil)
	})
	o.argo = &argo{apps: map[string]map[string]string{}, said: map[string]map[string]string{}, fleet: fleet{app: unblock.Application{
		Name: "local", Level: "fleet", Source: "1", Syncing: "1", Compared: "1", Revision: "c1", Operated: "c1", Synced: true, Phase: "Running"}}}
	for i := range 9 {
		id, runs := fmt.Sprint(1000001+i), "200"
		if id == "1000009" || id == "1000004" {
			runs = "202"
		}
		o.argo.put("product", "local-"+id+"-swg", id, "", fmt.Sprintf(`"swg": %q`, runs))
		o.argo.put("product", "local-"+id+"-dsa", id, "", `"dsa": "31"`)
	}
	return o
}

// renderAll renders what Git says.
func renderAll(ctx context.Context, files fs.FS, sink tree.Sink) (publish.Commit, error) {
	s, err := shared().Render(ctx, files, local, sink, pipeline.Options{})
	return publish.Of(s, "test"), err
}

// write commits as sluice does.
func (o origin) write(fill publish.Fill) {
	o.t.Helper()
	place, err := publish.Open(o.t.Context(), o.repo.Dir, o.options())
	if err != nil {
		o.t.Fatal(err)
	}
	defer place.Close()
	if _, err := place.Write(o.t.Context(), fill); err != nil {
		o.t.Fatal(err)
	}
}

func (o origin) rollouts() rollout.Rollouts {
	o.t.Helper()
	r, err := rollout.Decode([]byte(o.repo.Git("show", "main:environments/local/rollouts.yaml") + "\n"))
	if err != nil {
		o.t.Fatal(err)
	}
	return r
}

// A fleet that waits inside an operation moves over: the operation ends, rings
// keep what they run, and nobody is moved by it.
func TestAdoptMigrates(t *testing.T) {
	short.Skip(t, "renders the example again and again")
	t.Parallel()
	o := firstRound(t)
	before := o.repo.Tip()
	if out, err := o.run("adopt", "--kubeconfig=x", "--dry-run", "-o=name"); err != nil || !strings.Contains(out, "swg/main\n") || o.repo.Tip() != before || o.argo.fleet.app.Phase != "Running" {
		t.Fatalf("adopt --dry-run = %q, %v, want no commit and no operation that ended", out, err)
	}
	if _, err := o.run("adopt", "--kubeconfig=x", "--yes"); err != nil {
		t.Fatal(err)
	}
	if o.argo.fleet.app.Phase == "Running" {
		t.Error("adopt left the fleet's operation waiting: it would let the next ring through")
	}
	lane := o.rollouts().Lanes[rollout.Key{Ring: main, Product: swg}]
	want := rollout.Lane{At: at("200"), Stragglers: map[ident.Tenant]ident.Version{ident.Must[ident.TenantKind]("1000004"): versions("202")[0]}}
	if d := cmp.Diff(want.At, lane.At, cmp.Comparer(func(a, b ident.Version) bool { return a == b })); d != "" || !maps.Equal(want.Stragglers, lane.Stragglers) || slices.Contains(lane.Good, versions("202")[0]) {
		t.Errorf("main is adopted as %+v, want %+v", lane, want)
	}
	if canary := o.rollouts().Lanes[rollout.Key{Ring: canary, Product: swg}]; slices.Contains(canary.Good, versions("202")[0]) {
		t.Errorf("canary is adopted as %+v, want 202 to be proven first", canary)
	}
	if app := o.repo.Git("show", "main:environments/local/fleet/rings/main.yaml"); !strings.Contains(app, `swg: "200"`) {
		t.Errorf("ring main is rendered as\n%s\nwant it to be granted swg 200", app)
	}
	if m := o.repo.Git("show", "main:environments/local/rings/main/1000004.yaml"); !strings.Contains(m, `"202"`) {
		t.Errorf("the tenant ahead is rendered as\n%s\nwant it to keep 202", m)
	}
}

// What people say of a fleet at rest is believed: it is their word.
func TestAdoptFromGit(t *testing.T) {
	short.Skip(t, "renders the example again and again")
	t.Parallel()
	o := firstRound(t)
	if _, err := o.run("adopt", "--from-git", "--yes"); err != nil {
		t.Fatal(err)
	}
	lane := o.rollouts().Lanes[rollout.Key{Ring: main, Product: swg}]
	if len(lane.At) != 1 || lane.At[0].Version != versions("202")[0] || len(lane.Stragglers) > 0 {
		t.Errorf("main is adopted as %+v, want what its ring in Git is granted, 202", lane)
	}
}

// An edited, lost or conflicted file comes back as sluice wrote it.
func TestAdoptHistory(t *testing.T) {
	short.Skip(t, "renders the example again and again")
	t.Parallel()
	o := newOrigin(t, underWay())
	o.write(renderAll)
	want := o.repo.Git("show", "main:environments/local/rollouts.yaml")
	if _, err := o.run("adopt"); err == nil || !strings.Contains(err.Error(), "nothing to adopt") || fault.HintOf(err) == "" {
		t.Errorf("adopt of a healthy file = %v, want that there is nothing to do", err)
	}
	o.repo.Write("README.md", "somebody else's")
	o.repo.Write("environments/local/rollouts.yaml", strings.ReplaceAll(want, "200", "202"))
	if _, err := o.run("status"); err == nil {
		t.Fatal("status reads an edited file")
	}
	if _, err := o.run("adopt", "--yes"); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, o.repo.Git("show", "main:environments/local/rollouts.yaml")); d != "" {
		t.Errorf("adopted (-want +got):\n%s", d)
	}
}

func TestAdoptRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		reason, want string
		args         []string
		edit         func(*argo)
	}{
		"Silent":  {"the wrong cluster would let all through", "dsa/main", []string{"--kubeconfig=x"}, func(a *argo) { a.apps = nil }},
		"OneRing": {"so would one ring's silence", "swg/canary", []string{"--context=x"}, func(a *argo) { delete(a.apps["product"], "local-1000009-swg") }},
		"Odd":     {"who cannot be read runs something", "local-1000002-swg", []string{"--kubeconfig=x"}, func(a *argo) { a.put("product", "local-1000002-swg", "1000002", "", "") }},
		"Cut":     {"half a list is none", "cut", []string{"--kubeconfig=x"}, func(a *argo) { a.deny = fault.Hintf("h", "cut") }},
		"Both":    {"two sources", "--from-git", []string{"--kubeconfig=x", "--from-git"}, func(*argo) {}},
		"History": {"sluice never wrote one", "rollouts.yaml of commit", nil, func(*argo) {}},
	} {
		t.Run(name, func(t *testing.T) {
			o := firstRound(t)
			tc.edit(o.argo)
			before := o.repo.Tip()
			if out, err := o.run(append([]string{"adopt", "--yes"}, tc.args...)...); err == nil || !strings.Contains(err.Error(), tc.want) || fault.HintOf(err) == "" || o.repo.Tip() != before {
				t.Errorf("adopt = %q, %v, want an error with %s, a hint and no commit: %s", out, err, tc.want, tc.reason)
			}
		})
	}
}

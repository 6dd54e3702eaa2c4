//go:build e2e

package e2e

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
	"github.com/gatorcloud/sluice/cmd/lab/internal/lab"
	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// patience is how long a scenario waits for the cluster. It is long because
// the machine may be busy: what a scenario proves is the order, not the speed.
const patience = 8 * time.Minute

// ring is one ring of fleet.yaml.
type ring struct {
	Name     string            `json:"name"`
	Tenants  []string          `json:"tenants,omitempty"`
	Soak     int               `json:"soakSeconds,omitempty"`
	Versions map[string]string `json:"versions"`
	Steps    []int             `json:"steps,omitempty"`
	StepSoak int               `json:"stepSoakSeconds,omitempty"`
	Parallel int               `json:"parallel,omitempty"`
	// OnFailure is rollback, or empty for halt.
	OnFailure string `json:"onFailure,omitempty"`
}

// fleet is three rings of two tenants, the last of which takes the rest.
func fleet(soak int) []ring {
	grant := func() map[string]string { return map[string]string{"web": "1", "mail": "1"} }
	return []ring{
		{Name: "canary", Tenants: []string{"1001", "1002"}, Soak: soak, Versions: grant()},
		{Name: "early", Tenants: []string{"1003", "1004"}, Soak: soak, Versions: grant()},
		{Name: "main", Versions: grant()},
	}
}

// selling returns rings that want version 1 of the products, and of no other.
func selling(rings []ring, products ...string) []ring {
	for i := range rings {
		rings[i].Versions = map[string]string{}
		for _, p := range products {
			rings[i].Versions[p] = "1"
		}
	}
	return rings
}

// hold is an entry of holds in fleet.yaml.
func hold(ring, product, version string) map[string]any {
	return map[string]any{"ring": ring, "product": product, "version": version, "reason": "the scenario"}
}

// members are the tenants of each ring of fleet.
var members = [][]string{{"1001", "1002"}, {"1003", "1004"}, {"1005", "1006"}}

// site is one environment with a repository, records in etcd and a timeline of its own.
type site struct {
	*rig
	t    *testing.T
	name string
	work string
	log  *timeline.Log
	// now is the moment of renders; empty is the clock.
	now   string
	rings []ring
	// beside is what fleet.yaml says beside the rings.
	beside map[string]any
	// watching says that `sluice run` renders the environment.
	watching bool
	// flags are what `sluice run` is given beside.
	flags []string
	// shown is the address of the page, once it is served.
	shown string
}

// site makes an environment with its repository and records what happens to it.
func (r *rig) site(t *testing.T, name string, rings []ring) *site {
	t.Helper()
	return r.sitePlugged(t, name, rings, "sluice")
}

// sitePlugged is site with another plugin.
func (r *rig) sitePlugged(t *testing.T, name string, rings []ring, plugin string) *site {
	t.Helper()
	return r.siteOf(t, name, rings, func(s *site) {
		if err := os.CopyFS(filepath.Join(s.work, "catalog"), os.DirFS("testdata/catalog")); err != nil {
			t.Fatal(err)
		}
		s.writeEnvironment(plugin)
	})
}

// siteOf is site with a catalog and an environment that begin writes.
func (r *rig) siteOf(t *testing.T, name string, rings []ring, begin func(s *site)) *site {
	t.Helper()
	s := &site{rig: r, t: t, name: name + r.suffix, work: t.TempDir(), rings: rings, log: timeline.New(), beside: map[string]any{}}
	if err := r.lab.MakeRepository(t.Context(), s.name); err != nil {
		t.Fatal(err)
	}
	s.record()
	s.git("clone", "--quiet", r.lab.RepositoryURL(s.name), ".")
	s.git("checkout", "--quiet", "-B", "main")
	begin(s)
	s.writeFleet()
	s.commit("catalog and environment")
	t.Cleanup(s.clean)
	return s
}

// writeEnvironment writes environment.yaml.
func (s *site) writeEnvironment(plugin string) {
	s.t.Helper()
	s.write("environment.yaml", map[string]any{
		"apiVersion": "sluice.gatorcloud.io/v1", "kind": "Environment", "name": s.name, "popId": "1", "popCode": "lab",
		"destination": map[string]any{"server": "https://kubernetes.default.svc"},
		"repoURL":     s.lab.RepositoryURL(s.name), "domain": "lab.example.org", "namespacePrefix": s.name + "-",
		"etcd":   map[string]any{"prefix": "/" + s.name},
		"argocd": map[string]any{"plugin": plugin},
		"life":   map[string]any{"suspendDays": 2, "graceDays": 2, "releaseHours": 1},
	})
}

// record follows the objects of the environment; on failure the timeline is printed.
func (s *site) record() {
	ctx, cancel := context.WithCancel(context.Background())
	recorder := timeline.Recorder{Source: s.client, Log: s.log, Now: time.Now, Ignore: s.foreign}
	for _, kind := range append(timeline.Kinds(), kube.Ref{APIVersion: "v1", Kind: "ConfigMap"}, kube.Ref{APIVersion: "v1", Kind: "Namespace"}) {
		go recorder.Record(ctx, kind)
	}
	s.t.Cleanup(func() {
		cancel()
		if s.t.Failed() {
			_ = s.log.Events().Text(s.t.Output())
		}
		s.draw()
	})
}

// foreign tells objects of other environments.
func (s *site) foreign(o timeline.Object) bool {
	name := o.Namespace
	if o.Kind == "Application" || o.Kind == "Namespace" {
		name = o.Name
	}
	return name != s.name && !strings.HasPrefix(name, s.name+"-") || o.Kind == "ConfigMap" && o.Name == "kube-root-ca.crt"
}

// draw writes the picture of a green scenario.
func (s *site) draw() {
	dir := os.Getenv("LAB_PICTURES")
	if dir == "" || s.t.Failed() {
		return
	}
	f, err := os.Create(filepath.Join(dir, strings.TrimSuffix(s.name, s.suffix)+".svg"))
	if err != nil {
		s.t.Error(err)
		return
	}
	defer f.Close()
	if err := s.log.Events().SVG(f, timeline.Picture{Title: s.t.Name()}); err != nil {
		s.t.Error(err)
	}
}

func (s *site) write(name string, content any) {
	s.t.Helper()
	data, err := yaml.Marshal(content)
	if err != nil {
		s.t.Fatal(err)
	}
	s.writeFile("environments/"+s.name+"/"+name, string(data))
}

func (s *site) writeFile(name, content string) {
	s.t.Helper()
	file := filepath.Join(s.work, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) read(name string) string {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.work, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(data)
}

func (s *site) writeFleet() {
	s.t.Helper()
	fleet := map[string]any{"apiVersion": "sluice.gatorcloud.io/v1", "kind": "Fleet", "rings": s.rings}
	maps.Copy(fleet, s.beside)
	s.write("fleet.yaml", fleet)
}

// command runs a program in the work tree and returns what it printed.
func (s *site) command(program string, args ...string) (string, error) {
	cmd := exec.CommandContext(s.t.Context(), program, args...)
	cmd.Dir = s.work
	cmd.Env = append(os.Environ(), "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1", "GIT_TERMINAL_PROMPT=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s %s: %w: %s", filepath.Base(program), strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

func (s *site) git(args ...string) string {
	s.t.Helper()
	out, err := s.command("git", append([]string{"-c", "user.name=lab", "-c", "user.email=lab@example.org"}, args...)...)
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// sluiced runs sluice with the lab's etcd and the environment's records.
func (s *site) sluiced(args ...string) string {
	s.t.Helper()
	args = append(args, "--etcd-endpoints="+s.lab.TenantEtcd())
	if args[0] == "authz" {
		args = append(args, "--etcd-prefix=/"+s.name)
	}
	out, err := s.command(s.rig.sluice, args...)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// commit pushes the work tree as one commit.
func (s *site) commit(message string) {
	s.t.Helper()
	s.git("add", "--all")
	s.git("commit", "--quiet", "--allow-empty", "--message="+message)
	s.git("push", "--quiet", "origin", "main")
	s.log.Mark(time.Now(), "pushed: %s", message)
}

// merge pushes the work tree as one commit on whatever was pushed meanwhile.
func (s *site) merge(message string) {
	s.t.Helper()
	s.git("add", "--all")
	s.git("commit", "--quiet", "--allow-empty", "--message="+message)
	s.eventually("pushed "+message, func() string {
		if _, err := s.command("git", "push", "--quiet", "origin", "main"); err != nil {
			s.git("fetch", "--quiet", "origin", "main")
			s.git("rebase", "--quiet", "origin/main")
			return err.Error()
		}
		return ""
	})
	s.log.Mark(time.Now(), "pushed: %s", message)
}

// pull makes the work tree that of the branch.
func (s *site) pull() {
	s.t.Helper()
	s.git("fetch", "--quiet", "origin", "main")
	s.git("reset", "--quiet", "--hard", "origin/main")
}

// render brings what etcd says into the branch, as one commit.
func (s *site) render(what string) {
	s.t.Helper()
	if s.watching {
		s.log.Mark(time.Now(), "rendered: %s", what)
		return
	}
	args := []string{"render", "--env=" + s.name, "--repo=" + s.lab.RepositoryURL(s.name), "--branch=main",
		"--git-cache=" + filepath.Join(s.t.TempDir(), "cache")}
	if s.now != "" {
		args = append(args, "--now="+s.now)
	}
	s.sluiced(args...)
	s.log.Mark(time.Now(), "rendered: %s", what)
}

// change changes the fleet, as a merge request does. Who renders it is the
// watching renderer, or the same commit.
func (s *site) change(message string, change func(rings []ring)) {
	s.t.Helper()
	s.pull()
	change(s.rings)
	s.writeFleet()
	if s.watching {
		s.merge(message)
		return
	}
	if _, err := s.command(s.rig.sluice, "render", "--from-git", "--env="+s.name); err != nil {
		s.t.Fatal(err)
	}
	s.commit(message)
}

// move returns a change that wants a version in all rings.
func move(product, version string) func([]ring) {
	return func(rings []ring) {
		for i := range rings {
			moveRing(&rings[i], product, version)
		}
	}
}

func moveRing(r *ring, product, version string) {
	r.Versions = maps.Clone(r.Versions)
	r.Versions[product] = version
}

// tenant writes a tenant with authorisations into etcd.
func (s *site) tenant(id string, products ...string) {
	s.t.Helper()
	s.sluiced("authz", "put", id, "--name=tenant-"+id, "--code=c"+id)
	for _, p := range products {
		s.sluiced("authz", "put", id+"/"+p, "--replicas=1", "--start=2026-01-01")
	}
}

// tenants writes all members with the products by one import.
func (s *site) tenants(products ...string) {
	s.t.Helper()
	s.sell(everyone(), products)
}

// sell writes tenants with the products by one import.
func (s *site) sell(ids, products []string) {
	s.t.Helper()
	var list []any
	for _, id := range ids {
		var rights []any
		for _, p := range products {
			rights = append(rights, map[string]any{"product": p, "replicas": 1, "startTime": "2026-01-01T00:00:00Z"})
		}
		list = append(list, map[string]any{"tenantId": id, "tenantName": "tenant-" + id, "tenantCode": "c" + id, "authorisations": rights})
	}
	data, err := yaml.Marshal(map[string]any{"tenants": list})
	if err != nil {
		s.t.Fatal(err)
	}
	file := filepath.Join(s.t.TempDir(), "tenants.yaml")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.sluiced("authz", "import", "--filename="+file)
}

// start applies the environment's projects and the fleet's Application as an
// administrator does: with sluice, and from the example of the installation.
func (s *site) start() {
	s.t.Helper()
	printed, err := s.command(s.rig.sluice, "environment", "project", s.name)
	if err != nil {
		s.t.Fatal(err)
	}
	s.apply(printed)
	data, err := os.ReadFile(filepath.Join(root, "plugin", "install", "example", "fleet.yaml"))
	if err != nil {
		s.t.Fatal(err)
	}
	text := strings.NewReplacer("https://gitlab.gatorcloud.example/platform/fleet.git", s.lab.RepositoryURL(s.name), "pop-sha1", s.name).Replace(string(data))
	s.apply(text)
	s.log.Mark(time.Now(), "applied the fleet")
}

// apply applies a YAML stream.
func (s *site) apply(text string) {
	s.t.Helper()
	objects, err := kube.Decode([]byte(text))
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.client.Apply(s.t.Context(), objects...); err != nil {
		s.t.Fatal(err)
	}
}

// await waits until the condition names nothing that is missing.
func (s *site) await(what string, missing func(now map[timeline.Object]timeline.State) string) {
	s.t.Helper()
	s.wait(what, patience, missing)
}

// wait is await with another patience.
func (s *site) wait(what string, most time.Duration, missing func(now map[timeline.Object]timeline.State) string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeoutCause(s.t.Context(), most, errors.New("patience ended"))
	defer cancel()
	last := ""
	if err := s.log.Wait(ctx, what, func(l *timeline.Log) bool { last = missing(l.Now()); return last == "" }); err != nil {
		s.t.Fatalf("%v; last missing: %s%s", err, last, s.failures())
	}
	s.log.Mark(time.Now(), "%s", what)
}

// failures says why operations of the site's Applications failed.
func (s *site) failures() string {
	var said strings.Builder
	for o, state := range s.log.Now() {
		if o.Kind != "Application" || !strings.HasSuffix(state.Detail, "Error") && !strings.HasSuffix(state.Detail, "Failed") {
			continue
		}
		if app, err := s.client.Get(context.WithoutCancel(s.t.Context()), s.appRef(strings.TrimPrefix(o.Name, s.name))); err == nil {
			fmt.Fprintf(&said, "; %s: %s", o.Name, app.Text("status", "operationState", "message"))
		}
	}
	return said.String()
}

// clean takes the environment away so that it disturbs no other scenario.
func (s *site) clean() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	// A parent that is still at work writes its children anew: again until none is left.
	for s.orphanAll(ctx) > 0 && ctx.Err() == nil {
		time.Sleep(500 * time.Millisecond)
	}
	namespaces, _, err := s.client.List(ctx, kube.Ref{APIVersion: "v1", Kind: "Namespace"})
	if err != nil {
		s.t.Error(err)
	}
	for _, n := range namespaces {
		if !s.foreign(timeline.Object{Kind: "Namespace", Name: n.Ref().Name}) {
			_ = s.client.Delete(ctx, n.Ref())
		}
	}
}

// orphanAll removes the environment's Applications, from the fleet down, and tells how many there were.
func (s *site) orphanAll(ctx context.Context) int {
	apps, _, err := s.client.List(ctx, kube.Ref{APIVersion: "argoproj.io/v1alpha1", Kind: "Application", Namespace: lab.Namespace})
	if err != nil {
		s.t.Error(err)
		return 0
	}
	slices.SortFunc(apps, func(a, b kube.Object) int { return cmp.Compare(len(a.Ref().Name), len(b.Ref().Name)) })
	count := 0
	for _, app := range apps {
		if !s.foreign(timeline.Object{Kind: "Application", Name: app.Ref().Name}) {
			s.orphan(ctx, app.Ref())
			count++
		}
	}
	return count
}

// orphan removes an Application and nothing that belongs to it.
func (s *site) orphan(ctx context.Context, ref kube.Ref) {
	_ = s.client.Merge(ctx, ref, `{"metadata":{"finalizers":null},"operation":null,"spec":{"syncPolicy":null}}`)
	_ = s.client.Delete(ctx, ref)
}

//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// sold are the products of each tenant, ringOf the ring that each is in.
var (
	sold = map[string][]string{
		"1001": {"web", "mail", "memo"}, "1002": {"web", "note", "hello"}, "1003": {"web", "mail"}, "1004": {"mail", "memo", "note", "hello"},
	}
	ringOf = map[string]string{"1001": "canary", "1002": "early", "1003": "main", "1004": "main"}
)

// step is one merge request of the scenario.
type step struct {
	name string
	// propose opens it and returns its number.
	propose func() int64
	// missing says what is missing until it is carried out.
	missing func(now map[timeline.Object]timeline.State) string
	// wants are the products that rings want at a version then.
	wants map[string]string
}

// TestBumpByMergeRequest takes changes of a repository that `sluice init` made
// through a GitLab, from the command that opens the merge request to the end of
// the last ring. The objects that the plan
// of each listed are exactly those that it changed in the cluster, and nothing
// changes without a merge request.
func TestBumpByMergeRequest(t *testing.T) {
	r := up(t)
	rings := selling(fleet(0), "web", "mail", "memo", "note", "hello")
	for i, tenants := range [][]string{{"1001"}, {"1002"}, nil} {
		rings[i].Tenants = tenants
	}
	s := r.siteOf(t, "merge", rings, (*site).initialised)
	f := s.forge()
	for _, tenant := range slices.Sorted(maps.Keys(sold)) {
		s.sell([]string{tenant}, sold[tenant])
	}
	s.watched()
	s.start()
	first := map[string]string{"web": "1", "mail": "1", "memo": "1", "note": "1", "hello": "1"}
	s.await("everybody runs what he bought", func(now map[timeline.Object]timeline.State) string {
		return all(f.all(now, first), s.quiet(now))
	})
	f.ended(first)
	before := f.objects()
	for _, c := range f.steps() {
		ok := t.Run(c.name, func(t *testing.T) {
			s.t = t
			before = f.carry(c, before)
		})
		if s.t = t; !ok {
			return
		}
	}
	if diff := cmp.Diff(changes{}, f.changes(before, f.objects())); diff != "" {
		t.Errorf("changed after the last merge request (+):\n%s", diff)
	}
}

// steps are the merge requests, one after another.
func (f *forge) steps() []step {
	running := func(wants map[string]string) step {
		return step{wants: wants, missing: func(now map[timeline.Object]timeline.State) string { return f.all(now, wants) }}
	}
	named := func(name string, s step, propose func() int64) step {
		s.name, s.propose = name, propose
		return s
	}
	return []step{
		named("Image", running(map[string]string{"hello": "2"}), func() int64 {
			f.publish("hello", "2", "1", func(dir string) { f.replace(dir+"/product.yaml", "1.27-alpine", "1.28-alpine") })
			return f.bump("hello=2")
		}),
		named("ImageOfOne", running(map[string]string{"web": "5"}), func() int64 {
			f.publish("web", "5", "1", func(dir string) {
				f.replace(dir+"/product.yaml", "web-api\n  newTag: web-1", "web-api\n  newTag: web-5", "routes: routes\n", published)
			})
			return f.bump("web=5")
		}),
		{name: "Quota", missing: func(map[timeline.Object]timeline.State) string { return f.quota("50") }, propose: func() int64 {
			return f.edit("More pods", "quota", func() { f.replace("environments/"+f.name+"/environment.yaml", `pods: "40"`, `pods: "50"`) })
		}},
		named("RaisedPart", running(map[string]string{"memo": "2"}), func() int64 { return f.bump("memo=2") }),
		named("TwoProducts", running(map[string]string{"mail": "2", "note": "2"}), func() int64 { return f.bump("mail=2", "note=2") }),
		named("RemovedComponent", running(map[string]string{"web": "6"}), func() int64 {
			f.publish("web", "6", "5", f.withoutFront)
			return f.bump("web=6")
		}),
		named("Revert", running(map[string]string{"web": "5"}), func() int64 {
			all := f.fake.MergeRequests()
			number, err := f.fake.Revert(all[len(all)-1].Number, "bob")
			if err != nil {
				f.t.Fatal(err)
			}
			return number
		}),
	}
}

// initialised begins the repository with `sluice init`; beside what that sells
// are the lab's products. The records lie below a prefix of their own.
func (s *site) initialised() {
	s.t.Helper()
	args := []string{"init", ".", "--env=" + s.name, "--repo-url=" + s.lab.RepositoryURL(s.name), "--domain=lab.example.org",
		"--namespace-prefix=" + s.name + "-", "--destination-server=https://kubernetes.default.svc"}
	for _, ring := range s.rings {
		args = append(args, "--ring="+ring.Name)
	}
	if _, err := s.command(s.rig.sluice, args...); err != nil {
		s.t.Fatal(err)
	}
	environment := "environments/" + s.name + "/environment.yaml"
	s.writeFile(environment, s.read(environment)+"quota: {pods: \"40\"}\netcd: {prefix: /"+s.name+"}\n")
	const lock = "catalog/" + catalog.LockFile
	published := s.read(lock)
	if err := errors.Join(os.Remove(filepath.Join(s.work, lock)), os.CopyFS(filepath.Join(s.work, "catalog"), os.DirFS("testdata/catalog"))); err != nil {
		s.t.Fatal(err)
	}
	lines := strings.SplitAfter(published+s.read(lock), "\n")
	slices.Sort(lines)
	s.writeFile(lock, strings.Join(lines, ""))
}

// published is what a version says that is published now.
const published = "routes: routes\nallowTags: true\npodSecurity: {level: baseline, reason: The pods of the lab have no security context}\n"

// withoutFront takes the component front out of a version of web.
func (f *forge) withoutFront(dir string) {
	f.replace(dir+"/product.yaml", "- name: front\n  dependsOn: [api, login]\n", "", "- name: registry.example.org/web-front\n  newTag: web-1\n", "")
	f.replace(dir+"/replacements.yaml", "- source: {kind: ConfigMap, name: parameters, fieldPath: data.replicas}\n  targets:\n"+
		"  - select: {kind: Deployment, name: web-front}\n    fieldPaths: [spec.replicas]\n", "")
	if err := os.RemoveAll(filepath.Join(f.work, dir, "components", "front")); err != nil {
		f.t.Fatal(err)
	}
}

// carry takes a change from its merge request to its end, and returns the
// objects that are there then.
func (f *forge) carry(c step, last objects) objects {
	f.t.Helper()
	number := c.propose()
	plan := f.pipeline(number)
	f.noted(number, plan)
	before, pods := f.objects(), f.pods()
	if diff := cmp.Diff(changes{}, f.changes(last, before)); diff != "" {
		f.t.Errorf("changed without a merge request (+):\n%s", diff)
	}
	f.accept(number)
	f.await(fmt.Sprintf("!%d is carried out", number), func(now map[timeline.Object]timeline.State) string {
		return all(c.missing(now), f.quiet(now))
	})
	f.ended(c.wants)
	// What Argo CD last said may be older than the merge: the cluster is the judge.
	var after objects
	var diff string
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Second) {
		after = f.objects()
		diff = cmp.Diff(plan.changes(), f.changes(before, after))
		if restarts := cmp.Diff(plan.restarts(), f.begun(pods)); restarts != "" {
			diff += "pods of:\n" + restarts
		}
		if diff == "" || time.Now().After(deadline) {
			break
		}
	}
	if diff != "" {
		f.t.Errorf("!%d: planned -, happened in the cluster +:\n%s", number, diff)
	}
	f.await(fmt.Sprintf("!%d is at rest", number), f.quiet)
	return after
}

// all says who does not run the versions yet.
func (f *forge) all(now map[timeline.Object]timeline.State, versions map[string]string) string {
	for tenant, products := range sold {
		for _, product := range products {
			version, moves := versions[product]
			app := f.application(now, "-"+tenant+"-"+product)
			if moves && (app.Version != product+"="+version || !resting(app)) {
				return fmt.Sprintf("%s of %s is %+v, want %s", product, tenant, app, version)
			}
		}
	}
	return ""
}

// ended waits until the rings of whoever has the products have the versions behind them.
func (f *forge) ended(versions map[string]string) {
	f.t.Helper()
	f.eventually("rollouts ended", func() string {
		r, err := f.rollouts()
		if err != nil {
			return err.Error()
		}
		for k, lane := range r.Lanes {
			version, moves := versions[k.Product.String()]
			holds := false
			for tenant, products := range sold {
				holds = holds || ringOf[tenant] == k.Ring.String() && slices.Contains(products, k.Product.String())
			}
			if moves && holds && !slices.ContainsFunc(lane.Good, func(v ident.Version) bool { return v.String() == version }) {
				return fmt.Sprintf("%s in %s has %v behind it, want %s", k.Product, k.Ring, lane.Good, version)
			}
		}
		return ""
	})
}

// quota says which tenant's quota of pods is another.
func (f *forge) quota(pods string) string {
	for tenant := range sold {
		list, _, err := f.client.List(f.t.Context(), kube.Ref{APIVersion: "v1", Kind: "ResourceQuota", Namespace: f.namespace(tenant)})
		if err != nil {
			return err.Error()
		}
		if len(list) != 1 || list[0].Text("spec", "hard", "pods") != pods {
			return fmt.Sprintf("tenant %s has %d quotas, none of %s pods", tenant, len(list), pods)
		}
	}
	return ""
}

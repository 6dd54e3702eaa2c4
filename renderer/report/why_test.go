package report

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

var (
	pop          = ident.Must[ident.EnvironmentKind]("pop")
	swg          = ident.Must[ident.ProductKind]("swg")
	canary, main = ident.Must[ident.RingKind]("canary"), ident.Must[ident.RingKind]("main")
	first        = ident.Must[ident.TenantKind]("1000001") // of canary
	second       = ident.Must[ident.TenantKind]("1000002") // of main
	v200, v202   = ident.Must[ident.VersionKind]("200"), ident.Must[ident.VersionKind]("202")
	noon         = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	toMain       = rollout.Key{Ring: main, Product: swg}
	toCanary     = rollout.Key{Ring: canary, Product: swg}
)

var published = sync.OnceValues(func() (*catalog.Catalog, error) { return catalog.Load(catalog.Published()) })

// fleet is an environment in which canary was granted swg=202, and main has 200
// and waits for canary. All Applications are healthy.
func fleet(t testing.TB) *Join {
	t.Helper()
	sold, err := published()
	if err != nil {
		t.Fatal(err)
	}
	j := New(pop, sold)
	want := map[ident.Product]ident.Version{swg: v202}
	j.Order(&rollout.Fleet{Rings: []rollout.Ring{{Name: canary, Versions: want, Soak: time.Hour}, {Name: main, Versions: want}}},
		rollout.Rollouts{Lanes: map[rollout.Key]rollout.Lane{
			toCanary: {At: []rollout.Segment{{To: rollout.End, Version: v202}}, Good: []ident.Version{v200}},
			toMain:   {At: []rollout.Segment{{To: rollout.End, Version: v200}}, Good: []ident.Version{v200}},
		}})
	j.Put(member(first, canary))
	j.Put(member(second, main))
	j.See(proven(first, canary, v202))
	j.See(proven(second, main, v200))
	for _, s := range []string{Git, Etcd, ArgoCD, Engine} {
		j.Source(s, noon.Add(-time.Second), "")
	}
	return j
}

func member(id ident.Tenant, ring ident.Ring) Member {
	a := authz.Authorisation{Product: swg, EndTime: noon.Add(time.Hour)}
	return Member{Facts: authz.Facts{Tenant: authz.Tenant{ID: id, Name: "tenant " + id.String(), Authorisations: []authz.Authorisation{a}}, States: []authz.State{authz.Active}},
		Ring: ring, Pin: func(authz.Authorisation) ident.Version { return ident.Version{} }}
}

func proven(id ident.Tenant, ring ident.Ring, v ident.Version) *Application {
	return &Application{Name: "pop-" + id.String() + "-swg", Level: "product", Tenant: id, Product: swg, Ring: ring, Asked: v, Running: v,
		Verdict: rollout.Proven, Since: noon.Add(-time.Hour), Reconciled: noon}
}

// ill is the first tenant's Application with something in its way.
func ill(c Code, says string, objects ...Object) *Application {
	a := proven(first, canary, v202)
	a.Verdict, a.Obstacle, a.Says, a.Objects = rollout.Pending, c, says, objects
	return a
}

func deployment(says string) Object {
	return Object{Group: "apps", Kind: "Deployment", Namespace: "pop-1000001", Name: "swg-engine", Bucket: 1, Health: "Degraded", Says: says}
}

func because(c rollout.Code) func(*Join) {
	return func(j *Join) {
		j.Reasons([]rollout.Reason{{Key: toCanary, Code: c, Version: v202}, {Key: toMain, Code: rollout.RingBefore, Version: v202}})
	}
}

func state(s authz.State) func(*Join) {
	return func(j *Join) {
		m := member(first, canary)
		m.Facts.States[0] = s
		j.Put(m)
	}
}

// chains are the situations of a fleet, and the codes that why gives for them.
func chains() map[string]struct {
	why  string // this is the answer
	with func(*Join)
	id   ident.Tenant
	want []Code
} {
	type chain = struct {
		why  string
		with func(*Join)
		id   ident.Tenant
		want []Code
	}
	cases := map[string]chain{
		"Well":        {"it runs what is wanted", func(*Join) {}, first, []Code{Wanted, Well}},
		"Stranger":    {"nobody sold it", func(j *Join) { j.Drop(second); j.Lose(proven(second, main, v200)) }, second, []Code{NotBought}},
		"Suspended":   {"the right is over", state(authz.Suspended), first, []Code{Wanted, Suspended}},
		"Retained":    {"only data is left", state(authz.Retained), first, []Code{Wanted, Retained}},
		"Released":    {"the record is gone", func(j *Join) { m := member(first, canary); m.Facts.ReleasedAt = noon; j.Put(m) }, first, []Code{Wanted, Released}},
		"Edited":      {"somebody edited its facts", func(j *Join) { m := member(first, canary); m.Facts.Broken = errors.New("no"); j.Put(m) }, first, []Code{Wanted, Edited}},
		"Quarantined": {"its record is unreadable", note(Quarantined), first, []Code{Wanted, Quarantined}},
		"HeldBack":    {"a shrink waits for a person", note(HeldBack), first, []Code{Wanted, HeldBack}},
		"Unplanned":   {"the catalog refuses it", note(Unplanned), first, []Code{Wanted, Unplanned}},
		"Unrendered":  {"Git has not seen it", note(Unrendered), first, []Code{Wanted, Unrendered}},
		"Silent":      {"no engine says why", func(j *Join) { j.Unsee(Engine, "another replica leads") }, second, []Code{Wanted, Unseen}},
		"Soon":        {"nothing that is seen keeps it", func(*Join) {}, second, []Code{Wanted, Later}},
		"Unasked":     {"Argo CD is not named", func(j *Join) { j.Unsee(ArgoCD, "not named"); j.Forget() }, first, []Code{Wanted, Unseen}},
		"Missing":     {"it has no Application", func(j *Join) { j.Lose(proven(first, canary, v202)) }, first, []Code{Wanted, Missing}},
		"NotHanded":   {"its Application asks for another version", func(j *Join) { j.See(proven(first, canary, v200)) }, first, []Code{Wanted, HandedDown}},
		"RingRefused": {"the ring's directory was edited", ringRefused, first, []Code{Wanted, HandedDown, Refusal}},
		"Refusal":     {"its overlay was edited", see(ill(Refusal, "edited")), first, []Code{Wanted, Refusal}},
		"Comparison":  {"the repository is away", see(ill(Comparison, "no route")), first, []Code{Wanted, Comparison}},
		"Hanging":     {"an operation of an earlier source", see(ill(Hanging, "waiting for healthy state")), first, []Code{Wanted, Hanging}},
		"Overdue": {"a sync waits for longer than its groups may take", func(j *Join) {
			a := ill(Syncing, "waiting", deployment(""))
			a.Working, a.Since = true, noon.Add(-3*time.Hour)
			j.See(a)
		}, first, []Code{Wanted, Hanging, InBucket, InObject}},
		"InTime": {"and another for no longer", func(j *Join) {
			a := ill(Syncing, "waiting", deployment(""))
			a.Working, a.Since = true, noon.Add(-9*time.Minute)
			j.See(a)
		}, first, []Code{Wanted, Syncing, InBucket, InObject}},
		"Unmerged":     {"people have not merged what would move it", requested(swg, ident.Tenant{}), first, []Code{Wanted, Well, Unmerged}},
		"Pinned":       {"nor what would pin another", requested(swg, second), first, []Code{Wanted, Well}},
		"UnmergedIll":  {"it is ill by what it runs", func(j *Join) { requested(swg, first)(j); j.See(ill(Differs, "")) }, first, []Code{Wanted, Unmerged, Differs}},
		"Differs":      {"nobody syncs it", see(ill(Differs, "")), first, []Code{Wanted, Differs}},
		"SyncFailed":   {"the server refused an object", see(ill(SyncFailed, "one or more objects failed", Object{Kind: "Service", Namespace: "pop-1000001", Name: "x", Bucket: -1, Says: "spec is invalid"})), first, []Code{Wanted, SyncFailed, InObject}},
		"Syncing":      {"a sync waits for a group", see(ill(Syncing, "waiting", deployment(""))), first, []Code{Wanted, Syncing, InBucket, InObject}},
		"Object":       {"a workload is degraded", see(ill(InObject, "", deployment("0 of 1 pods available"))), first, []Code{Wanted, InBucket, InObject}},
		"NextRing":     {"the ring before has a degraded tenant", func(j *Join) { because(rollout.Ill)(j); j.See(ill(InObject, "", deployment("exceeded quota"))) }, second, []Code{Wanted, Code(rollout.RingBefore), Code(rollout.Ill), InRing, InBucket, InObject, Quota}},
		"NextSoaks":    {"the ring before soaks", because(rollout.Soak), second, []Code{Wanted, Code(rollout.RingBefore), Code(rollout.Soak)}},
		"Straggler":    {"a reason of its own comes first", straggler, second, []Code{Wanted, Code(rollout.Refused)}},
		"AloneUnknown": {"others were not asked for", func(j *Join) { because(rollout.Unproven)(j); j.Alone() }, second, []Code{Wanted, Code(rollout.RingBefore), Unseen}},
	}
	for says, code := range map[string]Code{
		"pods \"x\" is forbidden: exceeded quota: tenant, requested: pods=1": Quota,
		"Back-off pulling image: ImagePullBackOff":                           Image,
		"pod has unbound immediate PersistentVolumeClaims":                   Claim,
		"back-off 5m0s restarting failed container: CrashLoopBackOff":        Crash,
		"violates PodSecurity \"restricted:latest\"":                         Admission,
		"0/3 nodes are available: 3 Insufficient cpu":                        Capacity,
		"Deployment \"x\" exceeded its progress deadline":                    Deadline,
	} {
		cases["Cause "+string(code)] = chain{says, see(ill(InObject, "", deployment(says))), first, []Code{Wanted, InBucket, InObject, code}}
	}
	for _, c := range rollout.Codes() {
		want := []Code{Wanted, Code(rollout.RingBefore), Code(c)}
		switch c {
		case rollout.RingBefore:
			want = want[:2]
			want = append(want, Code(rollout.RingBefore))
		case rollout.Unproven, rollout.Ill, rollout.HopBefore: // every tenant is well by now
			want = append(want, Later)
		}
		cases["Lane "+string(c)] = chain{"the engine says so of the ring before", because(c), second, want}
	}
	return cases
}

func see(a *Application) func(*Join) { return func(j *Join) { j.See(a) } }

func note(c Code) func(*Join) {
	return func(j *Join) { j.Tell(first, swg, &Note{Code: c, Says: "of the record", Since: noon}) }
}

func requested(p ident.Product, id ident.Tenant) func(*Join) {
	return func(j *Join) {
		j.Requested([]Request{{Product: p, Tenant: id, Number: 7, Title: "Bump swg to 203\nin pop", Waits: "its pipeline has not passed", Since: noon}})
	}
}

func ringRefused(j *Join) {
	j.See(proven(first, canary, v200))
	j.See(&Application{Name: "pop-canary", Level: "ring", Ring: canary, Verdict: rollout.Unknown, Obstacle: Refusal, Says: "seal"})
}

func straggler(j *Join) {
	j.Reasons([]rollout.Reason{{Key: toMain, Code: rollout.RingBefore}, {Key: toMain, Code: rollout.Refused, Tenants: []ident.Tenant{second}}})
}

func TestWhy(t *testing.T) {
	seen := map[Code]bool{}
	for name, c := range chains() {
		t.Run(name, func(t *testing.T) {
			j := fleet(t)
			c.with(j)
			var got []Code
			w := j.Why(c.id, swg, noon)
			for _, l := range w.Links {
				got = append(got, l.Code)
				if l.Sentence == "" || strings.ContainsAny(l.Sentence, "\n\r") {
					t.Errorf("link %q says %q", l.Code, l.Sentence)
				}
				seen[l.Code] = true
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("Why(%s) because %s = %q, want %q: %+v", c.id, c.why, got, c.want, w.Links)
			}
		})
	}
	for _, c := range Codes() {
		if !seen[c] {
			t.Errorf("no chain ends with code %q", c)
		}
	}
}

// The row, the tenant and why say the same of a product.
func TestViewsAgree(t *testing.T) {
	for name, c := range chains() {
		j := fleet(t)
		c.with(j)
		rows := j.Rows(Filter{Tenant: c.id})
		tenant, ok := j.Tenant(c.id, noon)
		if len(rows) == 0 && !ok {
			continue
		}
		if len(rows) != 1 || len(tenant.Products) != 1 || rows[0].State != tenant.Products[0].State || rows[0].State != tenant.State {
			t.Errorf("%s: rows %+v, tenant %+v", name, rows, tenant)
			continue
		}
		if w := j.Why(c.id, swg, noon); tenant.Products[0].Code != "" && tenant.Products[0].Code != w.Cause().Code {
			t.Errorf("%s: the tenant's code is %q, that of why %q", name, tenant.Products[0].Code, w.Cause().Code)
		}
	}
}

type stubCluster struct {
	cause Cause
	err   error
	asked *Object
}

func (s *stubCluster) Cause(_ context.Context, o Object) (Cause, error) {
	s.asked = &o
	return s.cause, s.err
}

func TestDeepen(t *testing.T) {
	cases := map[string]struct {
		why    string
		says   string
		there  stubCluster
		want   Code
		source string
	}{
		"Deeper":   {"the quota stands on the ReplicaSet", "0 of 1 pods available", stubCluster{cause: Cause{Code: Quota, Object: "ReplicaSet x/y", Says: "exceeded"}}, Quota, ""},
		"Nothing":  {"nobody says why", "0 of 1 pods available", stubCluster{}, InObject, ""},
		"Same":     {"the same is said once", "exceeded quota", stubCluster{cause: Cause{Code: Quota, Object: "ReplicaSet x/y"}}, Quota, ""},
		"NoAnswer": {"a cluster that is away is a source that is missing", "0 of 1 pods available", stubCluster{err: errors.New("refused")}, InObject, "refused"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			j := fleet(t)
			j.See(ill(InObject, "", deployment(c.says)))
			w := j.Why(first, swg, noon)
			w.Deepen(t.Context(), &c.there, noon)
			if w.Cause().Code != c.want || c.there.asked == nil || c.there.asked.Name != "swg-engine" {
				t.Errorf("cause = %+v of %+v, want %q: %s", w.Cause(), c.there.asked, c.want, c.why)
			}
			i := slices.IndexFunc(w.Sources, func(s Source) bool { return s.Name == Targets })
			if w.Sources[i].Missing != c.source || (c.source == "") != (w.Sources[i].At != nil) {
				t.Errorf("source = %+v", w.Sources[i])
			}
			n := 0
			for _, l := range w.Links {
				if l.Code == c.want {
					n++
				}
			}
			if n != 1 {
				t.Errorf("%d links have code %q: %+v", n, c.want, w.Links)
			}
		})
	}
}

// An operation hangs when its source is not asked for any more, or when it runs
// longer than its objects need: ten minutes for each group, an hour above.
func TestHanging(t *testing.T) {
	working := func(name, level string, since time.Duration) *Application {
		return &Application{Name: name, Level: level, Tenant: first, Product: swg, Ring: canary, Asked: v202, Obstacle: Syncing, Working: true, Since: noon.Add(-since)}
	}
	outdated := working("pop-main", "ring", time.Minute)
	outdated.Obstacle, outdated.Says = Hanging, "waiting for healthy state"
	for name, tc := range map[string]struct {
		reason string
		see    *Application
		want   string // the command
	}{
		"Outdated":    {"nobody asks for it, however short it runs", outdated, "sluice rollout unblock --env pop"},
		"Ring":        {"it waits for its tenants", working("pop-canary", "ring", 50*time.Minute), ""},
		"RingLong":    {"for too long", working("pop-canary", "ring", 2*time.Hour), "argocd app terminate-op pop-canary"},
		"Base":        {"one group", working("pop-1000001-base", "base", 11*time.Minute), "argocd app terminate-op pop-1000001-base"},
		"Product":     {"it has more groups than that", working("pop-1000001-swg", "product", 11*time.Minute), ""},
		"ProductLong": {"longer than all of them", working("pop-1000001-swg", "product", 3*time.Hour), "argocd app terminate-op pop-1000001-swg"},
	} {
		j := fleet(t)
		j.See(tc.see)
		got := j.Report(noon).Hanging
		if (len(got) > 0) != (tc.want != "") || len(got) > 0 && (got[0].Command != tc.want || got[0].Application != tc.see.Name || got[0].Since == nil) {
			t.Errorf("%s: Hanging = %+v, want %q: %s", name, got, tc.want, tc.reason)
		}
	}
}

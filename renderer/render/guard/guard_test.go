package guard_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/guard"
)

var (
	local = ident.Must[ident.EnvironmentKind]("local")
	start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
)

func tenant(i int) ident.Tenant { return ident.Must[ident.TenantKind](fmt.Sprint(1000000 + i)) }

// facts returns the facts of tenant i, whose products are dsa and swg in the
// given states; an empty state leaves the product out.
func facts(i int, states ...authz.State) authz.Facts {
	f := authz.Facts{Tenant: authz.Tenant{ID: tenant(i), Name: "n", Code: "c"}}
	for p, s := range states {
		if s != "" {
			f.Tenant.Authorisations = append(f.Tenant.Authorisations, authz.Authorisation{
				Product: ident.Must[ident.ProductKind]([]string{"dsa", "swg"}[p]), StartTime: start})
			f.States = append(f.States, s)
		}
	}
	return f
}

func pinned(i int, version string) authz.Facts {
	f := facts(i, authz.Active)
	f.Tenant.Authorisations[0].Version = ident.Must[ident.VersionKind](version)
	return f
}

func tombstone(i int) authz.Facts {
	f := facts(i, authz.Retained)
	f.ReleasedAt = start
	return f
}

type before map[ident.Tenant]authz.Facts

func (b before) Facts(id ident.Tenant) (authz.Facts, error) {
	f, ok := b[id]
	if !ok {
		return f, errors.New("not there")
	}
	return f, nil
}

// change is the change of a tenant's facts; facts without a tenant are no file.
func change(t *testing.T, id ident.Tenant, now authz.Facts) tree.Change {
	t.Helper()
	c := tree.Change{Path: manifest.FactsPath(local, id), Kind: tree.Removed}
	if !now.ID.IsZero() {
		data, err := authz.EncodeFacts(now)
		if err != nil {
			t.Fatal(err)
		}
		c.Kind, c.New = tree.Changed, data
	}
	return c
}

// What is done to four of ten tenants is harm or not, whatever a render meant.
func TestHarm(t *testing.T) {
	gone := func(int) authz.Facts { return authz.Facts{} }
	states := func(s ...authz.State) func(int) authz.Facts {
		return func(i int) authz.Facts { return facts(i, s...) }
	}
	pin := func(version string) func(int) authz.Facts {
		return func(i int) authz.Facts { return pinned(i, version) }
	}
	for name, tc := range map[string]struct {
		reason      string
		before, now func(int) authz.Facts
		want        string // in the error; empty for no harm
	}{
		"FolderGone":      {"a render that leaves tenants out", states(authz.Active), gone, `removed "1000000"`},
		"Tombstone":       {"records that vanished", states(authz.Active), tombstone, "removed"},
		"ProductGone":     {"one product of two is lost", states(authz.Active, authz.Active), states(authz.Active), "removed"},
		"SuspendedGone":   {"a clock that jumped over the grace", states(authz.Suspended), gone, "removed"},
		"Suspended":       {"a clock that jumped, or ends that were written by mistake", states(authz.Active), states(authz.Suspended), "suspended"},
		"OneOfTwo":        {"one product is enough", states(authz.Active, authz.Active), states(authz.Active, authz.Suspended), "suspended"},
		"StraightToData":  {"nothing runs any more", states(authz.Active), states(authz.Retained), "suspended"},
		"PinnedBack":      {"an older version by mistake", pin("202"), pin("99"), "pinned to an older version"},
		"PinnedOn":        {"a newer version is no harm", pin("99"), pin("202"), ""},
		"PinLifted":       {"the ring's version is no harm", pin("202"), states(authz.Active), ""},
		"Retained":        {"the suspension was counted", states(authz.Suspended), states(authz.Retained), ""},
		"RetainedGone":    {"its end was counted", states(authz.Retained), gone, ""},
		"TombstoneGone":   {"its release was counted", tombstone, gone, ""},
		"Returned":        {"to come back is no harm", tombstone, states(authz.Active), ""},
		"Resumed":         {"to come back is no harm", states(authz.Suspended), states(authz.Active), ""},
		"AnotherProduct":  {"more is no harm", states(authz.Active), states(authz.Active, authz.Active), ""},
		"SecondIsRetired": {"data that was kept long enough", states(authz.Active, authz.Retained), states(authz.Active), ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := before{}
			for i := range 10 {
				b[tenant(i)] = tc.before(i)
			}
			judge := func(n int) error {
				g := guard.New(guard.Options{Environment: local, Before: b, Tenants: 10, Percent: 5})
				for i := range n {
					g.See(change(t, tenant(i), tc.now(i)))
				}
				return g.Check()
			}
			if err := judge(3); err != nil {
				t.Errorf("Check() of three = %v, want none: three are always allowed", err)
			}
			err := judge(4)
			if tc.want == "" {
				if err != nil {
					t.Errorf("Check() of four = %v, want none: %s", err, tc.reason)
				}
				return
			}
			var refusal *guard.Refusal
			if !errors.As(err, &refusal) || !strings.Contains(err.Error(), tc.want) || !strings.Contains(fault.HintOf(err), "--allow-removals") {
				t.Errorf("Check() of four = %v, want a refusal that says %q and a hint: %s", err, tc.want, tc.reason)
			}
		})
	}
}

func TestLimit(t *testing.T) {
	for name, tc := range map[string]struct {
		reason                 string
		tenants, gone, percent int
		refused                bool
	}{
		"ThreeMayGo":  {"three are always allowed", 10, 3, 5, false},
		"FourOfTen":   {"four are more than three and 5 %", 10, 4, 5, true},
		"FivePercent": {"exactly the limit", 200, 10, 5, false},
		"OneMore":     {"one over the limit", 200, 11, 5, true},
		"Everything":  {"an empty answer of etcd", 12, 12, 5, true},
		"OwnPercent":  {"the environment allows more", 200, 50, 25, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := before{}
			g := guard.New(guard.Options{Environment: local, Before: b, Tenants: tc.tenants, Percent: tc.percent})
			for i := range tc.gone {
				b[tenant(i)] = facts(i, authz.Active)
				g.See(change(t, tenant(i), authz.Facts{}))
			}
			if err := g.Check(); (err != nil) != tc.refused {
				t.Errorf("Check() of %d of %d = %v, want refused = %t: %s", tc.gone, tc.tenants, err, tc.refused, tc.reason)
			}
		})
	}
}

// A refusal names who is harmed and how, each once, the worst first.
func TestRefusalSaysWho(t *testing.T) {
	b := before{tenant(0): facts(0, authz.Active), tenant(1): facts(1, authz.Active), tenant(2): pinned(2, "202")}
	g := guard.New(guard.Options{Environment: local, Before: b, Tenants: 10, Percent: 5, Recent: []ident.Tenant{tenant(0), tenant(9)}})
	g.See(change(t, tenant(2), pinned(2, "200")))
	g.See(change(t, tenant(1), facts(1, authz.Active)))
	g.See(change(t, tenant(0), tombstone(0)))
	if err := g.Check(); err != nil {
		t.Fatalf("Check() of three = %v, want none", err)
	}
	g = guard.New(guard.Options{Environment: local, Before: b, Tenants: 10, Percent: 5, Recent: []ident.Tenant{tenant(0), tenant(9), tenant(8)}})
	g.See(change(t, tenant(2), pinned(2, "200")))
	g.See(change(t, tenant(0), tombstone(0)))
	const want = `harming 4 of 10 tenants (removed "1000000"; pinned to an older version "1000002"; released before "1000008", "1000009"): at most 3 may be removed, suspended or set back at once`
	if err := g.Check(); err == nil || err.Error() != want {
		t.Errorf("Check() = %v, want %s", err, want)
	}
}

// Daily changes flow, however many were released with a person's word before.
func TestNoHarmAfterMany(t *testing.T) {
	g := guard.New(guard.Options{Environment: local, Before: before{tenant(0): facts(0, authz.Active)}, Tenants: 10, Percent: 5,
		Recent: []ident.Tenant{tenant(5), tenant(6), tenant(7), tenant(8)}})
	g.See(change(t, tenant(0), facts(0, authz.Active, authz.Active)))
	if err := g.Check(); err != nil {
		t.Errorf("Check() of no harm after four = %v, want none", err)
	}
}

// Small steps count together, and a tenant counts once.
func TestRecentCounts(t *testing.T) {
	b := before{tenant(0): facts(0, authz.Active)}
	g := guard.New(guard.Options{Environment: local, Before: b, Tenants: 10, Percent: 5,
		Recent: []ident.Tenant{tenant(0), tenant(7), tenant(8)}})
	g.See(change(t, tenant(0), tombstone(0)))
	if err := g.Check(); err != nil {
		t.Errorf("Check() of one and two others = %v, want none", err)
	}
	g = guard.New(guard.Options{Environment: local, Before: b, Tenants: 10, Percent: 5,
		Recent: []ident.Tenant{tenant(6), tenant(7), tenant(8)}})
	g.See(change(t, tenant(0), tombstone(0)))
	if err := g.Check(); err == nil || !strings.Contains(err.Error(), `released before "1000006"`) {
		t.Errorf("Check() of the fourth within the window = %v, want a refusal that names the three", err)
	}
}

// Recent are tombstones of the window, not the living and not what is long over.
func TestReleased(t *testing.T) {
	since := start.Add(time.Hour)
	var all []authz.Facts
	for i, at := range []time.Time{{}, start, since.Add(-time.Second), since, since.Add(time.Second)} {
		f := tombstone(i)
		f.ReleasedAt = at
		all = append(all, f)
	}
	if got, want := guard.Released(all, since), []ident.Tenant{tenant(3), tenant(4)}; !slices.Equal(got, want) {
		t.Errorf("Released() = %v, want %v", got, want)
	}
}

// Files that are no facts of the environment are nobody's harm; facts that
// cannot be read refuse the commit.
func TestOtherFiles(t *testing.T) {
	g := guard.New(guard.Options{Environment: local, Before: before{}, Tenants: 10, Percent: 5})
	for _, path := range []string{
		"environments/other/tenants/00/00/1000000/tenant.yaml", "environments/local/tenants/1000000/tenant.yaml",
		"environments/local/tenants/00/00/1000000/base/sluice.yaml", "tenant.yaml", "/tenant.yaml",
		"environments/local/tenants/00/00/1000000/swg/tenant.yaml",
	} {
		g.See(tree.Change{Path: path, Kind: tree.Removed})
	}
	if err := g.Check(); err != nil {
		t.Errorf("Check() of other files = %v, want none", err)
	}
	g.See(change(t, tenant(1), authz.Facts{}))
	if err := g.Check(); err == nil {
		t.Error("Check() without knowing the facts before = nil, want an error")
	}
	g = guard.New(guard.Options{Environment: local, Before: before{tenant(1): facts(1, authz.Active)}, Tenants: 10, Percent: 5})
	g.See(tree.Change{Path: manifest.FactsPath(local, tenant(1)), Kind: tree.Changed, New: []byte("no facts")})
	if err := g.Check(); err == nil {
		t.Error("Check() of facts that cannot be read = nil, want an error")
	}
}

// A file that is taken away and written anew is there in the end, in whichever
// order the two are seen.
func TestSeenTwice(t *testing.T) {
	for _, order := range [][2]int{{0, 1}, {1, 0}} {
		b := before{}
		g := guard.New(guard.Options{Environment: local, Before: b, Tenants: 10, Percent: 5})
		for i := range 4 {
			b[tenant(i)] = facts(i, authz.Active)
			two := []tree.Change{change(t, tenant(i), authz.Facts{}), change(t, tenant(i), facts(i, authz.Active, authz.Active))}
			g.See(two[order[0]])
			g.See(two[order[1]])
		}
		if err := g.Check(); err != nil {
			t.Errorf("Check() in order %v = %v, want none", order, err)
		}
	}
}

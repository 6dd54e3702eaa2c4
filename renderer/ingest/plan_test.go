package ingest

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/ingest/sps"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

func product(s string) ident.Product { return ident.Must[ident.ProductKind](s) }

// holding is a tenant of etcd whose right to swg is as the test says; SPS named
// the products of the book.
func holding(t *testing.T, a authz.Authorisation, named ...string) state {
	t.Helper()
	a.Product = product("swg")
	if a.StartTime.IsZero() {
		a.StartTime = start.Add(-24 * time.Hour)
	}
	value, err := authz.EncodeAuthorisation(tenantID("1"), a)
	if err != nil {
		t.Fatal(err)
	}
	st := state{id: tenantID("1"), rights: map[ident.Product]stored{a.Product: {value, 7}}, book: Book{Revision: 1, Digest: "x"}}
	for _, n := range named {
		st.book.Products = append(st.book.Products, product(n))
	}
	return st
}

// saying is a document of SPS with one right to swg, or with none.
func saying(t *testing.T, fields map[string]any) sps.Document {
	t.Helper()
	doc := document("1")
	if fields != nil {
		doc = with(document("1", "swg"), fields)
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	d := sps.Mapping{}.Entry(raw).Document()
	if d.Err != nil {
		t.Fatal(d.Err)
	}
	return d
}

// What SPS may not do to a right is held back, and everything else of the same
// answer is written.
func TestMergeHoldsBack(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	for name, tc := range map[string]struct {
		reason string
		old    authz.Authorisation
		says   map[string]any // nil names no product
		room   bool
		held   string // field
		why    string
		want   func(authz.Authorisation) bool
		ends   bool
	}{
		"Grow":       {"volumes may grow", authz.Authorisation{Storage: "40Gi"}, map[string]any{}, true, "", "", func(a authz.Authorisation) bool { return a.Storage == "80Gi" }, false},
		"Shrink":     {"data would not fit", authz.Authorisation{Storage: "100Gi"}, map[string]any{}, true, fieldStorage, ReasonShrink, func(a authz.Authorisation) bool { return a.Storage == "100Gi" && a.Replicas == 2 }, false},
		"SameSize":   {"the same in other words", authz.Authorisation{Storage: "81920Mi"}, map[string]any{}, true, "", "", func(a authz.Authorisation) bool { return a.Storage == "80Gi" }, false},
		"NoSize":     {"nobody knows what an environment takes", authz.Authorisation{Storage: "1Gi"}, map[string]any{"storage": ""}, true, fieldStorage, ReasonShrink, func(a authz.Authorisation) bool { return a.Storage == "1Gi" }, false},
		"ShrinkFrom": {"a person's word stays", authz.Authorisation{Storage: "80Gi", ShrinkFrom: "100Gi"}, map[string]any{}, true, "", "", func(a authz.Authorisation) bool { return a.ShrinkFrom == "100Gi" }, false},
		"Later":      {"what is pending is removed", authz.Authorisation{}, map[string]any{"startTime": "2099-01-01T00:00:00Z"}, true, fieldStart, ReasonLater, func(a authz.Authorisation) bool { return a.StartTime.Before(start) }, false},
		"LaterYet":   {"what has not begun may", authz.Authorisation{StartTime: start.Add(day)}, map[string]any{"startTime": "2099-01-01T00:00:00Z"}, true, "", "", func(a authz.Authorisation) bool { return a.StartTime.Year() == 2099 }, false},
		"LongAgo":    {"the days of grace begin now", authz.Authorisation{}, map[string]any{"endTime": "2024-07-01T00:00:00Z"}, true, "", "", func(a authz.Authorisation) bool { return a.EndTime.Equal(start) }, true},
		"Earlier":    {"nor are they cut afterwards", authz.Authorisation{EndTime: start.Add(-time.Hour)}, map[string]any{"endTime": "2024-07-01T00:00:00Z"}, true, "", "", func(a authz.Authorisation) bool { return a.EndTime.Equal(start.Add(-time.Hour)) }, false},
		"Renewed":    {"it goes on", authz.Authorisation{EndTime: start.Add(-day)}, map[string]any{"endTime": "2028-01-01T00:00:00Z"}, false, "", "", func(a authz.Authorisation) bool { return a.EndTime.Year() == 2028 }, false},
		"NextYear":   {"an end of next year is no end", authz.Authorisation{}, map[string]any{"endTime": "2027-12-01T00:00:00Z"}, false, "", "", func(a authz.Authorisation) bool { return a.EndTime.Year() == 2027 }, false},
		"Tomorrow":   {"one of tomorrow is", authz.Authorisation{}, map[string]any{"endTime": "2026-11-01T12:00:00Z"}, false, fieldEnd, ReasonMany, func(a authz.Authorisation) bool { return a.EndTime.IsZero() && a.Replicas == 2 }, false},
		"NoRoom":     {"the cap is reached", authz.Authorisation{}, map[string]any{"endTime": "2024-07-01T00:00:00Z"}, false, fieldEnd, ReasonMany, func(a authz.Authorisation) bool { return a.EndTime.IsZero() }, false},
		"Dropped": {"SPS names it no more", authz.Authorisation{Storage: "80Gi", Replicas: 5}, nil, true, "", "", func(a authz.Authorisation) bool {
			return a.EndTime.Equal(start) && a.Storage == "80Gi" && a.Replicas == 5
		}, true},
		"DroppedNoRoom":  {"the cap is reached", authz.Authorisation{}, nil, false, fieldEnd, ReasonMany, nil, false},
		"DroppedEnded":   {"it had ended by itself", authz.Authorisation{EndTime: start.Add(-day)}, nil, true, "", "", nil, false},
		"DroppedPending": {"it never begins, and nothing of it runs", authz.Authorisation{StartTime: start.Add(day)}, nil, true, "", "", func(a authz.Authorisation) bool { return a.EndTime.Equal(a.StartTime) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			st := holding(t, tc.old, "swg")
			p, err := decision{now: start, room: tc.room, state: st}.merge(saying(t, tc.says))
			if err != nil {
				t.Fatal(err)
			}
			if p.ends != tc.ends {
				t.Errorf("ends = %v, want %v: %s", p.ends, tc.ends, tc.reason)
			}
			if (len(p.held) == 1) != (tc.held != "") || tc.held != "" && (p.held[0].Field != tc.held || p.held[0].Reason != tc.why) {
				t.Errorf("held %+v, want %q: %s", p.held, tc.held, tc.reason)
			}
			i := slices.IndexFunc(p.writes, func(w write) bool { return !w.key.Product.IsZero() })
			if (i >= 0) != (tc.want != nil) {
				t.Fatalf("writes %+v, want one = %v: %s", p.writes, tc.want != nil, tc.reason)
			}
			if i < 0 {
				return
			}
			a, err := authz.DecodeAuthorisation(p.writes[i].key, p.writes[i].value)
			if err != nil || !tc.want(a) || p.writes[i].mod != 7 {
				t.Errorf("writes %s, %v, over revision %d: %s", p.writes[i].value, err, p.writes[i].mod, tc.reason)
			}
		})
	}
}

// A right that SPS never named is not ended by its silence, nor is one that
// cannot be read touched by it.
func TestMergeLeavesAlone(t *testing.T) {
	t.Parallel()
	theirs := holding(t, authz.Authorisation{})
	broken := holding(t, authz.Authorisation{}, "swg")
	broken.rights[product("swg")] = stored{[]byte("{"), 7}
	for name, st := range map[string]state{"Theirs": theirs, "Broken": broken} {
		p, err := decision{now: start, room: true, state: st}.merge(saying(t, nil))
		if err != nil || len(p.writes) != 1 || p.ends || len(p.held) > 0 {
			t.Errorf("%s: merge() = %+v, %v, want the tenant's own record only", name, p, err)
		}
	}
}

func TestWeigh(t *testing.T) {
	t.Parallel()
	doc := func(revision int64, digest string) sps.Document {
		return sps.Document{ID: tenantID("1"), Revision: revision, Digest: digest}
	}
	for name, tc := range map[string]struct {
		reason string
		book   Book
		doc    sps.Document
		want   verdict
		fails  bool
	}{
		"First":        {"nothing is written", Book{}, doc(1, "a"), fresh, false},
		"Newer":        {"a newer revision", Book{Revision: 1, Digest: "a"}, doc(2, "a"), fresh, false},
		"Equal":        {"the same revision", Book{Revision: 2, Digest: "a"}, doc(2, "a"), same, false},
		"Disputed":     {"one revision says one thing", Book{Revision: 2, Digest: "a"}, doc(2, "b"), disputed, false},
		"Older":        {"an older one", Book{Revision: 2, Digest: "a"}, doc(1, "b"), stale, false},
		"OlderEnded":   {"also of who is gone", Book{Revision: 2, Digest: "a", Ended: true}, doc(1, "b"), stale, false},
		"EqualEnded":   {"it came back as it was", Book{Revision: 2, Digest: "a", Ended: true}, doc(2, "a"), fresh, false},
		"EqualAbsent":  {"it was found again", Book{Revision: 2, Digest: "a", Absent: []string{"l"}}, doc(2, "a"), fresh, false},
		"NoCount":      {"SPS counts none", Book{Digest: "a"}, doc(0, "b"), fresh, false},
		"NoCountEqual": {"and says the same", Book{Digest: "a"}, doc(0, "a"), same, false},
		"Begins":       {"SPS begins to count", Book{Digest: "a"}, doc(1, "a"), fresh, false},
		"Stops":        {"it cannot stop", Book{Revision: 2, Digest: "a"}, doc(0, "b"), stale, true},
	} {
		if got, err := tc.book.weigh(tc.doc); got != tc.want || (err != nil) != tc.fails {
			t.Errorf("%s: weigh() = %d, %v, want %d: %s", name, got, err, tc.want, tc.reason)
		}
	}
}

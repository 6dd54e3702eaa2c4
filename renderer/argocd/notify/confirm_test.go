package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// looker shows Applications: one answer after another, the last for ever.
type looker struct {
	refresher
	shows map[string][]Seen
	looks map[string]int
	err   error
}

func (l *looker) Seen(_ context.Context, name string) (Seen, bool, error) {
	all := l.shows[name]
	if len(all) == 0 || l.err != nil {
		return Seen{}, false, l.err
	}
	n := min(l.looks[name], len(all)-1)
	l.looks[name]++
	return all[n], true, nil
}

// Two pushes come within a second: Argo CD has seen the first and takes the
// request for the second away with that look. Who shows it is asked nothing.
func TestConfirm(t *testing.T) {
	root := manifest.EnvironmentPath(env) + "/"
	p := Push{Environment: env, Before: "c2", After: "c3", Passed: []string{"c2b"}, Paths: []string{root + "rings/canary/sluice.yaml"}}
	for name, tc := range map[string]struct {
		reason string
		shows  []Seen
		want   int
	}{
		"Lost":     {"it shows the push before for ever", []Seen{{Commit: "c2"}}, asks},
		"Again":    {"the request is lost, too", []Seen{{Commit: "c2"}, {Commit: "c2"}, {Commit: "c2"}, {Commit: "c3"}}, 2},
		"Late":     {"it came to it by itself", []Seen{{Commit: "c2"}, {Commit: "c3"}}, 0},
		"Newer":    {"somebody else pushed meanwhile, and that has its own notice", []Seen{{Commit: "c2"}, {Commit: "c4"}}, 0},
		"Between":  {"it came to the push before, and took the request for this one away with that look", []Seen{{Commit: "c1"}, {Commit: "c2"}, {Commit: "c3"}}, 1},
		"Merged":   {"it came to one of the pushes that the notice is of", []Seen{{Commit: "c1"}, {Commit: "c2b"}, {Commit: "c3"}}, 1},
		"There":    {"it was faster", []Seen{{Commit: "c3"}}, 0},
		"Asked":    {"it was asked to look, and did not yet", []Seen{{Commit: "c2"}, {Commit: "c2", Asked: true}}, 0},
		"NotThere": {"its parent makes it, and it is looked at then", nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			l := &looker{shows: map[string][]Seen{"pop-canary": tc.shows}, looks: map[string]int{}}
			if err := (Confirm{Applications: l, Patience: time.Nanosecond}).Send(t.Context(), p); err != nil || len(l.asked) != tc.want {
				t.Errorf("%s: Send() asked for %q (%v), want %d requests", tc.reason, l.asked, err, tc.want)
			}
		})
	}
	for _, l := range []*looker{
		{err: errors.New("away")},
		{refresher: refresher{all: true}, shows: map[string][]Seen{"pop-canary": {{Commit: "c1"}}}, looks: map[string]int{}},
	} {
		if err := (Confirm{Applications: l, Patience: time.Nanosecond}).Send(t.Context(), p); err == nil {
			t.Error("Send() = nil, want the error of the cluster")
		}
	}
	p.Paths = nil
	l := &looker{shows: map[string][]Seen{"pop": {{Commit: "c1"}, {Commit: "somebody's"}, {Commit: "c3"}}}, looks: map[string]int{}}
	if err := (Confirm{Applications: l, Patience: time.Nanosecond}).Send(t.Context(), p); err != nil || !slices.Equal(l.asked, []string{"pop"}) {
		t.Errorf("Send() of everything asked for %q (%v), want the fleet, whatever commit it came to", l.asked, err)
	}
}

// A push of many costs a bounded number of looks.
func TestConfirmIsBounded(t *testing.T) {
	l := &looker{shows: map[string][]Seen{}, looks: map[string]int{}}
	p := Push{Environment: env, After: "c2"}
	for i := range 80 {
		tenant := ident.Must[ident.TenantKind](fmt.Sprint(1000000 + i))
		p.Paths = append(p.Paths, manifest.EnvironmentPath(env)+"/"+manifest.OverlayPath(tenant, swg, v202)+"/sluice.yaml")
		l.shows[manifest.AppProduct(env, tenant, swg)] = []Seen{{Commit: "c1"}}
	}
	if err := (Confirm{Applications: l, Patience: time.Nanosecond}).Send(t.Context(), p); err != nil || len(l.looks) != 50 || len(l.asked) != asks*50 {
		t.Errorf("Send() looked at %d and asked for %d (%v), want 50 each time", len(l.looks), len(l.asked), err)
	}
}

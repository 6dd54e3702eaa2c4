package unblock_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

const env = "pop"

// argo plays Argo CD: an operation that is told to end is over at the next
// look, and the Application then syncs its present source.
type argo struct {
	apps    []unblock.Application
	changed map[string]int // how often Terminate fails for another's change
	// after is what the end of an Application's operation does to the others.
	after map[string]func(a *argo)
	ended []string

	refreshed []string
	looks     int
	// each is called before every look.
	each func(a *argo)
}

func (a *argo) Applications(_ context.Context, environment string) ([]unblock.Application, error) {
	a.looks++
	if a.each != nil {
		a.each(a)
	}
	for i := range a.apps {
		app := &a.apps[i]
		if app.Phase != "Terminating" {
			continue
		}
		app.Phase, app.Syncing, app.Operated, app.Compared = "Succeeded", app.Source, app.Revision, app.Source
		if then := a.after[app.Name]; then != nil {
			then(a)
		}
	}
	return append([]unblock.Application(nil), a.apps...), nil
}

func (a *argo) Refresh(_ context.Context, app unblock.Application) error {
	a.refreshed = append(a.refreshed, app.Name)
	return nil
}

func (a *argo) Terminate(_ context.Context, app unblock.Application) error {
	if a.changed[app.Name] > 0 {
		a.changed[app.Name]--
		return unblock.ErrChanged
	}
	a.ended = append(a.ended, app.Name)
	a.at(app.Name).Phase = "Terminating"
	return nil
}

func (a *argo) at(name string) *unblock.Application {
	for i := range a.apps {
		if a.apps[i].Name == name {
			return &a.apps[i]
		}
	}
	return nil
}

// app is an Application at rest on source "1" of commit "c1".
func app(name, level string, change func(*unblock.Application)) unblock.Application {
	a := unblock.Application{Name: name, Level: level, Source: "1", Syncing: "1", Compared: "1", Revision: "c1", Operated: "c1", Synced: true, Phase: "Succeeded"}
	if change != nil {
		change(&a)
	}
	return a
}

func running(a *unblock.Application) {
	a.Phase, a.Message = "Running", "waiting for healthy state of argoproj.io/Application/pop-canary"
}
func handing(a *unblock.Application) {
	running(a)
	a.Synced = false
}
func hanging(a *unblock.Application)  { a.Phase, a.Syncing, a.Operated = "Running", "2", "c2" }
func newer(a *unblock.Application)    { a.Phase, a.Operated = "Running", "c0" }
func noResult(a *unblock.Application) { a.Phase, a.Syncing = "Running", "" }

func TestUnblock(t *testing.T) {
	cases := map[string]struct {
		reason  string
		apps    []unblock.Application
		abort   bool
		changed map[string]int
		after   map[string]func(*argo)
		want    []string
	}{
		"Rest":               {reason: "nothing hangs", apps: []unblock.Application{app(env, "fleet", nil)}},
		"Waits":              {reason: "an operation that does what is asked for goes on", apps: []unblock.Application{app(env, "fleet", running), app("pop-1-web", "product", running)}},
		"NoResult":           {reason: "an operation that has just begun is judged later", apps: []unblock.Application{app(env, "fleet", nil), app("pop-1-web", "product", noResult)}},
		"OtherCommitBelow":   {reason: "below the fleet the commit says nothing: the source does", apps: []unblock.Application{app(env, "fleet", nil), app("pop-1-web", "product", newer)}},
		"FleetNewer":         {reason: "a newer commit waits for the fleet", apps: []unblock.Application{app(env, "fleet", newer)}, want: []string{env}},
		"Descendant":         {reason: "its source moved on", apps: []unblock.Application{app("pop-1-web", "product", hanging), app(env, "fleet", nil)}, want: []string{"pop-1-web"}},
		"Order":              {reason: "parents first", apps: []unblock.Application{app("a", "product", hanging), app("b", "tenant", hanging), app("c", "ring", hanging), app(env, "fleet", newer)}, want: []string{env, "c", "b", "a"}},
		"Abort":              {reason: "the fleet's operation ends although it is up to date", apps: []unblock.Application{app(env, "fleet", running), app("pop-1-web", "product", running)}, abort: true, want: []string{env}},
		"AbortNothing":       {reason: "there is nothing to abort", apps: []unblock.Application{app(env, "fleet", nil)}, abort: true},
		"ChangedMeanwhile":   {reason: "it is judged anew and ended then", apps: []unblock.Application{app(env, "fleet", newer)}, changed: map[string]int{env: 2}, want: []string{env}},
		"AbortThoughItMoved": {reason: "an abort is not lost to a change", apps: []unblock.Application{app(env, "fleet", running)}, abort: true, changed: map[string]int{env: 1}, want: []string{env}},
		"LevelByLevel": {
			reason: "the child hangs only when its parent has moved it on",
			apps:   []unblock.Application{app(env, "fleet", newer), app("pop-1-web", "product", running)},
			after:  map[string]func(*argo){env: func(a *argo) { a.at("pop-1-web").Source, a.at("pop-1-web").Compared = "0", "0" }},
			want:   []string{env, "pop-1-web"},
		},
		"AbortOnce": {
			reason: "what follows the aborted operation is not aborted",
			apps:   []unblock.Application{app(env, "fleet", running)}, abort: true,
			after: map[string]func(*argo){env: func(a *argo) { a.at(env).Phase = "Running" }},
			want:  []string{env},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			a := &argo{apps: tc.apps, changed: tc.changed, after: tc.after}
			var heard []string
			err := unblock.Unblock(t.Context(), a, env, unblock.Options{
				Abort: tc.abort, Interval: time.Millisecond, Timeout: 5 * time.Second,
				Ended: func(a unblock.Application) { heard = append(heard, a.Name) },
			})
			if err != nil {
				t.Fatalf("%s: Unblock() = %v", tc.reason, err)
			}
			if diff := cmp.Diff(tc.want, a.ended); diff != "" {
				t.Errorf("%s: ended -want +got:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.want, heard); diff != "" {
				t.Errorf("%s: heard of -want +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestUnblockTimeout(t *testing.T) {
	a := &argo{apps: []unblock.Application{app(env, "fleet", nil), app("pop-1", "tenant", func(a *unblock.Application) { a.Compared = "0" })}}
	var waited []string
	err := unblock.Unblock(t.Context(), a, env, unblock.Options{Interval: time.Millisecond, Timeout: 50 * time.Millisecond,
		Waiting: func(moving []string) { waited = append(waited, strings.Join(moving, " ")) }})
	if len(waited) != 1 || !strings.Contains(waited[0], env) {
		t.Errorf("told of %q, want what is waited for once", waited)
	}
	if fault.ClassOf(err) != fault.Retry || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Unblock() = %v of class %s, want the deadline, to be tried again", err, fault.ClassOf(err))
	}
}

// An environment that is misspelt is told with the fleet that seems to be meant.
func TestUnblockNamesTheNeighbour(t *testing.T) {
	a := &argo{apps: []unblock.Application{app("pop-sha1", "fleet", nil), app("edge", "fleet", nil)}}
	for name, want := range map[string]string{"pop-sah1": `did you mean "pop-sha1"?`, "zzzzzzzz": "name an environment that Argo CD has"} {
		if err := unblock.Unblock(t.Context(), a, name, unblock.Options{}); !strings.HasPrefix(fault.HintOf(err), want) {
			t.Errorf("Unblock(%q) = %v with hint %q, want %q", name, err, fault.HintOf(err), want)
		}
	}
}

func TestUnblockUnknownEnvironment(t *testing.T) {
	a := &argo{apps: []unblock.Application{app("pop-1", "tenant", nil)}}
	if err := unblock.Unblock(t.Context(), a, env, unblock.Options{}); fault.HintOf(err) == "" {
		t.Errorf("Unblock() = %v, want an error with a hint", err)
	}
}

// A level that has something to hand down is waited for, however long that takes.
func TestUnblockWaitsForLevels(t *testing.T) {
	cases := map[string]struct {
		reason string
		change func(*unblock.Application)
		fleet  func(*unblock.Application) // nil is at rest
	}{
		"Refreshing":    {"it has not looked at its branch", func(a *unblock.Application) { a.Refreshing = true }, nil},
		"OutOfSync":     {"it will sync", func(a *unblock.Application) { a.Synced, a.Operated = false, "c0" }, nil},
		"NotCompared":   {"it has not seen its source", func(a *unblock.Application) { a.Compared = "0" }, nil},
		"TenantRunning": {"it hands versions on", handing, nil},
		"FleetRunning":  {"a later ring has not what Git gives it", nil, handing},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			a := &argo{apps: []unblock.Application{app(env, "fleet", tc.fleet), app("pop-main", "ring", nil), app("pop-1", "tenant", tc.change), app("pop-1-web", "product", running)}}
			a.each = func(a *argo) {
				if a.looks == 30 { // only now the product is moved on
					*a.at(env), *a.at("pop-1") = app(env, "fleet", running), app("pop-1", "tenant", nil)
					a.at("pop-1-web").Source, a.at("pop-1-web").Compared = "0", "0"
				}
			}
			if err := unblock.Unblock(t.Context(), a, env, unblock.Options{Interval: time.Millisecond, Timeout: 5 * time.Second}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"pop-1-web"}, a.ended); diff != "" {
				t.Errorf("%s: ended -want +got:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff([]string{env, "pop-main"}, a.refreshed); diff != "" {
				t.Errorf("refreshed -want +got:\n%s", diff)
			}
		})
	}
}

// What failed with what is asked for now is not tried again, and is not waited for.
func TestUnblockLeavesFailures(t *testing.T) {
	a := &argo{apps: []unblock.Application{app(env, "fleet", func(a *unblock.Application) { a.Phase, a.Synced = "Failed", false })}}
	if err := unblock.Unblock(t.Context(), a, env, unblock.Options{Interval: time.Millisecond, Timeout: 5 * time.Second}); err != nil || len(a.ended) > 0 {
		t.Errorf("Unblock() = %v, ended %v, want nothing to do", err, a.ended)
	}
}

package timeline_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// script writes a log from lines "second name version health"; a line that begins with = is a mark.
func script(t *testing.T, lines ...string) *timeline.Log {
	t.Helper()
	l := timeline.New()
	for i, line := range lines {
		at := start.Add(time.Duration(i) * time.Second)
		if mark, ok := strings.CutPrefix(line, "="); ok {
			l.Mark(at, "%s", mark)
			continue
		}
		f := strings.Fields(line)
		l.Add(timeline.Event{
			At: at, Object: timeline.Object{Kind: "Deployment", Namespace: "t", Name: f[0]},
			State: timeline.State{Version: f[1], Health: timeline.Health(f[2]), Wave: "0"},
		})
	}
	return l
}

func of(name, version string, h timeline.Health) timeline.Match {
	return timeline.Match{Kind: "Deployment", Name: name, Version: version, Health: h}
}

func TestLogKeepsChangesOnly(t *testing.T) {
	l := script(t, "a 1 Progressing", "a 1 Progressing", "a 1 Healthy", "b 1 Gone", "a 1 Gone", "a 1 Gone", "a 1 Healthy")
	var got []string
	for _, e := range l.Events() {
		got = append(got, e.Object.Name+" "+string(e.State.Health))
	}
	want := []string{"a Progressing", "a Healthy", "a Gone", "a Healthy"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Events() -want +got:\n%s", diff)
	}
}

func TestOrder(t *testing.T) {
	good := []string{"a 2 Progressing", "b 2 Progressing", "a 2 Healthy", "b 2 Healthy", "c 2 Progressing", "c 2 Healthy"}
	leak := []string{"a 2 Progressing", "b 2 Progressing", "a 2 Healthy", "c 2 Progressing", "b 2 Healthy", "c 2 Healthy"}
	cases := map[string]struct {
		reason string
		lines  []string
		check  func(timeline.Events) error
		broken bool
	}{
		"AllBefore": {"both of the first wave are healthy before the second begins", good, func(es timeline.Events) error {
			return es.AllBefore(of("[ab]", "2", timeline.Healthy), of("c", "2", ""))
		}, false},
		"AllBeforeLeak": {"one of the first wave is late", leak, func(es timeline.Events) error {
			return es.AllBefore(of("[ab]", "2", timeline.Healthy), of("c", "2", ""))
		}, true},
		"AllBeforeNoFirst": {"an order of nothing proves nothing", good, func(es timeline.Events) error {
			return es.AllBefore(of("z", "2", timeline.Healthy), of("c", "2", ""))
		}, true},
		"AllBeforeNoSecond": {"an order towards nothing proves nothing", good, func(es timeline.Events) error {
			return es.AllBefore(of("a", "2", timeline.Healthy), of("z", "2", ""))
		}, true},
		"InOrder": {"first events one after another", good, func(es timeline.Events) error {
			return es.InOrder(of("a", "", ""), of("b", "", ""), of("c", "", ""))
		}, false},
		"InOrderWrong": {"the other way round", good, func(es timeline.Events) error {
			return es.InOrder(of("c", "", ""), of("a", "", ""))
		}, true},
		"InOrderSame": {"one event is not before itself", good, func(es timeline.Events) error {
			return es.InOrder(of("a", "", ""), of("a", "2", ""))
		}, true},
		"InOrderMissing": {"an event that never came", good, func(es timeline.Events) error {
			return es.InOrder(of("a", "", ""), of("a", "3", ""))
		}, true},
		"Spaced": {"two seconds between", good, func(es timeline.Events) error {
			return es.Spaced(of("a", "2", timeline.Healthy), of("c", "2", ""), 2*time.Second)
		}, false},
		"SpacedTooClose": {"a soak cut short", good, func(es timeline.Events) error {
			return es.Spaced(of("a", "2", timeline.Healthy), of("c", "2", ""), 3*time.Second)
		}, true},
		"Never": {"nothing degraded", good, func(es timeline.Events) error {
			return es.Never(of("", "", timeline.Degraded))
		}, false},
		"NeverBroken": {"something healthy", good, func(es timeline.Events) error {
			return es.Never(of("", "", timeline.Healthy))
		}, true},
		"Not": {"an event that is anything but healthy", good, func(es timeline.Events) error {
			return es.Never(timeline.Match{Name: "a", Health: timeline.Healthy, Not: true})
		}, true},
		"BadPattern": {"a malformed pattern chooses nothing", good, func(es timeline.Events) error {
			return es.InOrder(of("[", "", ""))
		}, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			err := tc.check(script(t, tc.lines...).Events())
			if errors.Is(err, timeline.ErrOrder) != tc.broken {
				t.Errorf("%s: got %v, want an error: %v", tc.reason, err, tc.broken)
			}
		})
	}
}

// Whatever the run, if all healthy events come before all later ones AllBefore holds, and swapping one across breaks it.
func TestAllBeforeProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(t, "n")
		late := rapid.IntRange(0, n-1).Draw(t, "late")
		leak := rapid.Bool().Draw(t, "leak")
		var es timeline.Events
		add := func(name string) {
			es = append(es, timeline.Event{Object: timeline.Object{Name: name}, State: timeline.State{Health: timeline.Healthy}})
		}
		for i := range n {
			if !leak || i != late {
				add("a" + string(rune('0'+i)))
			}
		}
		add("b")
		if leak {
			add("a" + string(rune('0'+late)))
		}
		err := es.AllBefore(timeline.Match{Name: "a*"}, timeline.Match{Name: "b"})
		if (err != nil) != leak {
			t.Fatalf("AllBefore() of %v = %v, want an error: %v", es, err, leak)
		}
	})
}

func TestAfter(t *testing.T) {
	es := script(t, "a 1 Healthy", "=push", "a 2 Progressing", "=push", "a 2 Healthy").Events()
	if got := len(es.After(timeline.Match{Mark: "push"})); got != 1 {
		t.Errorf("After(push) = %d events, want 1", got)
	}
	if got := len(es.After(timeline.Match{Mark: "never"})); got != len(es) {
		t.Errorf("After(never) = %d events, want all", got)
	}
}

func TestWait(t *testing.T) {
	l := timeline.New()
	healthy := func(l *timeline.Log) bool { _, ok := l.Events().First(of("", "", timeline.Healthy)); return ok }
	go func() {
		for _, h := range []timeline.Health{timeline.Progressing, timeline.Healthy} {
			l.Add(timeline.Event{Object: timeline.Object{Kind: "Deployment", Name: "a"}, State: timeline.State{Health: h}})
		}
	}()
	if err := l.Wait(t.Context(), "health", healthy); err != nil {
		t.Errorf("Wait() = %v, want nil", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := l.Wait(ctx, "more", func(*timeline.Log) bool { return false }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Wait() for what never comes = %v, want %v", err, context.DeadlineExceeded)
	}
}

func TestText(t *testing.T) {
	var out bytes.Buffer
	if err := script(t, "a 1 Progressing", "=push", "a 2 Healthy").Events().Text(&out); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"+0.000s Deployment t/a Progressing 1",
		"+1.000s == push",
		"+2.000s Deployment t/a Healthy 2",
	}
	var got []string
	for line := range strings.Lines(out.String()) {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Text() -want +got:\n%s", diff)
	}
	if err := (timeline.Events{}).Text(io.Discard); err != nil {
		t.Errorf("Text() of nothing = %v, want nil", err)
	}
}

// The picture is well-formed whatever stands in names and marks, and shows every object once.
func TestSVG(t *testing.T) {
	l := script(t, "a 1 Progressing", "=push <b>&", "a 2 Healthy", "b<& 1 Degraded", "a 2 Gone", "a 2 Healthy")
	var out bytes.Buffer
	if err := l.Events().SVG(&out, timeline.Picture{Title: `"<&>"`}); err != nil {
		t.Fatal(err)
	}
	var texts []string
	d := xml.NewDecoder(&out)
	for inside := false; ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("SVG() is not well-formed: %v", err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			inside = e.Name.Local == "text"
		case xml.CharData:
			if inside {
				texts = append(texts, string(e))
			}
		case xml.EndElement:
			inside = false
		}
	}
	all := strings.Join(texts, "\n") + "\n"
	for _, want := range []string{"Deployment t/a  (wave 0)", "Deployment t/b<&  (wave 0)", "push <b>&", `"<&>"`} {
		if strings.Count(all, want+"\n") != 1 {
			t.Errorf("SVG() has the text %q %d times, want once; texts:\n%s", want, strings.Count(all, want+"\n"), all)
		}
	}
	if err := (timeline.Events{}).SVG(io.Discard, timeline.Picture{}); err != nil {
		t.Errorf("SVG() of nothing = %v, want nil", err)
	}
}

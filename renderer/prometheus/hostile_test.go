package prometheus_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/prometheus"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// answers is a server that answers each query with the same.
func answers(t *testing.T, status int, body string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

const one = `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"1"]}]}}`

// TestHostileAnswers are no values, and each says why on one short line.
func TestHostileAnswers(t *testing.T) {
	tests := map[string]struct {
		status     int
		body, says string
	}{
		"Redirect":  {302, one, "redirects"},
		"Failure":   {500, "<html>\nsecret", "server"},
		"Denied":    {401, "", "401"},
		"Page":      {200, "<html>\n", "invalid character"},
		"Empty":     {200, "", "bad_response"},
		"Half":      {200, one[:len(one)-9], "bad_response"},
		"Endless":   {200, `{"status":"success","data":{"resultType":"string","result":[1,"` + strings.Repeat("x", 2<<20) + `"]}}`, "bad_response"},
		"Warning":   {200, `{"status":"success","warnings":["a store\nis away"],"data":{"resultType":"vector","result":[{"metric":{},"value":[1,"1"]}]}}`, "it warns"},
		"Histogram": {200, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1,{"count":"1","sum":"1","buckets":[]}]}]}}`, "histogram"},
		"Unknown":   {200, `{"status":"success","data":{"resultType":"tensor","result":[]}}`, "unknown value type"},
		"Message":   {400, `{"status":"error","errorType":"bad_data","error":"no\n\u001b[31m` + strings.Repeat("y", 9999) + `"}`, "bad_data"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := client(t, prometheus.Options{}).Value(t.Context(), answers(t, tc.status, tc.body), "up")
			if err == nil {
				t.Fatalf("Value = %v, want an error", got)
			}
			if s := err.Error(); !strings.Contains(s, tc.says) || strings.ContainsAny(s, "\n\x1b") || len(s) > 300 || strings.Contains(s, "secret") {
				t.Errorf("Value: %q, want one short line with %q", s, tc.says)
			}
		})
	}
}

// TestTokens go to their own server and to no other.
func TestTokens(t *testing.T) {
	var got []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("Authorization"))
		fmt.Fprint(w, one)
	}))
	defer s.Close()
	other := httptest.NewServer(s.Config.Handler)
	defer other.Close()
	file := filepath.Join(t.TempDir(), "token")
	write(t, file, "first\n")
	c := client(t, prometheus.Options{Tokens: map[string]string{s.URL: file}})
	for i, server := range []string{s.URL, s.URL + "/below", other.URL} {
		if i == 1 {
			write(t, file, "second\n")
		}
		if _, err := c.Value(t.Context(), server, "up"); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"Bearer first", "Bearer second", ""}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("tokens = %q, want %q", got, want)
	}
	for name, origin := range map[string]string{"Path": "https://a.example/b", "Plain": "http://a.example", "Bare": "a.example", "Other": "file://x"} {
		if _, err := prometheus.NewClient(prometheus.Options{Tokens: map[string]string{origin: file}}); err == nil || fault.HintOf(err) == "" {
			t.Errorf("%s: NewClient with a token for %q = %v, want it refused with a hint", name, origin, err)
		}
	}
}

// TestSilenceEnds: a server that does not answer costs the caller's time only.
func TestSilenceEnds(t *testing.T) {
	hold := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hold }))
	defer s.Close()
	defer close(hold)
	why := errors.New("the look has ended")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, why)
	defer cancel()
	if _, err := client(t, prometheus.Options{}).Value(ctx, s.URL, "up"); !errors.Is(err, why) {
		t.Errorf("Value = %v, want %v", err, why)
	}
}

// seen shows nothing of Argo CD, or fails.
type seen struct{ err error }

func (s seen) Observe(context.Context, *rollout.Input, rollout.Rollouts) (rollout.Observation, error) {
	return rollout.Observation{Seen: true}, s.err
}

// TestObserve asks the gates of lanes that are proven, and of no others, once.
func TestObserve(t *testing.T) {
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.FormValue("query") == "broken" {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		fmt.Fprint(w, one)
	}))
	defer s.Close()
	swg, seg := ident.Must[ident.ProductKind]("swg"), ident.Must[ident.ProductKind]("seg")
	ring, later := ident.Must[ident.RingKind]("canary"), ident.Must[ident.RingKind]("main")
	v := ident.Must[ident.VersionKind]
	low, high := 0.5, 2.0
	gate := func(name, query string, p ident.Product, most float64) rollout.Gate {
		return rollout.Gate{Name: name, Product: p, Query: rollout.Query{Server: s.URL, Text: query, Max: &most}}
	}
	gates := []rollout.Gate{gate("good", "up", swg, high), gate("same", "up", swg, high), gate("bad", "up", swg, low), gate("broken", "broken", ident.Product{}, high), gate("other", "other", seg, high)}
	versions := map[ident.Product]ident.Version{swg: v("203")}
	in := &rollout.Input{Fleet: &rollout.Fleet{Rings: []rollout.Ring{{Name: ring, Versions: versions, Gates: gates}, {Name: later, Versions: versions, Gates: gates}}},
		Catalog: rollout.Catalog{swg: {v("203"): {}}}, Census: rollout.NewCensus(nil)}
	lane := rollout.Lane{At: []rollout.Segment{{To: rollout.End, Version: v("203")}}}
	waits := lane
	lane.Since = time.Unix(1, 0)
	r := rollout.Rollouts{Lanes: map[rollout.Key]rollout.Lane{{Ring: ring, Product: swg}: lane, {Ring: later, Product: swg}: waits}}
	o := &prometheus.Observer{Sight: seen{}, Client: client(t, prometheus.Options{})}
	got, err := o.Observe(t.Context(), in, r)
	if err != nil {
		t.Fatal(err)
	}
	m := got.Metrics[ring]
	if len(got.Metrics) != 1 || len(m) != 4 || m["good"].Verdict != rollout.Proven || m["same"].Verdict != rollout.Proven ||
		m["bad"] != (rollout.Metric{Verdict: rollout.Pending, Says: "1 is above 0.5"}) || m["broken"].Verdict != rollout.Unknown || !strings.Contains(m["broken"].Says, "503") {
		t.Errorf("Observe = %+v", got.Metrics)
	}
	if asked != 2 {
		t.Errorf("Observe asked %d times, want 2: each query once", asked)
	}
	o.Sight = seen{errors.New("away")}
	if _, err := o.Observe(t.Context(), in, r); err == nil {
		t.Error("Observe hides that Argo CD showed nothing")
	}
}

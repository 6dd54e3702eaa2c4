package telemetry

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What waits is shown until it moves, each environment for itself.
func TestWaiting(t *testing.T) {
	m := New("test")
	soak, ill := Wait{"canary", "swg", "soak"}, Wait{"main", "dsa", "degraded"}
	for name, tc := range []struct {
		reason, environment string
		now                 []Wait
		want                []string
	}{
		{"two wait", "local", []Wait{soak, ill}, []string{"canary swg soak", "main dsa degraded"}},
		{"another environment's are its own", "pop", []Wait{soak}, []string{"canary swg soak", "canary swg soak", "main dsa degraded"}},
		{"one moved", "local", []Wait{ill}, []string{"canary swg soak", "main dsa degraded"}},
		{"it ended there", "pop", nil, []string{"main dsa degraded"}},
		{"nothing waits", "local", nil, nil},
	} {
		m.Waiting(tc.environment, tc.now)
		w := httptest.NewRecorder()
		Handler(m, NewHealth()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		var got []string
		for _, l := range regexp.MustCompile(`(?m)^sluice_rollout_waiting\{environment="[a-z]+",product="([a-z]+)",reason="([a-z]+)",ring="([a-z]+)"\} 1$`).FindAllStringSubmatch(w.Body.String(), -1) {
			got = append(got, l[3]+" "+l[1]+" "+l[2])
		}
		if slices.Sort(got); !slices.Equal(got, tc.want) {
			t.Errorf("%d: Waiting(%s, %v) shows %q, want %q: %s", name, tc.environment, tc.now, got, tc.want, tc.reason)
		}
	}
}

// A share is shown while it is granted, with its newest value.
func TestGranted(t *testing.T) {
	m := New("test")
	show := func(now ...Grant) string {
		m.Granted("local", now)
		w := httptest.NewRecorder()
		Handler(m, NewHealth()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		return strings.Join(regexp.MustCompile(`(?m)^sluice_rollout_granted_ratio.*$`).FindAllString(w.Body.String(), -1), "\n")
	}
	series := func(version, value string) string {
		return `sluice_rollout_granted_ratio{environment="local",product="swg",ring="main",version="` + version + `"} ` + value
	}
	if got, want := show(Grant{"main", "swg", "200", 0.9}, Grant{"main", "swg", "202", 0.1}), series("200", "0.9")+"\n"+series("202", "0.1"); got != want {
		t.Errorf("a step shows\n%s\nwant\n%s", got, want)
	}
	if got, want := show(Grant{"main", "swg", "202", 1}), series("202", "1"); got != want {
		t.Errorf("the whole ring shows\n%s\nwant\n%s", got, want)
	}
}

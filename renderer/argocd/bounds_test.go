package argocd

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// small returns a client of a server whose bounds are the given ones.
func small(t *testing.T, bytes int64, patience time.Duration, answer http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewTLSServer(answer)
	t.Cleanup(s.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	c, err := New(&rest.Config{Host: s.URL, TLSClientConfig: rest.TLSClientConfig{CAData: ca}}, "argocd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	c.tables.(*rest.RESTClient).Client.Transport = bounded{c.transport, bytes}
	c.patience = patience
	return c
}

func TestAnswersAreBounded(t *testing.T) {
	c := small(t, 1000, time.Minute, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationList", "items": [], "filler": %q}`, strings.Repeat("x", 1000))
	})
	for name, call := range map[string]func() error{
		"Applications": func() error { _, err := c.Applications(t.Context(), "pop"); return err },
		"Unsettled":    func() error { _, _, err := c.Unsettled(t.Context(), "pop", ""); return err },
		"MayRefresh":   func() error { _, err := Named{c}.MayRefresh(t.Context(), "pop"); return err },
		"Each":         func() error { return Named{c}.Each(t.Context(), "", func([]byte) {}) },
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), "more than 1000 bytes") {
			t.Errorf("%s of a large answer = %v, want a refusal", name, err)
		}
	}
}

// A server that never answers, or puts off for an hour, is left after the
// client's patience.
func TestCallsEnd(t *testing.T) {
	short.Skip(t, "waits for answers")
	over := make(chan struct{})
	for name, answer := range map[string]http.HandlerFunc{
		"Silent": func(http.ResponseWriter, *http.Request) { <-over },
		"PutsOff": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusTooManyRequests)
		},
	} {
		c := small(t, most, 50*time.Millisecond, answer)
		for call, err := range map[string]error{
			"Refresh":    Named{c}.Refresh(t.Context(), "pop"),
			"MayRefresh": func() error { _, err := Named{c}.MayRefresh(t.Context(), "pop"); return err }(),
			"Each":       Named{c}.Each(t.Context(), "", func([]byte) {}),
			"Unsettled":  func() error { _, _, err := c.Unsettled(t.Context(), "pop", ""); return err }(),
			"List":       func() error { _, err := c.Applications(t.Context(), "pop"); return err }(),
		} {
			if fault.ClassOf(err) != fault.Retry || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %s() = %v of class %s, want its time to be over", name, call, err, fault.ClassOf(err))
			}
		}
	}
	close(over)
}

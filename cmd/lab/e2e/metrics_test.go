//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
)

// metricsGroup is the API of which autoscalers ask how much pods use.
const metricsGroup = "metrics.k8s.io/v1beta1"

// metrics is a metrics server: all containers of a product use what it is told.
type metrics struct {
	t      *testing.T
	client *kube.Client
	app    string       // the label app.kubernetes.io/name of the pods
	milli  atomic.Int64 // of a cpu, for each container
}

// serveMetrics registers a metrics server with the cluster. It goes before its
// registration would be a lie: what cannot be reached stops Argo CD's discovery.
func (s *site) serveMetrics(app string) *metrics {
	s.t.Helper()
	m := &metrics{t: s.t, client: s.client, app: app}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /apis/"+metricsGroup, m.resources)
	mux.HandleFunc("GET /apis/"+metricsGroup+"/namespaces/{namespace}/pods", m.pods)
	server := httptest.NewTLSServer(mux)
	s.t.Cleanup(server.Close)
	where, err := url.Parse(server.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	port, err := strconv.ParseInt(where.Port(), 10, 32)
	if err != nil {
		s.t.Fatal(err)
	}
	// A name outside the cluster: a lab has no network that leads to pods.
	service := kube.Object{"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"name": "metrics", "namespace": "kube-system"},
		"spec": map[string]any{"type": "ExternalName", "externalName": "localhost"}}
	registration := kube.Object{"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": map[string]any{"name": "v1beta1.metrics.k8s.io"},
		"spec": map[string]any{"group": "metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": int64(100), "versionPriority": int64(100),
			"insecureSkipTLSVerify": true, "service": map[string]any{"name": "metrics", "namespace": "kube-system", "port": port}}}
	if err := s.client.Apply(s.t.Context(), service, registration); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		for _, o := range []kube.Object{registration, service} {
			if err := s.client.Delete(ctx, o.Ref()); err != nil {
				s.t.Error(err)
			}
		}
	})
	return m
}

// use says how much each container uses from now on.
func (m *metrics) use(milli int64) { m.milli.Store(milli) }

// resources answers what the API has.
func (m *metrics) resources(w http.ResponseWriter, _ *http.Request) {
	m.answer(w, map[string]any{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": metricsGroup, "resources": []any{
		map[string]any{"name": "pods", "singularName": "", "namespaced": true, "kind": "PodMetrics", "verbs": []string{"get", "list"}}}})
}

// pods answers what the running pods of a namespace use.
func (m *metrics) pods(w http.ResponseWriter, r *http.Request) {
	pods, _, err := m.client.List(r.Context(), kube.Ref{APIVersion: "v1", Kind: "Pod", Namespace: r.PathValue("namespace")})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	items := []any{}
	for _, pod := range pods {
		if pod.Text("status", "phase") == "Running" && strings.Contains(r.FormValue("labelSelector"), m.app) && pod.Text("metadata", "labels", "app.kubernetes.io/name") == m.app {
			items = append(items, m.sample(pod))
		}
	}
	m.answer(w, map[string]any{"kind": "PodMetricsList", "apiVersion": metricsGroup, "metadata": map[string]any{}, "items": items})
}

// sample is what one pod uses.
func (m *metrics) sample(pod kube.Object) map[string]any {
	var containers []any
	list, _ := pod.Field("spec", "containers").([]any)
	for _, c := range list {
		c, _ := c.(map[string]any)
		containers = append(containers, map[string]any{"name": c["name"], "usage": map[string]any{"cpu": strconv.FormatInt(m.milli.Load(), 10) + "m", "memory": "1Mi"}})
	}
	return map[string]any{
		"metadata":  map[string]any{"name": pod.Ref().Name, "namespace": pod.Ref().Namespace, "labels": pod.Field("metadata", "labels")},
		"timestamp": time.Now().UTC().Format(time.RFC3339), "window": "1s", "containers": containers,
	}
}

func (m *metrics) answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(body); err != nil {
		m.t.Log(err) // the caller has gone
	}
}

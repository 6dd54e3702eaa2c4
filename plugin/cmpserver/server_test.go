package cmpserver_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/v2/cmpserver/apiclient"
	"github.com/argoproj/argo-cd/v2/util/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/gatorcloud/sluice/plugin"
	"github.com/gatorcloud/sluice/plugin/cmpserver"
	"github.com/gatorcloud/sluice/plugin/plugintest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
)

// running is a server on a socket, with what it wrote down.
type running struct {
	socket   string
	registry *prometheus.Registry
	log      *syncBuffer
	stop     context.CancelFunc
	done     chan error
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// engine is one for all tests, as it is one for all requests of a process.
var engine = sync.OnceValue(func() *overlay.Engine { return overlay.New(overlay.Options{}) })

// start serves o and stops with the test.
func start(t testing.TB, o cmpserver.Options) *running {
	t.Helper()
	// Socket paths are limited to 108 bytes, which t.TempDir exceeds.
	dir, err := os.MkdirTemp("", "cmp")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	r := &running{socket: filepath.Join(dir, "sluice.sock"), registry: prometheus.NewRegistry(), log: &syncBuffer{}, done: make(chan error, 1)}
	if o.Generator == nil {
		o.Generator = plugin.New(engine())
	}
	o.Metrics, o.Logger = cmpserver.NewMetrics(r.registry), slog.New(slog.NewJSONHandler(r.log, nil))
	l, err := cmpserver.Listen(r.socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	server := cmpserver.New(o)
	go func() { r.done <- server.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		select {
		case <-r.done:
		case <-time.After(30 * time.Second):
			t.Error("server did not stop")
		}
	})
	return r
}

// metric returns the sum of a counter's or gauge's series that have all the labels.
func (r *running) metric(t testing.TB, name string, labels ...string) float64 {
	t.Helper()
	families, err := r.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			have := map[string]string{}
			for _, l := range m.GetLabel() {
				have[l.GetName()] = l.GetValue()
			}
			match := true
			for i := 0; i < len(labels); i += 2 {
				match = match && have[labels[i]] == labels[i+1]
			}
			if match {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return sum
}

// dial connects as the repo-server does, which opens a connection for each request.
func (r *running) dial(t testing.TB) apiclient.ConfigManagementPluginServiceClient {
	t.Helper()
	closer, client, err := apiclient.NewConfigManagementPluginClientSet(r.socket).NewConfigManagementPluginClient()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closer.Close() })
	return client
}

// plain connects with nothing but gRPC, for clients that misbehave.
func (r *running) plain(t testing.TB) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient("unix:"+r.socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// repository writes directories below a root, as a checkout of the repository.
func repository(t testing.TB, dirs map[string]*tree.Dir) string {
	t.Helper()
	root := t.TempDir()
	for path, d := range dirs {
		for name, data := range d.Files() {
			file := filepath.Join(root, path, name)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return root
}

// application is one Application of the fixture as Argo CD describes it to a plugin.
type application struct {
	name, namespace, path, parameters string
	dir                               *tree.Dir
	more                              []string
}

func (a application) env() []string {
	return append([]string{
		"ARGOCD_APP_NAME=" + a.name, "ARGOCD_APP_NAMESPACE=" + a.namespace, "ARGOCD_APP_REVISION=0123456789", "ARGOCD_APP_SOURCE_PATH=" + a.path,
		"KUBE_VERSION=1.34.4", "ARGOCD_APP_PARAMETERS=" + a.parameters,
	}, a.more...)
}

func product() application {
	return application{"pop-sha1-1000006-swg", "tenant-1000006", plugintest.Path("1000006") + "/swg/202",
		`[{"name":"versions","map":{"swg":"202"}}]`, plugintest.Product().Dir(), nil}
}

func tenant() application {
	return application{"pop-sha1-1000006", "argocd", plugintest.Path("1000006") + "/base",
		`[{"name":"versions","map":{"swg":"202","dsa":"31"}}]`, plugintest.Base().Dir(), nil}
}

func ring() application {
	return application{"pop-sha1-canary", "argocd", "environments/pop-sha1/rings/canary",
		`[{"name":"versions","map":{"swg":"202","dsa":"31"}}]`, plugintest.Members(3).Dir(), nil}
}

// generate sends an Application as the repo-server does and returns the stream of manifests.
func generate(ctx context.Context, c apiclient.ConfigManagementPluginServiceClient, a application, root, base string) (string, error) {
	stream, err := c.GenerateManifest(ctx)
	if err != nil {
		return "", fmt.Errorf("opening stream: %w", err)
	}
	if err := cmp.SendRepoStream(stream.Context(), filepath.Join(root, a.path), filepath.Join(root, base), stream, a.env(), nil); err != nil {
		return "", fmt.Errorf("sending: %w", err)
	}
	r, err := stream.CloseAndRecv()
	if err != nil {
		return "", err
	}
	return strings.Join(r.Manifests, "---\n"), nil
}

func want(t testing.TB, a application) string {
	t.Helper()
	env := map[string]string{}
	for _, e := range a.env() {
		name, value, _ := strings.Cut(e, "=")
		env[name] = value
	}
	r, err := plugin.NewRequest(a.dir, func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	result, err := plugin.New(engine()).Generate(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return string(result.Stream())
}

// Argo CD's own client gets the manifests of every level, whether it sends the
// directory alone or the repository around it.
func TestGenerateManifest(t *testing.T) {
	s := start(t, cmpserver.Options{})
	for name, a := range map[string]application{"Product": product(), "Tenant": tenant(), "Ring": ring()} {
		t.Run(name, func(t *testing.T) {
			root := repository(t, map[string]*tree.Dir{a.path: a.dir, "environments/pop-sha1/tenants/99/99/9": plugintest.Product().Dir()})
			if err := os.Symlink("/etc/passwd", filepath.Join(root, "link")); err != nil {
				t.Fatal(err)
			}
			for what, base := range map[string]string{"the directory": a.path, "the repository": ""} {
				got, err := generate(t.Context(), s.dial(t), a, root, base)
				if err != nil || got != want(t, a) {
					t.Errorf("GenerateManifest(%s) = %s, %v, want %s", what, got, err, want(t, a))
				}
			}
		})
	}
	if got := s.metric(t, "sluice_cmp_requests_total", "method", "generate", "outcome", "ok"); got != 6 {
		t.Errorf("sluice_cmp_requests_total = %v, want 6", got)
	}
	if hit, miss := s.metric(t, "sluice_cmp_bases_total", "cache", "hit"), s.metric(t, "sluice_cmp_bases_total", "cache", "miss"); hit != 1 || miss != 1 {
		t.Errorf("sluice_cmp_bases_total = %v hits, %v misses, want 1, 1", hit, miss)
	}
	if got := s.metric(t, "sluice_cmp_request_seconds", "level", "ring"); got != 2 {
		t.Errorf("sluice_cmp_request_seconds{level=ring} = %v observations, want 2", got)
	}
	if got := s.metric(t, "sluice_cmp_received_bytes_total"); got < 1000 {
		t.Errorf("sluice_cmp_received_bytes_total = %v, want more than 1000", got)
	}
	if got := s.metric(t, "sluice_cmp_in_flight"); got != 0 {
		t.Errorf("sluice_cmp_in_flight = %v, want 0", got)
	}
	if !strings.Contains(s.log.String(), `"app":"pop-sha1-canary","level":"ring","outcome":"ok"`) {
		t.Errorf("log = %s, want a record of the ring's request", s.log)
	}
}

func TestListen(t *testing.T) {
	dir, err := os.MkdirTemp("", "cmp")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s.sock")
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmpserver.Listen(path); err == nil {
		t.Error("Listen(where another server answers) = nil, want an error")
	}
	stale.SetUnlinkOnClose(false)
	stale.Close()
	l, err := cmpserver.Listen(path)
	if err != nil {
		t.Fatalf("Listen(stale socket) = %v, want nil", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("socket has mode %v, %v, want 0660", info.Mode().Perm(), err)
	}
	l.Close()
	if _, err := os.Lstat(path); err == nil {
		t.Error("socket is left after Close")
	}
	if err := os.WriteFile(path, []byte("keep me"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := cmpserver.Listen(path); err == nil {
		t.Error("Listen(a file) = nil, want an error")
	}
	if data, err := os.ReadFile(path); string(data) != "keep me" {
		t.Errorf("the file holds %q, %v, want what it held", data, err)
	}
	if _, err := cmpserver.Listen(filepath.Join(dir, "none", "s.sock")); err == nil {
		t.Error("Listen(no folder) = nil, want an error")
	}
}

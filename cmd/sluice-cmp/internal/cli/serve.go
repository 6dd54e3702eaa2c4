package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/gatorcloud/sluice/plugin"
	"github.com/gatorcloud/sluice/plugin/cmpserver"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
)

// socketPath is where Argo CD's repo-server looks for a plugin called sluice.
const socketPath = "/home/argocd/cmp-server/plugins/sluice.sock"

// serving are the flags of serve.
type serving struct {
	socket, metrics, logLevel string
	keys                      string
	concurrency, queue        int
	timeout, drain            time.Duration
}

func serve(w world) *cobra.Command {
	var s serving
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve Argo CD's plugin service on the sidecar's socket",
		Long: `Serve Argo CD's ConfigManagementPluginService until SIGTERM, then finish what was
accepted. The plugin's name in Argo CD is the socket's name without ".sock".`,
		Example: "  sluice-cmp serve --socket /home/argocd/cmp-server/plugins/sluice.sock --metrics-addr :8090",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return s.run(cmd.Context(), w) },
	}
	f := cmd.Flags()
	f.StringVar(&s.socket, "socket", socketPath, "unix socket to listen on")
	f.StringVar(&s.keys, "seal-keys", w.getenv(envSealKeys), "`file` with the public keys, PEM, of which one must have signed a directory; without it a seal is a digest (SLUICE_SEAL_KEYS)")
	f.StringVar(&s.metrics, "metrics-addr", "127.0.0.1:8090", "address of Prometheus metrics at /metrics; empty for none")
	f.StringVar(&s.logLevel, "log-level", "info", "debug, info, warn or error")
	f.IntVar(&s.concurrency, "concurrency", 0, "requests worked on at once (default 4 for each CPU, fewer if GOMEMLIMIT is small)")
	f.IntVar(&s.queue, "queue", 0, "requests that may wait (default 4096)")
	f.DurationVar(&s.timeout, "timeout", 0, "longest time for a request (default 55s, below Argo CD's 60s)")
	f.DurationVar(&s.drain, "drain", 0, "longest time for accepted requests after SIGTERM (default 20s)")
	return cmd
}

func (s serving) run(ctx context.Context, w world) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.logLevel)); err != nil {
		return fault.Hintf("use debug, info, warn or error", "reading --log-level: %w", err)
	}
	if s.concurrency < 0 || s.queue < 0 || s.timeout < 0 || s.drain < 0 {
		return fault.Hintf("use 0 for the default", "reading flags: a limit is negative")
	}
	log := slog.New(slog.NewJSONHandler(w.stderr, &slog.HandlerOptions{Level: level}))
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	keys, err := trusted(s.keys)
	if err != nil {
		return err
	}
	if keys == nil {
		log.Warn("seals are digests: whoever can push can make one; see --seal-keys")
	}
	b := bounded(cmp.Or(s.concurrency, 4*runtime.GOMAXPROCS(0)), debug.SetMemoryLimit(-1))
	server := cmpserver.New(cmpserver.Options{
		Generator: plugin.NewTrusting(overlay.New(overlay.Options{Limits: b.builds}), keys), Logger: log, Metrics: cmpserver.NewMetrics(registry),
		Concurrency: b.concurrency, Limits: b.archives, Queue: s.queue, Timeout: s.timeout, Drain: s.drain,
	})
	stop, err := serveMetrics(s.metrics, registry)
	if err != nil {
		return err
	}
	defer stop()
	l, err := cmpserver.Listen(s.socket)
	if err != nil {
		return err
	}
	log.Info("serving", "socket", s.socket, "metrics", s.metrics, "version", readVersion().Version)
	return server.Serve(ctx, l)
}

// serveMetrics serves a registry at an address until stop is called; nothing
// when the address is empty.
func serveMetrics(address string, registry *prometheus.Registry) (stop func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fault.Hintf(`give another address, or --metrics-addr ""`, "serving metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l) // ends with Close, which is no error of ours
	}()
	return func() { _ = server.Close(); <-done }, nil
}

func probe(w world) *cobra.Command {
	var socket string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:     "probe",
		Short:   "Ask the server on the socket whether it serves",
		Long:    "Ask the server on the socket, sluice's or Argo CD's own, whether it serves.",
		Example: "  sluice-cmp probe",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			if err := ask(ctx, socket); err != nil {
				return fault.New(fault.Retry, "look at the server's log", "probing %q: %w", socket, err)
			}
			_, err := fmt.Fprintln(w.stdout, "serving")
			return err
		},
	}
	cmd.Flags().StringVar(&socket, "socket", socketPath, "unix socket to ask at")
	cmd.Flags().DurationVar(&timeout, "timeout", 3*time.Second, "longest time for an answer")
	return cmd
}

// ask returns nil when the health service at the socket says that it serves.
func ask(ctx context.Context, socket string) error {
	conn, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	answer, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	if err == nil && answer.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		err = fmt.Errorf("status is %s", answer.GetStatus())
	}
	return errors.Join(err, conn.Close())
}

package cmpserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"

	"github.com/gatorcloud/sluice/plugin"
	"github.com/gatorcloud/sluice/plugin/cmpserver/internal/wire"
	"github.com/gatorcloud/sluice/plugin/unpack"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Generator generates a directory; *plugin.Generator is one.
type Generator interface {
	Generate(ctx context.Context, r plugin.Request) (plugin.Result, error)
}

// Options configures a Server. Only Generator is needed.
type Options struct {
	Generator Generator
	// Logger gets one record for each request; nil for silence.
	Logger *slog.Logger
	// Metrics counts requests; nil for metrics that nobody reads.
	Metrics *Metrics
	// Concurrency is how many requests are worked on at once; 4 for each CPU when zero.
	Concurrency int
	// Queue is how many more may wait; 4096 when zero.
	Queue int
	// Timeout ends a request; 55 s when zero, below the 60 s of Argo CD.
	Timeout time.Duration
	// Drain is how long accepted requests may take once Serve was told to stop; 20 s when zero.
	Drain time.Duration
	// Limits bounds archives; zero fields take the value of unpack.Defaults.
	Limits unpack.Limits
	// Now is the clock for durations; time.Now when nil.
	Now func() time.Time
}

func (o Options) orDefaults() Options {
	o.Concurrency = cmp.Or(o.Concurrency, 4*runtime.GOMAXPROCS(0))
	o.Queue, o.Timeout, o.Drain = cmp.Or(o.Queue, 4096), cmp.Or(o.Timeout, 55*time.Second), cmp.Or(o.Drain, 20*time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(prometheus.NewRegistry())
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Server serves one generator. Make one with New.
type Server struct {
	options  Options
	metrics  *Metrics
	limiter  *limiter
	archives unpack.Reader
	grpc     *grpc.Server
	health   *health.Server
}

// maxMessage bounds one message: chunks have 1 KiB to 1 MiB, metadata what an
// Application's environment amounts to.
const maxMessage = 16 << 20

// window is how much of a stream may be under way, in bytes.
const window = 256 << 10

// serviceName is that of Argo CD's plugin.proto.
const serviceName = "plugin.ConfigManagementPluginService"

// New returns a server with the plugin's service and gRPC's health service.
func New(o Options) *Server {
	o = o.orDefaults()
	s := &Server{options: o, metrics: o.Metrics, limiter: newLimiter(o.Concurrency, o.Queue), health: health.NewServer()}
	s.grpc = grpc.NewServer(
		grpc.ForceServerCodecV2(wire.NewCodec()),
		grpc.MaxRecvMsgSize(maxMessage),
		// The repo-server pings every 20 s while it waits.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 5 * time.Second, PermitWithoutStream: true}),
		grpc.WaitForHandlers(true),
		// Most answers are one write, and archives need no pings to measure the way.
		grpc.WriteBufferSize(64<<10), grpc.StaticStreamWindowSize(window), grpc.StaticConnWindowSize(window),
	)
	s.grpc.RegisterService(s.description(), s)
	grpc_health_v1.RegisterHealthServer(s.grpc, s.health)
	return s
}

// description is what protoc would have generated from plugin.proto.
func (s *Server) description() *grpc.ServiceDesc {
	stream := func(name, method string, limits unpack.Limits, w work) grpc.StreamDesc {
		return grpc.StreamDesc{StreamName: name, ClientStreams: true, Handler: s.handler(method, limits, w)}
	}
	// Argo CD sends the whole repository where it does not generate.
	whole := unpack.WholeRepository()
	return &grpc.ServiceDesc{
		ServiceName: serviceName,
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "CheckPluginConfiguration", Handler: checkConfiguration}},
		Streams: []grpc.StreamDesc{
			stream("GenerateManifest", methodGenerate, s.options.Limits, s.generate),
			stream("MatchRepository", methodMatch, whole, s.match),
			stream("GetParametersAnnouncement", methodParameters, whole, s.announce),
		},
		Metadata: "cmpserver/plugin/plugin.proto",
	}
}

// checkConfiguration answers that Applications name the plugin (discovery
// would make the repo-server send each directory twice) and that it wants no
// Git credentials.
//
//nolint:revive // gRPC gives the order
func checkConfiguration(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	if err := decode(&wire.Empty{}); err != nil {
		return nil, err
	}
	return &wire.Configuration{}, nil
}

// Serve answers requests on l until ctx ends. Then it accepts no more, waits
// up to Drain for those it accepted, cuts off the rest and returns nil, or an
// error that says how many were cut off. It closes l.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- s.grpc.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving %q: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	return s.drain()
}

// drain stops the server gracefully, and hard once Drain has passed.
func (s *Server) drain() error {
	s.health.Shutdown()
	s.options.Logger.Info("stopping", "drain", s.options.Drain)
	stopped := make(chan struct{})
	go func() { s.grpc.GracefulStop(); close(stopped) }()
	late := time.NewTimer(s.options.Drain)
	defer late.Stop()
	select {
	case <-stopped:
		return nil
	case <-late.C:
		s.grpc.Stop()
		<-stopped
		return fault.New(fault.Retry, "raise --drain, and the pod's terminationGracePeriodSeconds above it",
			"stopping: requests were cut off after %s", s.options.Drain)
	}
}

// Listen returns a listener on a unix socket that its owner and group may
// connect to. A socket that nobody serves any more is replaced; anything else
// at path is an error.
func Listen(path string) (net.Listener, error) {
	if err := removeStale(path); err != nil {
		return nil, fmt.Errorf("listening on %q: %w", path, err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fault.Hintf("the folder must exist and be writable: it is the volume that the repo-server and the plugin share", "listening on %q: %w", path, err)
	}
	if err := os.Chmod(path, 0o660); err != nil {
		l.Close()
		return nil, fmt.Errorf("listening on %q: %w", path, err)
	}
	return l, nil
}

func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return fault.Hintf("give another path", "there is a file that is no socket")
	}
	if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
		c.Close()
		return fault.Hintf("stop the other one, or give another path", "another server answers there")
	}
	return os.Remove(path)
}

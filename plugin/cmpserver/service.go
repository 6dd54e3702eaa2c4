package cmpserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"

	"github.com/gatorcloud/sluice/plugin"
	"github.com/gatorcloud/sluice/plugin/cmpserver/internal/wire"
	"github.com/gatorcloud/sluice/plugin/unpack"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// Methods as metrics and logs name them.
const (
	methodGenerate   = "generate"
	methodMatch      = "match"
	methodParameters = "parameters"
)

// margin is how long before a client's deadline work stops, so that the client
// still gets to read why.
const margin = 100 * time.Millisecond

// call is one request on its way; what is known of it goes to logs and metrics.
type call struct {
	method, app, outcome string
	level                plugin.Level
	reason               plugin.Reason
	known                bool
	documents            int
	received             int64
	// heard tells the name of the Application as soon as it is known.
	heard chan string
}

// reply is what marshals to a response.
type reply interface{ Marshal() mem.BufferSlice }

// work turns an unpacked request into a response and notes what it learnt.
type work func(ctx context.Context, c *call, r plugin.Request) (reply, error)

func (s *Server) generate(ctx context.Context, c *call, r plugin.Request) (reply, error) {
	result, err := s.options.Generator.Generate(ctx, r)
	c.level, c.known, c.documents = result.Level, result.Known, len(result.Documents)
	if err != nil {
		return nil, err
	}
	return &wire.Manifests{Documents: result.Documents}, nil
}

func (s *Server) announce(_ context.Context, c *call, r plugin.Request) (reply, error) {
	list, err := plugin.Announce(r)
	if err != nil {
		return nil, err
	}
	c.documents = len(list)
	return &wire.Announcements{List: list}, nil
}

// match says whether a directory is sluice's; it is asked only when somebody
// configures discovery, which the server does not.
func (s *Server) match(_ context.Context, _ *call, r plugin.Request) (reply, error) {
	_, ok := r.Dir.Lookup(manifest.DescriptorFile)
	return &wire.Repository{IsSupported: ok}, nil
}

// handler returns the gRPC handler of a streaming method.
func (s *Server) handler(method string, limits unpack.Limits, w work) grpc.StreamHandler {
	return func(_ any, stream grpc.ServerStream) error {
		c := &call{method: method, heard: make(chan string, 1)}
		start := s.options.Now()
		s.metrics.inFlight.Inc()
		defer s.metrics.inFlight.Dec()
		err := s.handle(stream, c, limits, w)
		s.finish(stream.Context(), c, err, s.options.Now().Sub(start))
		return statusOf(err)
	}
}

// outcome is what the goroutine of a request hands back.
type outcome struct {
	call  call
	reply reply
	err   error
}

// handle answers one request. The work runs in a goroutine of its own, so that
// a client that stops sending cannot hold its slot beyond the deadline: the
// return from here closes the stream and with it the goroutine's source.
func (s *Server) handle(stream grpc.ServerStream, c *call, limits unpack.Limits, w work) error {
	ctx, cancel := s.deadline(stream.Context())
	defer cancel()
	if err := s.limiter.acquire(ctx); err != nil {
		drain(ctx, stream)
		return err
	}
	done := make(chan outcome, 1)
	own := *c // who leaves first at a deadline writes into c
	go func() {
		o := s.run(ctx, own, stream, limits, w)
		s.limiter.release()
		if o.err != nil {
			drain(ctx, stream)
		}
		done <- o
	}()
	select {
	case o := <-done:
		*c = o.call
		if o.err != nil {
			return o.err
		}
		if err := stream.SendMsg(o.reply); err != nil {
			return fmt.Errorf("sending answer: %w", err)
		}
		return nil
	case <-ctx.Done():
		select {
		case c.app = <-c.heard:
		default: // it ended before it began
		}
		if stream.Context().Err() == nil {
			return fault.New(fault.Retry, "Argo CD tries again; if it stays, look at the plugin's CPU and at what the directory holds",
				"request took longer than %s: %w", s.options.Timeout, ctx.Err())
		}
		return fmt.Errorf("client went away: %w", ctx.Err())
	}
}

// drain reads what the client still sends. Argo CD's client looks for the
// answer only when it is through, and reports an early one as "EOF".
func drain(ctx context.Context, stream grpc.ServerStream) {
	var m wire.StreamRequest
	for ctx.Err() == nil && stream.RecvMsg(&m) == nil {
		m = wire.StreamRequest{}
	}
}

// deadline returns a context that ends by Timeout and a little before the client's deadline.
func (s *Server) deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	left := s.options.Timeout
	if end, ok := ctx.Deadline(); ok {
		left = min(left, time.Until(end)-margin)
	}
	return context.WithTimeout(ctx, left)
}

// run receives a request and works on it. A panic fails this request only.
func (s *Server) run(ctx context.Context, c call, stream grpc.ServerStream, limits unpack.Limits, w work) (o outcome) {
	o.call = c
	defer func() {
		if p := recover(); p != nil {
			o.reply, o.err = nil, &panicError{p, debug.Stack()}
		}
	}()
	r, err := s.receive(ctx, &o.call, stream, limits)
	if err != nil {
		o.err = err
		return o
	}
	o.reply, o.err = w(ctx, &o.call, r)
	return o
}

// panicError is a panic as an error; its stack goes to the log only.
type panicError struct {
	value any
	stack []byte
}

// Error does not repeat the panic's value, which may be anything.
func (e *panicError) Error() string { return "plugin failed in itself" }

// receive reads the metadata and the archive of a request.
func (s *Server) receive(ctx context.Context, c *call, stream grpc.ServerStream, limits unpack.Limits) (plugin.Request, error) {
	var first wire.StreamRequest
	if err := stream.RecvMsg(&first); err != nil {
		return plugin.Request{}, fmt.Errorf("receiving metadata: %w", err)
	}
	if first.Metadata == nil {
		return plugin.Request{}, fault.Hintf("the client is not Argo CD; look at who can reach the plugin's socket", "receiving metadata: the first message has none")
	}
	m := first.Metadata
	c.app = m.Env[plugin.EnvAppName]
	c.heard <- c.app
	dir, stats, err := s.archives.Read(ctx, &chunks{stream: stream},
		unpack.Options{Path: m.AppRelPath, SHA256: m.Checksum, Size: m.Size, Limits: limits})
	c.received = stats.Compressed
	if err != nil {
		if c.method == methodMatch && errors.Is(err, unpack.ErrNoFiles) {
			return plugin.Request{Dir: &tree.Dir{}}, nil
		}
		return plugin.Request{}, err
	}
	return plugin.NewRequest(dir, func(name string) string { return m.Env[name] })
}

// chunks reads the archive out of a stream's messages.
type chunks struct {
	stream grpc.ServerStream
	rest   []byte
}

// Read implements io.Reader; it ends where the client half-closes the stream.
func (c *chunks) Read(p []byte) (int, error) {
	for len(c.rest) == 0 {
		var m wire.StreamRequest
		if err := c.stream.RecvMsg(&m); err != nil {
			return 0, err
		}
		if !m.IsChunk {
			return 0, fault.Hintf("the client is not Argo CD; look at who can reach the plugin's socket", "receiving archive: a message has no chunk")
		}
		c.rest = m.Chunk
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

var _ io.Reader = (*chunks)(nil)

// statusOf returns err as Argo CD shows it: one line, then the hint.
func statusOf(err error) error {
	if err == nil {
		return nil
	}
	return status.Error(codeOf(err), plugin.Explain(err))
}

// codeOf returns the code by which clients decide whether to try again.
func codeOf(err error) codes.Code {
	var busy errBusy
	switch {
	case errors.As(err, &busy):
		return codes.ResourceExhausted
	case errors.Is(err, context.DeadlineExceeded), status.Code(err) == codes.DeadlineExceeded:
		return codes.DeadlineExceeded
	case errors.Is(err, context.Canceled), status.Code(err) == codes.Canceled:
		return codes.Canceled
	case plugin.ReasonOf(err) != "":
		return codes.FailedPrecondition
	case fault.ClassOf(err) == fault.Person:
		return codes.InvalidArgument
	case fault.ClassOf(err) == fault.Retry:
		return codes.Unavailable
	}
	return codes.Internal
}

package ingestcmd

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/ranged"
	"github.com/gatorcloud/sluice/renderer/etcd/watch"
	"github.com/gatorcloud/sluice/renderer/ingest/caller"
	"github.com/gatorcloud/sluice/renderer/ingest/query"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/run/telemetry"
)

// stopTime is how long queries in hand may take when the replica ends.
const stopTime = 5 * time.Second

// queries are the flags of what other services ask.
type queries struct {
	caller.Listener
	tokens string
	names  []string
	rate   int
}

func (q *queries) add(set *pflag.FlagSet) {
	set.StringVar(&q.Address, "query-listen", "", "address of the queries of other services; empty serves none")
	set.StringVar(&q.CertFile, "query-cert", "", "certificate of the queries' server, PEM `file`; without one it listens on loopback only")
	set.StringVar(&q.KeyFile, "query-key", "", "key of that certificate, PEM `file`")
	set.StringVar(&q.ClientCAFile, "query-client-ca", "", "authorities of callers' certificates, PEM `file`")
	set.StringVar(&q.tokens, "query-tokens", "", "`file` of callers, one a line: name and token")
	set.StringSliceVar(&q.names, "query-callers", nil, "callers by certificate that are let in; all by default")
	ranged.Int(set, "query-rate", ranged.Bounds[int]{Into: &q.rate, Default: 100, Least: 1, Most: 1_000_000}, "how many queries a second each caller may make")
}

// gate lets in the callers of the flags; nil when no queries are answered.
func (q *queries) gate(now func() time.Time, m *telemetry.Ingest) (*caller.Gate, error) {
	if q.Address == "" {
		return nil, nil
	}
	o := caller.Options{Certificates: q.ClientCAFile != "", Names: q.names, PerSecond: float64(q.rate), Burst: 2 * q.rate, Now: now,
		Refused: func(cause string) { m.Refused.WithLabelValues(cause).Inc() }}
	if q.tokens != "" {
		tokens, err := caller.OpenTokens(q.tokens, now())
		if err != nil {
			return nil, fmt.Errorf("reading --query-tokens: %w", err)
		}
		o.Tokens = tokens
	}
	if o.Tokens == nil && !o.Certificates {
		return nil, fault.Hintf("give --query-tokens or --query-client-ca", "reading --query-listen: nobody may call")
	}
	return caller.New(o)
}

// answer serves queries from a copy of etcd until the function that it returns
// is called. Readiness waits for the copy, and does not depend on etcd after.
func (o *options) answer(ctx context.Context, s service) (func() error, error) {
	if s.gate == nil {
		return func() error { return nil }, nil
	}
	const part = "queries"
	s.health.Set(part, errors.New("the copy is not complete yet"))
	mirror := query.NewMirror(query.MirrorOptions{Prefix: s.records, Now: o.deps.Now, Logger: s.log, Hear: func(r watch.Reading) {
		if r.Err == nil {
			s.health.Set(part, nil)
		}
	}})
	ctx, cancel := context.WithCancel(ctx)
	handler := query.Handler(query.Options{Mirror: mirror, Requester: s.store, Caller: caller.Of, Done: ctx.Done()})
	server, err := caller.Listen(ctx, o.query.Listener, s.gate.Wrap(handler))
	if err != nil {
		cancel()
		return nil, fault.Hintf("use another --query-listen", "%w", err)
	}
	s.log.Info("serving", "what", "query-listen", "address", server.Address())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		mirror.Run(ctx, s.etcd)
	}()
	return func() error {
		cancel() // which ends streams
		limited, done := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer done()
		err := server.Close(limited)
		<-ended
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, http.ErrServerClosed) {
			return nil
		}
		return err
	}, nil
}

package ingestflags

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/ranged"
	"github.com/gatorcloud/sluice/renderer/etcd/watch"
	"github.com/gatorcloud/sluice/renderer/ingest"
	"github.com/gatorcloud/sluice/renderer/ingest/caller"
	"github.com/gatorcloud/sluice/renderer/ingest/query"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/run/telemetry"
)

// queries are the flags of what other services ask.
type queries struct {
	at     caller.Listener
	tokens string
	names  []string
	rate   int
}

func (q *queries) add(set *pflag.FlagSet) {
	addListener(set, &q.at, "query", "", "address of the queries of other services; empty serves none")
	set.StringVar(&q.tokens, "query-tokens", "", "`file` of callers, one a line: name, token, and perhaps tenants=ID,ID and products=NAME,NAME that they may ask for")
	set.StringSliceVar(&q.names, "query-callers", nil, "callers by certificate that are let in; all by default")
	ranged.Int(set, "query-rate", ranged.Bounds[int]{Into: &q.rate, Default: 100, Least: 1, Most: 1_000_000}, "how many queries a second each caller may make")
}

// gate lets in the callers of the flags; nil when no queries are answered.
func (q *queries) gate(now func() time.Time, m *telemetry.Ingest, unread func(error)) (*caller.Gate, error) {
	if q.at.Address == "" {
		return nil, nil
	}
	o := caller.Options{Certificates: q.at.ClientCAFile != "", Names: q.names, PerSecond: float64(q.rate), Burst: 2 * q.rate, Now: now,
		Refused: func(cause string) { m.Refused.WithLabelValues(cause).Inc() }}
	if q.tokens != "" {
		tokens, err := caller.OpenTokens(q.tokens, now(), unread)
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

// copied returns the copy of etcd that queries are answered from, and its
// handler, whose streams end with done. Readiness waits for the copy, and does
// not depend on etcd after.
func (s *Service) copied(store *ingest.Store, records string, done <-chan struct{}) (*query.Mirror, http.Handler) {
	const part = "queries"
	s.Health.Set(part, errors.New("the copy is not complete yet"))
	mirror := query.NewMirror(query.MirrorOptions{Prefix: records, Now: s.Now, Logger: s.Logger, Hear: func(r watch.Reading) {
		if r.Err == nil {
			s.Health.Set(part, nil)
		}
	}})
	return mirror, s.gate.Wrap(query.Handler(query.Options{Mirror: mirror, Requester: store, Done: done}))
}

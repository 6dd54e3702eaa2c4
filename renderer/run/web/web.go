package web

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/report"
)

// Reports are an environment's answers; they never differ from those that
// `sluice status` and `sluice why` give.
type Reports interface {
	Report(ctx context.Context) (report.Report, error)
	// Rows returns a page of a search and how many there are in all.
	Rows(ctx context.Context, q Query) (rows []report.Row, all int, err error)
	// Tenant returns one tenant with the chain of each of his products; it
	// fails with ErrNobody for one who is not there.
	Tenant(ctx context.Context, id ident.Tenant) (report.Tenant, []report.Why, error)
	// Moves returns what rollouts did since then, and what they would do next.
	Moves(ctx context.Context, since time.Time) (Moves, error)
	// Beat returns the number of the last change and a channel that the next one closes.
	Beat() (uint64, <-chan struct{})
}

// Query chooses products of tenants; empty fields choose all.
type Query struct {
	Text                                string // part of an id or a name
	Ring, Product, Version, State, Code string
	Skip, Limit                         int
}

// Moves are the steps of rollouts: those that commits tell, oldest first, and
// those that come next if all stays healthy.
type Moves struct {
	Past, Next []Move
	Freezes    []Freeze
}

// Move is one step.
type Move struct {
	At                     time.Time
	Product, Version, Ring string
	Did                    string // a rollout.What
	To                     string // per cent of the ring
	Reason, By             string
}

// Freeze is a time in which nothing moves forward.
type Freeze struct {
	From, To time.Time
	Reason   string
}

// Environment is one of those that the page shows.
type Environment struct {
	Name ident.Environment
	Reports
}

// Options configure the page. Environments, Now and Done are required.
type Options struct {
	// Environments are those that there are now, sorted.
	Environments func() []Environment
	// Review says whose a token is and whether he may see an environment. Nil
	// lets everybody see everything, and answers on names of loopback only.
	Review func(ctx context.Context, env ident.Environment, token string) (user string, may bool, err error)
	Now    func() time.Time
	// Done ends the streams.
	Done <-chan struct{}
	Log  *slog.Logger
}

// Handler returns what serves the page.
func Handler(o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &server{o: o, gate: newGate(o)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.index)
	mux.HandleFunc("GET /assets/{name}", s.asset)
	mux.HandleFunc("GET /environments/{env}", s.of(s.overview))
	mux.HandleFunc("GET /environments/{env}/tenants", s.of(s.tenants))
	mux.HandleFunc("GET /environments/{env}/tenants/{tenant}", s.of(s.tenant))
	mux.HandleFunc("GET /environments/{env}/rollouts/{product}/{version}", s.of(s.rollout))
	mux.HandleFunc("GET /environments/{env}/live", s.of(s.live))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.fail(w, r, errNoPage) })
	return s.gate.wrap(mux)
}

type server struct {
	o    Options
	gate *gate
}

// of finds the environment of a request, among those that the caller may see.
func (s *server) of(serve func(http.ResponseWriter, *http.Request, Environment)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, env := range seen(r.Context()) {
			if env.Name.String() == r.PathValue("env") {
				serve(w, r, env)
				return
			}
		}
		s.fail(w, r, errNoPage)
	}
}

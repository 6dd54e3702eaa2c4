// Package webflags is the set of flags that say where the page is served, and
// to whom. `sluice dashboard` and `sluice run` have them.
//
// On loopback everybody of this machine may see the page. On every other
// address, and behind a proxy, the cluster says who may see what.
package webflags

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/renderer/ingest/caller"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/run/web"
)

const (
	// every is how often what does not tell of its changes is looked at while
	// somebody is there.
	every = 5 * time.Second
	// stopTime is how long requests in hand may take when the page ends.
	stopTime = 3 * time.Second
)

// Flags hold the values. The zero value serves nothing.
type Flags struct {
	caller.Listener
	listen string // the flag's name
}

// Add adds the flags, their names behind a prefix; address is the default one.
func (f *Flags) Add(set *pflag.FlagSet, prefix, address string) {
	f.listen = prefix + "listen"
	empty := ""
	if address == "" {
		empty = "; empty serves none"
	}
	set.StringVar(&f.Address, f.listen, address, "address of the page"+empty+"; on other addresses than loopback callers show a token of the cluster")
	set.StringVar(&f.CertFile, prefix+"cert", "", "certificate of the page's server, PEM `file`")
	set.StringVar(&f.KeyFile, prefix+"key", "", "key of that certificate, PEM `file`")
	set.BoolVar(&f.Proxied, prefix+"behind-proxy", false, "a proxy in front of the page has the certificate and passes on callers' tokens as bearers; nobody else may reach the address")
}

// Eyes know all of an environment.
type Eyes interface {
	// Look brings what does not tell of its changes up to date.
	Look(ctx context.Context) (web.Sight, error)
	// Follow keeps what does up to date until ctx ends, and calls changed after
	// each change that the page shows.
	Follow(ctx context.Context, changed func())
}

// Environment is an environment to show, and how.
type Environment struct {
	Name ident.Environment
	// Eyes are what the page sees through.
	Eyes Eyes
	// Review says whose a token is and whether he may see the environment; nil
	// where no cluster is known that could.
	Review func(ctx context.Context, token string) (user string, may bool, err error)
}

// Of returns the review of an environment: who may get its Application may see
// it. Nil stays nil.
func Of(env ident.Environment, review func(ctx context.Context, token, application string) (string, bool, error)) func(context.Context, string) (string, bool, error) {
	if review == nil {
		return nil
	}
	return func(ctx context.Context, token string) (string, bool, error) {
		return review(ctx, token, manifest.AppFleet(env))
	}
}

// open reports whether everybody who reaches the address may see the page.
func (f *Flags) open() bool {
	return !f.Proxied && web.Loopback(f.Address)
}

// Serve serves the page until the function that it returns is called.
func (f *Flags) Serve(ctx context.Context, all []Environment, now func() time.Time, log *slog.Logger) (address string, closed func() error, err error) {
	ctx, cancel := context.WithCancel(ctx)
	shown, reviews := make([]web.Environment, len(all)), map[ident.Environment]func(context.Context, string) (string, bool, error){}
	for i, env := range all {
		if env.Review == nil && !f.open() {
			cancel()
			return "", nil, fault.Hintf("name the cluster of its Argo CD, or listen on 127.0.0.1", "reading --%s: nobody can say who may see environment %q", f.listen, env.Name)
		}
		view := web.NewView(env.Eyes.Look, now, every)
		shown[i], reviews[env.Name] = web.Environment{Name: env.Name, Reports: view}, env.Review
		go view.Run(ctx)
		go env.Eyes.Follow(ctx, view.Changed)
	}
	o := web.Options{Environments: func() []web.Environment { return shown }, Now: now, Done: ctx.Done(), Log: log}
	if !f.open() {
		o.Review = func(ctx context.Context, env ident.Environment, token string) (string, bool, error) {
			return reviews[env](ctx, token)
		}
	}
	server, err := caller.Listen(ctx, f.Listener, web.Handler(o))
	if err != nil {
		cancel()
		return "", nil, fault.Hintf(cmp.Or(fault.HintOf(err), "use another --"+f.listen), "reading --%s: %w", f.listen, err)
	}
	return server.Address(), func() error {
		cancel() // which ends streams
		limited, done := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer done()
		if err := server.Close(limited); !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		return nil
	}, nil
}

package webflags

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/report"
	"github.com/gatorcloud/sluice/renderer/run/web"
)

var pop = ident.Must[ident.EnvironmentKind]("pop")

// eyes see nothing.
type eyes struct{}

func (eyes) Look(context.Context) (web.Sight, error) {
	return web.Sight{Join: report.New(pop, nil)}, nil
}

func (eyes) Follow(context.Context, func()) {}

// Whom a page is open to depends on the address: everybody on loopback, whom
// the cluster lets in elsewhere.
func TestServe(t *testing.T) {
	review := func(_ context.Context, token, application string) (string, bool, error) {
		return token, token == "sre" && application == "pop", nil
	}
	for name, tc := range map[string]struct {
		reason   string
		args     []string
		reviewed bool // somebody can say who is who
		fails    bool
		nobody   int // the answer to who shows nothing
		sre      int
	}{
		"Loopback":    {"for who runs it", []string{"--listen=127.0.0.1:0"}, false, false, 200, 200},
		"WithCluster": {"no token is asked where nobody else comes", []string{"--listen=127.0.0.1:0"}, true, false, 200, 200},
		"Proxied":     {"a proxy beside it lets others in", []string{"--listen=127.0.0.1:0", "--behind-proxy"}, true, false, 401, 200},
		"NobodyKnows": {"others, and nobody says who they are", []string{"--listen=127.0.0.1:0", "--behind-proxy"}, false, true, 0, 0},
		"Clear":       {"tokens would pass in clear", []string{"--listen=0.0.0.0:0"}, true, true, 0, 0},
		"Open":        {"the same, on all addresses by an empty name", []string{"--listen=:0"}, true, true, 0, 0},
		"NoKey":       {"half a certificate", []string{"--listen=0.0.0.0:0", "--cert=x"}, true, true, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var f Flags
			set := pflag.NewFlagSet("dashboard", pflag.ContinueOnError)
			f.Add(set, "", "127.0.0.1:8090")
			if err := set.Parse(tc.args); err != nil {
				t.Fatal(err)
			}
			env := Environment{Name: pop, Eyes: eyes{}}
			if tc.reviewed {
				env.Review = Of(pop, review)
			}
			address, closed, err := f.Serve(t.Context(), []Environment{env}, time.Now, slog.New(slog.DiscardHandler))
			if (err != nil) != tc.fails || err != nil && fault.HintOf(err) == "" {
				t.Fatalf("Serve(%q) = %v, want an error with a hint %t: %s", tc.args, err, tc.fails, tc.reason)
			}
			if err != nil {
				return
			}
			defer func() {
				if err := closed(); err != nil {
					t.Error(err)
				}
			}()
			for token, want := range map[string]int{"": tc.nobody, "sre": tc.sre} {
				r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/environments/pop", nil)
				if token != "" {
					r.Header.Set("Authorization", "Bearer "+token)
				}
				answer, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				if answer.Body.Close(); answer.StatusCode != want {
					t.Errorf("GET with the token %q = %s, want %d: %s", token, answer.Status, want, tc.reason)
				}
			}
		})
	}
}

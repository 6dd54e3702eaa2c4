package replica

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/run/loop"
	"github.com/gatorcloud/sluice/renderer/run/telemetry"
)

// Readiness shows what the catalog offers to no ring, until it does.
func TestRefusedGrantsAreShown(t *testing.T) {
	t.Parallel()
	health := telemetry.NewHealth()
	lead := &term{c: &Config{Health: health, Metrics: telemetry.New("test")}, name: local, failing: new(atomic.Int64), bad: map[ident.Tenant]int{}}
	shown := func() string {
		w := httptest.NewRecorder()
		telemetry.Handler(lead.c.Metrics, health).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz?verbose", nil))
		return w.Body.String()
	}
	bad := []pipeline.Grant{{Ring: ident.Must[ident.RingKind]("main"), Product: ident.Must[ident.ProductKind]("swg"), Err: errors.New("version 299 is not published")}}
	for _, tc := range []struct {
		reason string
		o      loop.Outcome
		shown  bool
	}{
		{"a full render says it", loop.Outcome{Full: true, Grants: bad}, true},
		{"another looks at no catalog", loop.Outcome{}, true},
		{"it is published", loop.Outcome{Full: true}, false},
	} {
		lead.hear(t.Context(), tc.o, nil)
		if got := shown(); strings.Contains(got, "version 299 is not published") != tc.shown {
			t.Errorf("%s: /readyz = %q, want the grant in it = %t", tc.reason, got, tc.shown)
		}
	}
}

// A replica without environments, or that cannot list them, fails.
func TestRunNeedsEnvironments(t *testing.T) {
	t.Parallel()
	bare := gittest.New(t)
	bare.Write("README.md", "nothing else")
	repo, err := git.Open(t.Context(), bare.HTTP("").URL, git.Options{Branch: "main", CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	if err := New(Config{Repo: repo}).Run(t.Context()); err == nil || fault.HintOf(err) == "" || !strings.Contains(err.Error(), "the branch has none") {
		t.Errorf("Run() without environments = %v, want an error with a hint", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := New(Config{Repo: repo}).Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Run() that cannot ask Git = %v, want %v", err, context.Canceled)
	}
}

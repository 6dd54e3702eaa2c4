package web_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/report"
	"github.com/gatorcloud/sluice/renderer/rollout"
	"github.com/gatorcloud/sluice/renderer/run/web"
)

// hostile is a name that would do harm where it is not taken for text.
const hostile = `"><script>document.title='owned'</script><img src=x onerror="document.title='owned'">'{{.}}`

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// fleet is what the page is shown: rows made by hand, a matrix counted from them.
type fleet struct {
	mu      sync.Mutex
	rows    []report.Row
	verdict string
	broken  error
	number  uint64
	next    chan struct{}
}

// fleetOf returns as many tenants in three rings, with a product each; one is stuck.
func fleetOf(tenants int) *fleet {
	f := &fleet{verdict: "swg 203 halts in ring early.", next: make(chan struct{})}
	for i := range tenants {
		row := report.Row{Tenant: fmt.Sprint(1000000 + i), Name: "tenant", Ring: []string{"canary", "early", "main"}[i%3], Product: "swg", Right: "active",
			Wanted: "203", Granted: "203", Running: "203", State: report.OK, Since: at(-time.Hour)}
		if i%3 == 2 {
			row.Granted, row.Running, row.State, row.Code, row.Sentence = "202", "202", report.Waiting, "ring-before", "ring early has not passed 203"
		}
		if i == 1 {
			row.Name, row.State, row.Code, row.Sentence = hostile, report.Bad, "image", "Pod "+hostile+" cannot pull its image"
		}
		f.rows = append(f.rows, row)
	}
	return f
}

func at(d time.Duration) *time.Time { t := noon.Add(d); return &t }

// change makes the fleet another one.
func (f *fleet) change(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
	f.number++
	close(f.next)
	f.next = make(chan struct{})
}

func (f *fleet) Beat() (uint64, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.number, f.next
}

func (f *fleet) Report(context.Context) (report.Report, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return report.Report{}, f.broken
	}
	r := report.Report{Environment: "pop", At: noon, Verdict: f.verdict, State: report.Bad, Tenants: len(f.rows),
		Sources: []report.Source{{Name: "git", At: at(-time.Second), AgeSeconds: 1}, {Name: "cluster", Missing: "no kubeconfig is named " + hostile}}}
	for _, ring := range []string{"canary", "early", "main"} {
		c := report.Cell{Product: "swg", Ring: ring, Version: "203", Note: "wanted"}
		for _, row := range f.rows {
			if row.Ring != ring {
				continue
			}
			c.Version = row.Granted
			c.Tenants++
			switch row.State {
			case report.OK:
				c.OK++
			case report.Bad:
				c.Bad++
			default:
				c.Waiting++
			}
		}
		r.Cells = append(r.Cells, c)
		r.Rollouts = append(r.Rollouts, report.Rollout{Product: "swg", Ring: ring, Wanted: "203", Granted: []report.Share{{Version: c.Version, Percent: 100}}, Good: []string{"202"},
			State: report.Waiting, Code: "soak", Sentence: "it soaks", Until: at(time.Hour), Command: "sluice rollout expedite swg=203"})
	}
	r.Stuck = []report.Stuck{{Code: "image", Sentence: "an image cannot be pulled", State: report.Bad, Count: 1, Tenants: []string{"1000001"}},
		{Code: "ring-before", Sentence: "the ring before has not passed", State: report.Waiting, Count: len(f.rows) / 3, Tenants: []string{"1000002"}}}
	return r, nil
}

func (f *fleet) Rows(_ context.Context, q web.Query) (rows []report.Row, all int, err error) {
	for _, row := range f.rows {
		if strings.Contains(row.Tenant+row.Name, q.Text) && (q.Ring == "" || q.Ring == row.Ring) && (q.Code == "" || q.Code == string(row.Code)) && (q.Version == "" || q.Version == row.Granted) {
			if all++; all > q.Skip && len(rows) < q.Limit {
				rows = append(rows, row)
			}
		}
	}
	return rows, all, nil
}

func (f *fleet) Tenant(_ context.Context, id ident.Tenant) (report.Tenant, []report.Why, error) {
	for _, row := range f.rows {
		if row.Tenant != id.String() {
			continue
		}
		t := report.Tenant{Environment: "pop", ID: row.Tenant, Name: row.Name, Ring: row.Ring, At: noon, State: row.State}
		t.Products = []report.Product{{Name: row.Product, Right: row.Right, State: row.State, Wanted: row.Wanted, Granted: row.Granted, Running: row.Running, Since: row.Since, Ends: at(999 * time.Hour),
			Buckets: []report.Bucket{{Number: 1, Components: []string{"store", "cache"}, State: report.OK, Since: at(-time.Hour)}, {Number: 2, Components: []string{"proxy"}, State: row.State, Since: at(-time.Minute), Object: "Deployment proxy", Says: row.Sentence}},
			Shared:  []report.Part{{Component: "license", Version: "2", Sharing: "environment", Holders: 7, Others: []string{"1000003"}}}}}
		why := report.Why{Environment: "pop", Tenant: row.Tenant, Product: row.Product, State: row.State, Links: []report.Link{
			{Code: "wanted", Sentence: "ring " + row.Ring + " wants swg 203"}, {Code: row.Code, Sentence: row.Sentence, Since: at(-time.Minute), Command: "kubectl describe pod " + row.Name}}}
		return t, []report.Why{why}, nil
	}
	return report.Tenant{}, nil, web.ErrNobody
}

func (f *fleet) Moves(context.Context, time.Time) (web.Moves, error) {
	if f.broken != nil {
		return web.Moves{}, errors.New("Git does not answer")
	}
	move := func(d time.Duration, ring string, did rollout.What) web.Move {
		return web.Move{At: noon.Add(d), Product: "swg", Version: "203", Ring: ring, Did: string(did), To: "100%", Reason: hostile, By: "sluice"}
	}
	return web.Moves{Past: []web.Move{move(-50*time.Hour, "canary", rollout.Granted), move(-20*time.Hour, "canary", rollout.Passed), move(-20*time.Hour, "early", rollout.Granted), move(-time.Hour, "early", rollout.Agreed)},
		Next: []web.Move{move(time.Hour, "early", rollout.Passed), move(time.Hour, "main", rollout.Granted)}, Freezes: []web.Freeze{{From: noon.Add(5 * time.Hour), To: noon.Add(9 * time.Hour), Reason: hostile}}}, nil
}

var _ web.Reports = (*fleet)(nil)

// options of a page that shows the fleet as environment pop.
func options(t testing.TB, f *fleet) web.Options {
	pop := web.Environment{Name: ident.Must[ident.EnvironmentKind]("pop"), Reports: f}
	return web.Options{Environments: func() []web.Environment { return []web.Environment{pop} }, Now: func() time.Time { return noon }, Done: t.Context().Done()}
}

// serve serves a page until the test ends.
func serve(t testing.TB, o web.Options) *httptest.Server {
	s := httptest.NewServer(web.Handler(o))
	t.Cleanup(s.Close)
	return s
}

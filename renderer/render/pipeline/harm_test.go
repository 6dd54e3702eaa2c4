package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/short"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/guard"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
)

// many are n tenants with dsa, of which every third has the label tier=gold.
func many(n int) etcd {
	var e etcd
	for i := range n {
		key, labels := fmt.Sprintf("/tenant/info/%d", 2000000+i), ""
		if i%3 == 0 {
			labels = `,"labels":{"tier":"gold"}`
		}
		e = append(e,
			authz.Record{Key: key, Value: fmt.Appendf(nil, `{"tenantId":"%d","tenantName":"n","tenantCode":"c%d"%s}`, 2000000+i, i, labels)},
			authz.Record{Key: key + "/rs/dsa", Value: []byte(`{"product":"dsa","startTime":"2024-06-18T00:00:00Z","endTime":"2026-12-01T00:00:00Z"}`)})
	}
	return e
}

// transaction is a sink that lets the guard judge what it was given.
type transaction struct {
	sink
	guard tree.Guard
}

func (t *transaction) Guard(g tree.Guard) { t.guard = g }

// commit renders over what stands in files and adds the result to them, unless
// the guard refuses it.
func commit(t *testing.T, files fstest.MapFS, o pipeline.Options) error {
	t.Helper()
	tx, out := &transaction{sink: make(sink, 1<<16)}, map[string][]byte{}
	_, err := shared().Render(context.Background(), files, local, tx, o)
	if err != nil {
		return err
	}
	close(tx.sink)
	for put := range tx.sink {
		put(out)
	}
	rendered := func(path string) bool { return strings.HasPrefix(path, "environments/local/tenants/") }
	if tx.guard != nil {
		for path, old := range files {
			now, stays := out[path]
			switch {
			case rendered(path) && !stays:
				tx.guard.See(tree.Change{Path: path, Kind: tree.Removed})
			case rendered(path) && !bytes.Equal(now, old.Data):
				tx.guard.See(tree.Change{Path: path, Kind: tree.Changed, New: now})
			}
		}
		if err := tx.guard.Check(); err != nil {
			return err
		}
	}
	maps.DeleteFunc(files, func(path string, _ *fstest.MapFile) bool { return rendered(path) })
	for path, data := range out {
		files[path] = &fstest.MapFile{Data: data}
	}
	return nil
}

// tenants returns who has a folder, without the first two digits of the ids.
func tenants(files fstest.MapFS) []string {
	var ids []string
	for path := range files {
		if rest, ok := strings.CutSuffix(path, "/tenant.yaml"); ok {
			ids = append(ids, strings.TrimPrefix(rest[strings.LastIndexByte(rest, '/')+1:], "20000"))
		}
	}
	slices.Sort(ids)
	return ids
}

// environment is the repository with a line added to the environment.
func environment(t *testing.T, line string) fstest.MapFS {
	t.Helper()
	files := repository(t)
	const name = "environments/local/environment.yaml"
	files[name] = &fstest.MapFile{Data: append(slices.Clone(files[name].Data), line+"\n"...)}
	return files
}

// A render that would take away many tenants is refused as a whole, in one step
// or in several; a person may allow it.
func TestMassRemoval(t *testing.T) {
	short.Skip(t, "renders the example again and again")
	for name, tc := range map[string]struct {
		reason  string
		line    string // of the environment
		steps   []int  // how many of twelve tenants are left
		pause   time.Duration
		allow   bool
		refused bool
	}{
		"FiveOfTwelve": {"etcd lost them", "", []int{7}, 0, false, true},
		"Three":        {"so many may always go", "", []int{9}, 0, false, false},
		"Allowed":      {"a person meant it", "", []int{7}, 0, true, false},
		"OwnLimit":     {"the environment lets half of them go", "maxRemovalsPercent: 50", []int{7}, 0, false, false},
		"InTwoSteps":   {"three and then one more within the hour", "", []int{9, 8}, 59 * time.Minute, false, true},
		"Slowly":       {"three and one more later", "", []int{9, 8}, 61 * time.Minute, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			files := environment(t, tc.line)
			if err := commit(t, files, pipeline.Options{Source: many(12), Now: now}); err != nil {
				t.Fatal(err)
			}
			var err error
			for i, left := range tc.steps {
				if err != nil {
					t.Fatal(err)
				}
				err = commit(t, files, pipeline.Options{Source: many(left), Now: now.Add(time.Duration(i) * tc.pause), AllowRemovals: tc.allow})
			}
			var refusal *guard.Refusal
			if errors.As(err, &refusal) != tc.refused || !tc.refused && err != nil {
				t.Errorf("Render() = %v, want refused = %t: %s", err, tc.refused, tc.reason)
			}
		})
	}
}

// full is a sink that takes nothing.
type full struct{ sink }

func (full) Put(string, *tree.Dir) error { return errors.New("disk is full") }

// A render that could not write says so.
func TestSinkFails(t *testing.T) {
	_, err := shared().Render(context.Background(), repository(t), local, full{make(sink, 1<<16)}, pipeline.Options{Source: many(1), Now: now})
	if err == nil || !strings.Contains(err.Error(), "disk is full") {
		t.Errorf("Render() into a full disk = %v, want an error that says so", err)
	}
}

// mute is an etcd that does not answer.
type mute struct{}

func (mute) Snapshot(context.Context, string) (authz.Snapshot, error) {
	return authz.Snapshot{}, errors.New("no answer")
}

// No answer is not an empty one: nobody is removed, even if removals are allowed.
func TestNoAnswerRemovesNobody(t *testing.T) {
	for _, allow := range []bool{false, true} {
		files := repository(t)
		if err := commit(t, files, pipeline.Options{Source: many(2), Now: now}); err != nil {
			t.Fatal(err)
		}
		err := commit(t, files, pipeline.Options{Source: mute{}, Now: now, AllowRemovals: allow})
		if err == nil || !strings.Contains(err.Error(), "no answer") || len(tenants(files)) != 2 {
			t.Errorf("Render() without an answer, removals allowed = %t, is %v and leaves %v, want an error and both", allow, err, tenants(files))
		}
	}
}

// An environment renders the tenants that its selector selects, no others.
func TestSelector(t *testing.T) {
	files := environment(t, "tenants: {matchLabels: {tier: gold}}")
	if err := commit(t, files, pipeline.Options{Source: many(7), Now: now}); err != nil {
		t.Fatal(err)
	}
	if got, want := tenants(files), []string{"00", "03", "06"}; !slices.Equal(got, want) {
		t.Errorf("tenants %v are rendered, want %v", got, want)
	}
}

// A render from the facts in Git lets time pass only when it is told the time.
func TestTimePassesInGit(t *testing.T) {
	files := repository(t)
	if err := commit(t, files, pipeline.Options{Source: many(1), Now: now}); err != nil {
		t.Fatal(err)
	}
	state := func() string {
		for path, f := range files {
			if _, after, ok := strings.Cut(string(f.Data), "\nstate: "); ok && strings.Contains(path, "/2000000/dsa/31/sluice.yaml") {
				line, _, _ := strings.Cut(after, "\n")
				return line
			}
		}
		return "none"
	}
	for _, step := range []struct {
		now  time.Time
		want string
	}{{time.Time{}, `"active"`}, {now.AddDate(0, 1, 1), `"suspended"`}, {time.Time{}, `"suspended"`}, {now.AddDate(0, 2, 0), `"retained"`}} {
		if err := commit(t, files, pipeline.Options{Now: step.now}); err != nil {
			t.Fatal(err)
		}
		if got := state(); got != step.want {
			t.Errorf("dsa is %s after a render from Git at %v, want %s", got, step.now, step.want)
		}
	}
}

// A version that is not yet published may change, so its base is kept by what
// it holds and not by its name alone.
func TestBasesByDigest(t *testing.T) {
	build := func(value string) string {
		files := fstest.MapFS{
			"products/p/1/product.yaml":                    {Data: []byte("apiVersion: sluice.gatorcloud.io/v1\nkind: Product\nname: p\nversion: \"1\"\ncomponents: [{name: a}]\n")},
			"products/p/1/components/a/kustomization.yaml": {Data: []byte("resources: [a.yaml]\n")},
			"products/p/1/components/a/a.yaml":             {Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: " + value + "}\n")},
		}
		c, err := catalog.LoadUnlocked(files)
		if err != nil {
			t.Fatal(err)
		}
		v, err := c.Version(ident.Must[ident.ProductKind]("p"), ident.Must[ident.VersionKind]("1"))
		if err != nil {
			t.Fatal(err)
		}
		b, err := shared().Bases().Base(v)
		if err != nil {
			t.Fatal(err)
		}
		return b.Digest
	}
	if x, y, again := build("x"), build("y"), build("x"); x == y || x != again {
		t.Errorf("bases are %s, %s and %s again, want two that differ", x, y, again)
	}
}

// What rings were granted and cannot be read is not taken for nothing.
func TestSpoiltRollouts(t *testing.T) {
	files := repository(t)
	files["environments/local/rollouts.yaml"] = &fstest.MapFile{Data: []byte("lanes: spoilt\n")}
	if _, err := shared().Prepare(files, local, pipeline.Options{}); err == nil || !strings.Contains(err.Error(), "rollouts.yaml") {
		t.Errorf("Prepare() = %v, want the fault of rollouts.yaml", err)
	}
	got, _, err := render(t, files, pipeline.Options{Source: real(), Now: now})
	if err == nil || !strings.Contains(err.Error(), "rollouts.yaml") || len(got) > 0 {
		t.Errorf("Render() = %v with %d files, want the fault of rollouts.yaml and nothing rendered", err, len(got))
	}
}

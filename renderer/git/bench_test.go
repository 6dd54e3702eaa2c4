package git

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// fleet makes the directories that a render puts: overlays with three small
// files of their own and a base that every tenant shares.
type fleet struct {
	tenants  int
	products int
	bases    []*tree.Dir
}

func newFleet(tb testing.TB, overlays int) fleet {
	tb.Helper()
	f := fleet{tenants: overlays / 4, products: 4}
	for p := range f.products {
		files := map[string][]byte{}
		for i := range 12 {
			files[fmt.Sprintf("workloads/component-%02d.yaml", i)] = bytes.Repeat(fmt.Appendf(nil, "product %d, component %d\n", p, i), 100)
		}
		d, err := tree.FromFiles(files)
		if err != nil {
			tb.Fatal(err)
		}
		f.bases = append(f.bases, d)
	}
	return f
}

// path returns the directory of a tenant.
func (f fleet) path(i int) string {
	return fmt.Sprintf("environments/local/tenants/%02d/%02d/%d", i%100, i/100%100, 1000000+i)
}

// overlay returns one overlay directory of about 1.5 kB besides the base.
func (f fleet) overlay(i, p int, salt string) *tree.Dir {
	line := func(n int) []byte {
		return fmt.Appendf(nil, "# %s\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: parameters\n  annotations:\n    config.kubernetes.io/local-config: \"true\"\ndata:\n  tenantId: \"%d\"\n  tenantCode: \"%08x\"\n  product: \"product-%d\"\n  domain: \"t%d.example.com\"\n  environment: \"local\"\n  storage: \"%dGi\"\n  replicas: \"%d\"\n  storageClass: \"standard\"\n  file: \"%d\"\n  digest: \"sha256:%032x%032x\"\n",
			salt, 1000000+i, i*2654435761, p, i, i%90, i%7, n, i*7919+p, i*104729+n)
	}
	d, err := tree.New(
		tree.Entry{Name: "kustomization.yaml", Data: line(1)},
		tree.Entry{Name: "parameters.yaml", Data: line(2)},
		tree.Entry{Name: "sluice.yaml", Data: line(3)},
		tree.Entry{Name: "base", Dir: f.bases[p]},
	)
	if err != nil {
		panic(err)
	}
	return d
}

// tenant returns the six files of a tenant.
func (f fleet) tenant(i int) *tree.Dir {
	var entries []tree.Entry
	for n := range 6 {
		entries = append(entries, tree.Entry{Name: fmt.Sprintf("file-%d.yaml", n), Data: fmt.Appendf(nil, "tenant: \"%d\"\nfile: %d\nnamespace: tenant-%d\n", 1000000+i, n, 1000000+i)})
	}
	d, err := tree.New(entries...)
	if err != nil {
		panic(err)
	}
	return d
}

// put puts the whole fleet from a number of goroutines.
func (f fleet) put(tb testing.TB, tx *Tx, workers int) {
	tb.Helper()
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < f.tenants; i += workers {
				if err := tx.Put(f.path(i)+"/base", f.tenant(i)); err != nil {
					panic(err)
				}
				for p := range f.products {
					if err := tx.Put(fmt.Sprintf("%s/product-%d/200", f.path(i), p), f.overlay(i, p, "")); err != nil {
						panic(err)
					}
				}
			}
		})
	}
	wg.Wait()
}

// each calls g with every file of the fleet.
func (f fleet) each(g func(path string, data []byte)) {
	for i := range f.tenants {
		for path, data := range f.tenant(i).Files() {
			g(f.path(i)+"/base/"+path, data)
		}
		for p := range f.products {
			for path, data := range f.overlay(i, p, "").Files() {
				g(fmt.Sprintf("%s/product-%d/200/%s", f.path(i), p, path), data)
			}
		}
	}
}

func openBare(tb testing.TB) (*gittest.Repo, *Repo) {
	tb.Helper()
	g := gittest.New(tb)
	r, err := Open(context.Background(), g.Dir, Options{Branch: "main"})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = r.Close() })
	return g, r
}

// commitFleet renders, commits and publishes the fleet, and returns how long
// each part took.
func commitFleet(tb testing.TB, r *Repo, f fleet) (Head, time.Duration) {
	tb.Helper()
	start := time.Now()
	h := head(tb, r)
	tx := r.Begin(h)
	defer tx.Discard()
	f.put(tb, tx, 2)
	puts := time.Since(start)
	res, err := tx.Commit(context.Background(), Message{Subject: "fleet"})
	if err != nil {
		tb.Fatal(err)
	}
	commit := time.Since(start)
	if err := r.Publish(context.Background(), h, res); err != nil {
		tb.Fatal(err)
	}
	tb.Logf("%d objects, %d bytes: puts %v, commit %v, publish %v", res.Objects, res.Bytes, puts, commit-puts, time.Since(start)-commit)
	return res.Head(), time.Since(start)
}

// fastImport gives git fast-import the same files and returns how long it took.
func fastImport(tb testing.TB, g *gittest.Repo, f fleet) time.Duration {
	tb.Helper()
	var stream bytes.Buffer
	out := bufio.NewWriter(&stream)
	fmt.Fprint(out, "commit refs/heads/main\ncommitter a <a@b> 1700000000 +0000\ndata 0\n\n")
	f.each(func(path string, data []byte) {
		fmt.Fprintf(out, "M 100644 inline %s\ndata %d\n%s\n", path, len(data), data)
	})
	_ = out.Flush()
	start := time.Now()
	cmd := exec.Command("git", "fast-import", "--quiet")
	cmd.Dir, cmd.Env, cmd.Stdin = g.Dir, gittest.Env(), &stream
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("git fast-import: %v: %s", err, out)
	}
	return time.Since(start)
}

func BenchmarkFullCommit(b *testing.B) {
	f := newFleet(b, 4000)
	var ours, theirs time.Duration
	for range b.N {
		_, r := openBare(b)
		_, took := commitFleet(b, r, f)
		ours += took
		theirs += fastImport(b, gittest.New(b), f)
	}
	b.ReportMetric(ours.Seconds()*1e3/float64(b.N), "ms/commit")
	b.ReportMetric(theirs.Seconds()*1e3/float64(b.N), "ms/fast-import")
	b.ReportMetric(ours.Seconds()/theirs.Seconds(), "x")
}

func BenchmarkOneChange(b *testing.B) {
	for _, tenants := range []int{100, 10000} {
		b.Run(fmt.Sprint(tenants), func(b *testing.B) {
			f := newFleet(b, tenants*4)
			_, r := openBare(b)
			h, _ := commitFleet(b, r, f)
			var size int64
			var commit, publish time.Duration
			b.ResetTimer()
			for n := range b.N {
				start := time.Now()
				i := n * 7919 % tenants
				tx := r.Begin(h)
				if err := tx.Put(fmt.Sprintf("%s/product-%d/200", f.path(i), n%4), f.overlay(i, n%4, fmt.Sprint(n))); err != nil {
					b.Fatal(err)
				}
				res, err := tx.Commit(context.Background(), Message{Subject: "one change"})
				if err != nil {
					b.Fatal(err)
				}
				committed := time.Now()
				if err := r.Publish(context.Background(), h, res); err != nil {
					b.Fatal(err)
				}
				commit += committed.Sub(start)
				publish += time.Since(committed)
				size += res.Bytes
				h = res.Head()
			}
			b.ReportMetric(float64(size)/float64(b.N), "bytes/commit")
			b.ReportMetric(float64(commit.Microseconds())/float64(b.N), "µs/commit")
			b.ReportMetric(float64(publish.Microseconds())/float64(b.N), "µs/publish")
		})
	}
}

package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/etcd/etcdtest"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/model/authz"
)

// replica is a `sluice run`, or a `sluice ingest`, with its own ways to etcd and Git.
type replica struct {
	process
	etcd *etcdtest.Proxy
	git  *etcdtest.Proxy // nil for one that needs no way to Git
}

// world is everything that is broken and what watches it.
type world struct {
	t        *testing.T
	random   *rand.Rand
	dir      string
	bare     *gittest.Repo
	people   *git.Repo
	etcd     *process
	git      *process
	client   *clientv3.Client
	replicas []*replica
	upstream *upstream // nil without an SPS
	log      *observer
	acks     acks
}

// newWorld starts everything. In every second world a tombstone goes at once,
// so that garbage is collected too; in the others it stays for a day.
func newWorld(t *testing.T, seed uint64) *world {
	t.Helper()
	w := &world{t: t, dir: shortDir(t), bare: gittest.New(t)}
	w.populate(seed)
	for i := range 3 {
		w.replicas = append(w.replicas, w.replica(i))
	}
	return w
}

// populate starts everything but replicas.
func (w *world) populate(seed uint64) {
	w.t.Helper()
	w.random = rand.New(rand.NewPCG(seed, 1))
	w.logMoves()
	w.seedRepository(seed%2 == 0)
	w.etcd = w.run("etcd", "etcd", filepath.Join(w.dir, "etcd"))
	w.git = w.run("git", "git", filepath.Dir(w.bare.Dir), filepath.Join(w.dir, "git.sock"))
	w.dial()
	w.log = observe(w.t, w.client)
	w.t.Cleanup(w.save)
	w.sell()
}

// save keeps the repository and the history of a failed test beside its logs.
func (w *world) save() {
	if !w.t.Failed() {
		return
	}
	var history bytes.Buffer
	for _, e := range w.log.history().events {
		fmt.Fprintf(&history, "%d %s %s\n", e.revision, e.key, e.value)
	}
	err := errors.Join(os.CopyFS(filepath.Join(w.dir, "repo.git"), os.DirFS(w.bare.Dir)),
		os.WriteFile(filepath.Join(w.dir, "history"), history.Bytes(), 0o644))
	if err != nil {
		w.t.Logf("saving the repository: %v", err)
	}
}

// logMoves makes Git, and whoever else moves the branch, log it.
func (w *world) logMoves() {
	w.t.Helper()
	w.bare.Git("config", "core.logAllRefUpdates", "true")
	dir := filepath.Join(w.bare.Dir, "logs", "refs", "heads")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "main"), nil, 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// run starts a process that ends with the test.
func (w *world) run(name, role string, args ...string) *process {
	p := &process{t: w.t, name: name, role: role, args: args, log: filepath.Join(w.dir, name+".log")}
	w.begin(p)
	return p
}

func (w *world) begin(p *process) {
	p.start()
	w.t.Cleanup(func() { p.end(syscall.SIGKILL) })
}

// shortDir returns a directory whose sockets have short paths.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "chaos")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if *keep || t.Failed() {
			t.Logf("logs are in %s", dir)
			return
		}
		_ = os.RemoveAll(dir)
	})
	return dir
}

func (w *world) socket() string { return "unix://" + filepath.Join(w.dir, "etcd", "etcd.sock") }

func (w *world) dial() {
	w.t.Helper()
	for range 100 {
		store, err := etcd.Dial(w.t.Context(), etcd.Config{Endpoints: []string{w.socket()}})
		if err == nil {
			w.t.Cleanup(func() { _ = store.Close() })
			w.client = store.Client()
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	w.t.Fatal("etcd does not start")
}

// proxy puts a network that can fail in front of an endpoint.
func (w *world) proxy(endpoint string) *etcdtest.Proxy {
	w.t.Helper()
	p, err := etcdtest.NewProxy(endpoint)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = p.Close() })
	return p
}

// replica makes and starts one; all but the first reach Git over HTTP.
func (w *world) replica(i int, more ...string) *replica {
	w.t.Helper()
	r := &replica{etcd: w.proxy(w.socket())}
	repo := w.bare.Dir
	if i > 0 {
		r.git = w.proxy("unix://" + filepath.Join(w.dir, "git.sock"))
		repo = r.git.Endpoint() + "/" + filepath.Base(w.bare.Dir)
	}
	name := fmt.Sprintf("replica%d", i)
	r.t, r.name, r.role, r.log = w.t, name, "sluice", filepath.Join(w.dir, name+".log")
	r.args = []string{"run", "--repo", repo, "--branch", "main", "--env", "local", "--etcd-endpoints", r.etcd.Endpoint(),
		"--listen", "", "--lease-ttl", "1s", "--poll", "1s", "--resync", "5s", "--max-delay", "100ms", "--id", name, "--allow-removals",
		"--git-cache", filepath.Join(w.dir, name+".git"), "--etcd-request-timeout", "2s"}
	r.args = append(r.args, more...) // which win
	w.begin(&r.process)
	return r
}

// seedRepository commits what people wrote: catalog and environment.
func (w *world) seedRepository(forget bool) {
	w.t.Helper()
	var err error
	if w.people, err = git.Open(w.t.Context(), w.bare.Dir, git.Options{Branch: "main", Author: git.Author{Name: "people", Email: "p@x"}}); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = w.people.Close() })
	err = w.commit(func(tx *git.Tx, _ fs.FS) error {
		for dir, from := range map[string]fs.FS{"catalog": catalog.Published(), "environments": environments.Example()} {
			err := fs.WalkDir(from, ".", func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() || strings.Contains(path, "/tenants/") {
					return err
				}
				data, err := fs.ReadFile(from, path)
				if err != nil {
					return err
				}
				if forget && path == "local/environment.yaml" {
					data = bytes.Replace(data, []byte("releaseHours: 24"), []byte("releaseHours: 0"), 1)
				}
				return tx.PutFile(dir+"/"+path, data)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// commit commits as people do.
func (w *world) commit(f func(tx *git.Tx, files fs.FS) error) error {
	_, err := git.Update(context.Background(), w.people, func(_ context.Context, tx *git.Tx, h git.Head) (git.Message, error) {
		return git.Message{Subject: "by people"}, f(tx, w.people.FS(h))
	}, git.RetryOptions{Attempts: 50})
	return err
}

const prefix = authz.DefaultPrefix

// sell writes the first tenants.
func (w *world) sell() {
	w.t.Helper()
	for i := range tenants {
		for _, kv := range [][2]string{tenantRecord(i), rightRecord(i, "swg", 1, time.Time{})} {
			if _, err := w.client.Put(w.t.Context(), kv[0], kv[1]); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

const tenants = 10

func tenantRecord(i int) [2]string {
	id := fmt.Sprint(1000000 + i)
	return [2]string{prefix + "/" + id, fmt.Sprintf(`{"tenantId":%q,"tenantName":"t%d","tenantCode":"c%d"}`, id, i, i)}
}

// rightRecord is a right that ends at a moment; the zero time is never.
func rightRecord(i int, product string, replicas int, end time.Time) [2]string {
	ends := ""
	if !end.IsZero() {
		ends = end.UTC().Format(time.RFC3339)
	}
	return [2]string{fmt.Sprintf("%s/%d/rs/%s", prefix, 1000000+i, product),
		fmt.Sprintf(`{"product":%q,"replicas":%d,"startTime":"2024-01-01T00:00:00Z","endTime":%q}`, product, replicas, ends)}
}

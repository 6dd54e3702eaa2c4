package chaos

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/cmd/internal/wire"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/authz"
	"github.com/gatorcloud/sluice/renderer/etcdstore"
	"github.com/gatorcloud/sluice/renderer/etcdstore/embedded"
	"github.com/gatorcloud/sluice/renderer/etcdstore/etcdtest"
	"github.com/gatorcloud/sluice/renderer/gitrepo"
	"github.com/gatorcloud/sluice/renderer/gitrepo/gittest"
)

// role is the variable that makes the test binary one of the processes.
const role = "SLUICE_CHAOS_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "sluice":
		os.Exit(wire.Main(os.Args[1:]))
	case "etcd":
		os.Exit(serveEtcd(os.Args[1]))
	}
	os.Exit(m.Run())
}

func serveEtcd(dir string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := embedded.Start(ctx, dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	<-ctx.Done()
	_ = s.Close()
	return 0
}

// process is a child that is killed, paused and begun again.
type process struct {
	t    *testing.T
	name string
	role string
	args []string
	log  string
	env  []string

	breaking sync.Mutex
	mu       sync.Mutex
	cmd      *exec.Cmd
}

func (p *process) start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		p.t.Error(err)
		return
	}
	defer log.Close()
	p.cmd = exec.Command(os.Args[0], p.args...)
	p.cmd.Env = append(append(gittest.Env(), role+"="+p.role), p.env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		p.t.Error(err)
	}
}

func (p *process) signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.cmd.Process.Signal(s)
}

// end sends a signal and waits for the process to go.
func (p *process) end(s syscall.Signal) {
	p.signal(s)
	if s != syscall.SIGKILL {
		p.signal(syscall.SIGCONT)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.cmd.Wait()
}

// replica is a `sluice run` with its own ways to etcd and Git.
type replica struct {
	process
	etcd *etcdtest.Proxy
	git  *etcdtest.Proxy // nil for one that writes the repository itself
}

// world is everything that is broken and what watches it.
type world struct {
	t        *testing.T
	random   *rand.Rand
	dir      string
	bare     *gittest.Repo
	people   *gitrepo.Repo
	etcd     *process
	client   *clientv3.Client
	replicas []*replica
	log      *observer
}

func newWorld(t *testing.T, seed uint64) *world {
	t.Helper()
	w := &world{t: t, random: rand.New(rand.NewPCG(seed, 1)), dir: shortDir(t), bare: gittest.New(t)}
	w.seedRepository()
	w.etcd = &process{t: t, name: "etcd", role: "etcd", args: []string{filepath.Join(w.dir, "etcd")}, log: filepath.Join(w.dir, "etcd.log")}
	w.etcd.start()
	t.Cleanup(func() { w.etcd.end(syscall.SIGKILL) })
	w.dial()
	w.log = observe(t, w.client)
	w.sell()
	server := w.bare.HTTP("")
	for i := range 3 {
		w.replicas = append(w.replicas, w.replica(i, server.URL))
	}
	return w
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
		store, err := etcdstore.Dial(w.t.Context(), etcdstore.Config{Endpoints: []string{w.socket()}})
		if err == nil {
			w.t.Cleanup(func() { _ = store.Close() })
			w.client = store.Client()
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	w.t.Fatal("etcd does not start")
}

// replica makes and starts one; all but the first reach Git over HTTP.
func (w *world) replica(i int, url string) *replica {
	w.t.Helper()
	r := &replica{}
	var err error
	if r.etcd, err = etcdtest.NewProxy(w.socket()); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = r.etcd.Close() })
	repo := w.bare.Dir
	if i > 0 {
		host, path, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
		if r.git, err = etcdtest.NewProxy("http://" + host); err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(func() { _ = r.git.Close() })
		repo = r.git.Endpoint() + "/" + path
	}
	name := fmt.Sprintf("replica%d", i)
	r.process = process{t: w.t, name: name, role: "sluice", log: filepath.Join(w.dir, name+".log"),
		args: []string{"run", "--repo", repo, "--branch", "main", "--env", "local", "--etcd-endpoints", r.etcd.Endpoint(),
			"--listen", "", "--lease-ttl", "1s", "--poll", "1s", "--resync", "5s", "--max-delay", "100ms", "--id", name, "--allow-removals",
			"--git-cache", filepath.Join(w.dir, name+".git"), "--etcd-request-timeout", "2s"}}
	r.start()
	w.t.Cleanup(func() { r.end(syscall.SIGKILL) })
	return r
}

// seedRepository commits what people wrote: catalog and environment.
func (w *world) seedRepository() {
	w.t.Helper()
	var err error
	if w.people, err = gitrepo.Open(w.t.Context(), w.bare.Dir, gitrepo.Options{Branch: "main", Author: gitrepo.Author{Name: "people", Email: "p@x"}}); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = w.people.Close() })
	err = w.commit(func(tx *gitrepo.Tx, _ fs.FS) error {
		for dir, from := range map[string]fs.FS{"catalog": catalog.Published(), "environments": environments.Example()} {
			err := fs.WalkDir(from, ".", func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() || strings.Contains(path, "/tenants/") {
					return err
				}
				data, err := fs.ReadFile(from, path)
				if err != nil {
					return err
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
func (w *world) commit(f func(tx *gitrepo.Tx, files fs.FS) error) error {
	_, err := gitrepo.Update(context.Background(), w.people, func(_ context.Context, tx *gitrepo.Tx, h gitrepo.Head) (gitrepo.Message, error) {
		return gitrepo.Message{Subject: "by people"}, f(tx, w.people.FS(h))
	}, gitrepo.RetryOptions{Attempts: 50})
	return err
}

const prefix = authz.DefaultPrefix

// sell writes the first tenants.
func (w *world) sell() {
	w.t.Helper()
	for i := range tenants {
		for _, kv := range [][2]string{tenantRecord(i), rightRecord(i, "swg", 1)} {
			if _, err := w.client.Put(w.t.Context(), kv[0], kv[1]); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

const tenants = 10

func tenantRecord(i int) [2]string {
	id := fmt.Sprint(1000000 + i)
	return [2]string{prefix + "/" + id, fmt.Sprintf(`{"tenantId":%q,"tenantName":"t%d","tenantCode":"c5cb27eb"}`, id, i)}
}

func rightRecord(i int, product string, replicas int) [2]string {
	return [2]string{fmt.Sprintf("%s/%d/rs/%s", prefix, 1000000+i, product),
		fmt.Sprintf(`{"product":%q,"replicas":%d,"startTime":"2024-01-01T00:00:00Z"}`, product, replicas)}
}

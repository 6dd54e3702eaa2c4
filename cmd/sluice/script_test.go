package main

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/internal/wire"
	"github.com/gatorcloud/sluice/renderer/etcd/embedded"
	"github.com/gatorcloud/sluice/renderer/ingest/spstest"
	"github.com/rogpeppe/go-internal/testscript"
	clientv3 "go.etcd.io/etcd/client/v3"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"sluice": func() { os.Exit(wire.Main(os.Args[1:])) },
	})
}

// TestScript runs every behaviour of the command line that is written down in
// testdata/script. $REPO is the repository that this source is in.
func TestScript(t *testing.T) {
	repo, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"silent-server": silent,
			"sps":           upstream(),
			"gitlab":        forge(),
			"etcd-put": func(ts *testscript.TestScript, _ bool, args []string) {
				raw(ts, func(ctx context.Context, c *clientv3.Client) (string, error) {
					_, err := c.Put(ctx, args[0], args[1])
					return "", err
				})
			},
			"etcd-get": func(ts *testscript.TestScript, _ bool, args []string) {
				raw(ts, func(ctx context.Context, c *clientv3.Client) (string, error) {
					got, err := c.Get(ctx, args[0])
					if err != nil || len(got.Kvs) == 0 {
						return "", err
					}
					return string(got.Kvs[0].Value), nil
				})
			},
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("REPO", repo)
			e.Setenv("BIN", filepath.SplitList(e.Getenv("PATH"))[0]) // where sluice is, and nothing else
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, ".state"))
			e.Setenv("XDG_CACHE_HOME", filepath.Join(e.WorkDir, ".cache"))
			e.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
			return nil
		},
	})
}

// silent starts a Git server that takes connections and says nothing, and puts
// the URL of a repository on it into $SILENT.
func silent(ts *testscript.TestScript, _ bool, _ []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	ts.Setenv("SILENT", "http://"+l.Addr().String()+"/fleet.git")
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer func() { _ = c.Close() }()
		}
	}()
}

// upstream is a command of scripts that is an SPS in this process:
//
//	sps start             puts its URL into $SPS, and a free address for notices into $NOTIFY
//	sps tell URL KEY      sends notices of every change from now on
//	sps put ID FILE       makes or changes a tenant
//	sps remove ID         forgets one
func upstream() func(*testscript.TestScript, bool, []string) {
	var servers sync.Map // by the script's folder
	return func(ts *testscript.TestScript, _ bool, args []string) {
		if args[0] == "start" {
			s := spstest.New()
			ts.Check(s.Start("127.0.0.1:0"))
			ts.Defer(func() { _ = s.Close() })
			free, err := net.Listen("tcp", "127.0.0.1:0")
			ts.Check(err)
			ts.Check(free.Close())
			ts.Setenv("SPS", s.URL())
			ts.Setenv("NOTIFY", free.Addr().String())
			servers.Store(ts.Getenv("WORK"), s)
			return
		}
		found, ok := servers.Load(ts.Getenv("WORK"))
		if !ok {
			ts.Fatalf("sps %s: start it first", args[0])
		}
		switch s := found.(*spstest.Server); args[0] {
		case "tell":
			s.Tell(spstest.Notices{URL: args[1], Key: []byte(args[2])})
		case "put":
			ts.Check(s.Put(args[1], ts.ReadFile(args[2])))
		case "remove":
			ts.Check(s.Remove(args[1]))
		default:
			ts.Fatalf("sps %s is unknown", args[0])
		}
	}
}

// raw lets f read or write a key as it is, past sluice, in the script's own
// etcd, and makes what it returns the script's stdout.
func raw(ts *testscript.TestScript, f func(context.Context, *clientv3.Client) (string, error)) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	server, err := embedded.Start(ctx, filepath.Join(ts.Getenv("XDG_STATE_HOME"), "sluice", "etcd"))
	ts.Check(err)
	defer server.Close()
	client, err := clientv3.New(clientv3.Config{Endpoints: server.Endpoints(), DialTimeout: 10 * time.Second})
	ts.Check(err)
	defer client.Close()
	out, err := f(ctx, client)
	ts.Check(err)
	_, err = io.WriteString(ts.Stdout(), out)
	ts.Check(err)
}

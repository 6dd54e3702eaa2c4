package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gatorcloud/sluice/cmd/sluice-cmp/internal/cli"
	"github.com/gatorcloud/sluice/plugin"
	"github.com/gatorcloud/sluice/plugin/plugintest"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sluice-cmp": func() { os.Exit(cli.Main(os.Args[1:])) }})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			// Socket paths are limited to 108 bytes, which the script's folder exceeds.
			dir, err := os.MkdirTemp("", "cmp")
			if err != nil {
				return err
			}
			e.Defer(func() { os.RemoveAll(dir) })
			e.Setenv("SOCK", filepath.Join(dir, "sluice.sock"))
			address, err := quietPort()
			e.Setenv("METRICS", address)
			return err
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"rendered": rendered, "metrics": metrics, "terminate": terminate},
	})
}

// quietPort returns the address of a free port below those that the kernel gives
// away: nobody gets it in the moment before the server does.
func quietPort() (string, error) {
	for tries := 0; ; tries++ {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000)))
		if err == nil {
			return l.Addr().String(), l.Close()
		}
		if tries == 100 {
			return "", err
		}
	}
}

// fixtures are the rendered directories that scripts work in.
func fixtures() map[string]*tree.Dir {
	return map[string]*tree.Dir{
		"product": plugintest.Product().Dir(), "suspended": plugintest.Product().In("suspended").Dir(),
		"tenant": plugintest.Base().Dir(), "ring": plugintest.Members(3).Dir(),
	}
}

// rendered writes a directory of the fixture: rendered <fixture> <folder>.
func rendered(ts *testscript.TestScript, _ bool, args []string) {
	d, ok := fixtures()[args[0]]
	if !ok || len(args) != 2 {
		ts.Fatalf("usage: rendered <fixture> <folder>")
	}
	for name, data := range d.Files() {
		file := ts.MkAbs(filepath.Join(args[1], name))
		ts.Check(os.MkdirAll(filepath.Dir(file), 0o755))
		ts.Check(os.WriteFile(file, data, 0o644))
	}
	g := plugin.Grants{"swg": ident.Must[ident.VersionKind]("202"), "dsa": ident.Must[ident.VersionKind]("31")}
	result, err := plugin.New(overlay.New(overlay.Options{})).Generate(context.Background(), plugin.Request{Dir: d, Grants: g})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]+".want"), result.Stream(), 0o644))
}

// terminate sends SIGTERM to everything in the background.
func terminate(ts *testscript.TestScript, _ bool, _ []string) {
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	}
}

// metrics waits for a metric: metrics <address> <text>.
func metrics(ts *testscript.TestScript, _ bool, args []string) {
	var body []byte
	for range 1500 {
		if r, err := http.Get("http://" + args[0] + "/metrics"); err == nil {
			body, _ = io.ReadAll(r.Body)
			r.Body.Close()
			if strings.Contains(string(body), args[1]) {
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	ts.Fatalf("%s is not in %s", args[1], body)
}

// The plugin sees only what it is sent: its binary has no way to etcd, Git,
// GitLab or a cluster, and no library that would cost start-up time for nothing.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	allowed := map[string]bool{"k8s.io/kube-openapi": true}
	for path := range strings.FieldsSeq(string(out)) {
		for what, prefixes := range map[string][]string{
			"etcd":             {"go.etcd.io/", "github.com/gatorcloud/sluice/renderer/etcd"},
			"Git":              {"github.com/go-git/", "github.com/gatorcloud/sluice/renderer/git", "github.com/gatorcloud/sluice/renderer/git/worktree"},
			"GitLab":           {"gitlab.com/", "github.com/gatorcloud/sluice/renderer/gitlab"},
			"a cluster client": {"k8s.io/client-go", "k8s.io/api", "k8s.io/apimachinery", "k8s.io/kubernetes"},
			"Argo CD itself":   {"github.com/argoproj/"},
			"Helm":             {"helm.sh/", "github.com/Masterminds/"},
			"the catalog":      {"github.com/gatorcloud/sluice/catalog", "github.com/santhosh-tekuri/jsonschema", "github.com/gatorcloud/sluice/renderer/render/base"},
			"the renderer":     {"github.com/gatorcloud/sluice/renderer/render/plan", "github.com/gatorcloud/sluice/renderer/model/authz"},
			"test fixtures":    {"github.com/gatorcloud/sluice/plugin/plugintest", "testing"},
		} {
			for _, p := range prefixes {
				if (path == strings.TrimSuffix(p, "/") || strings.HasPrefix(path, strings.TrimSuffix(p, "/")+"/")) && !allowed[path] {
					t.Errorf("sluice-cmp imports %s: %s", what, path)
				}
			}
		}
	}
	if !strings.Contains(string(out), "sigs.k8s.io/kustomize/api/krusty") {
		t.Error("go list names no kustomize: the list is not what it should be")
	}
}

// Every command's help has an example that begins with the command.
func TestExamples(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the program by the go command for each example")
	}
	for _, name := range []string{"serve", "generate", "parameters", "probe", "version"} {
		out, err := exec.Command("go", "run", ".", name, "--help").CombinedOutput()
		if err != nil || !strings.Contains(string(out), fmt.Sprintf("sluice-cmp %s", name)) || !strings.Contains(string(out), "Examples:") {
			t.Errorf("sluice-cmp %s --help = %s, %v, want an example", name, out, err)
		}
	}
}

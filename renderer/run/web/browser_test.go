package web_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

var update = flag.Bool("update", false, "write where the elements of pages are")

// locked is the folder of what npm gives the tests, with their versions and checksums.
const locked = "../../../.ci/browser"

// browser returns Debian's Chromium, node, and the folder of node's modules,
// which are installed once below the user's cache folder. Without the programs
// the test is skipped; in CI it fails.
func browser(t *testing.T) (chromium, node, modules string) {
	t.Helper()
	found := map[string]string{}
	for _, name := range []string{"chromium", "node", "npm"} {
		path, err := exec.LookPath(name)
		if err != nil && os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing: %v", name, err)
		}
		if err != nil {
			t.Skipf("%s is missing; install it with: apt-get install chromium nodejs npm", name)
		}
		found[name] = path
	}
	lock, err := os.ReadFile(filepath.Join(locked, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	modules = filepath.Join(cache, "sluice-tools", fmt.Sprintf("browser-%x", sha256.Sum256(lock))[:24])
	if _, err := os.Stat(filepath.Join(modules, "done")); errors.Is(err, fs.ErrNotExist) {
		install(t, found["npm"], modules)
	}
	return found["chromium"], found["node"], modules
}

func install(t *testing.T, npm, modules string) {
	t.Helper()
	if err := os.MkdirAll(modules, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		data, err := os.ReadFile(filepath.Join(locked, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(modules, name), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = modules
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v: %s", err, out)
	}
	if err := os.WriteFile(filepath.Join(modules, "done"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// What is embedded is what npm has, whose lock file holds the checksum.
func TestEmbedded(t *testing.T) {
	t.Parallel()
	_, _, modules := browser(t)
	for name, from := range map[string]string{"htmx.min.js": "dist/htmx.min.js", "hx-sse.min.js": "dist/ext/hx-sse.min.js", "LICENSE.htmx": "LICENSE"} {
		ours, err := os.ReadFile(filepath.Join("assets", name))
		if err != nil {
			t.Fatal(err)
		}
		if theirs, err := os.ReadFile(filepath.Join(modules, "node_modules", "htmx.org", from)); err != nil || !bytes.Equal(ours, theirs) {
			t.Errorf("assets/%s is not %s of the package: %v", name, from, err)
		}
	}
}

// A person at the page, in a real browser: see testdata/browser/play.mjs.
func TestBrowser(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes a minute")
	}
	chromium, node, modules := browser(t)
	f := fleetOf(12)
	o := options(t, f)
	shown, down := serve(t, o), atomic.Bool{}
	handler := shown.Config.Handler
	shown.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			http.Error(w, "away", http.StatusServiceUnavailable)
			return
		}
		handler.ServeHTTP(w, r)
	})
	closed := options(t, f)
	closed.Review = func(_ context.Context, _ ident.Environment, token string) (string, bool, error) {
		return token, token == "sre", nil
	}
	control := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/pass":
			f.change(func() { f.verdict = "swg 203 passed ring early." })
		case "/halt":
			f.change(func() { f.verdict = "swg 203 halts in ring early." })
		case "/down":
			down.Store(true)
			shown.CloseClientConnections()
		case "/up":
			down.Store(false)
		}
	}))
	defer control.Close()
	shots := os.Getenv("SLUICE_SHOTS")
	if shots == "" {
		shots = t.TempDir()
	}
	cmd := exec.CommandContext(t.Context(), node, "testdata/browser/play.mjs")
	cmd.Env = append(os.Environ(), "PAGE="+shown.URL, "LARGE="+serve(t, options(t, fleetOf(10000))).URL, "CLOSED="+serve(t, closed).URL, "CONTROL="+control.URL,
		"MODULES="+modules, "CHROMIUM="+chromium, "SHOTS="+shots, "BOXES=testdata/browser/boxes.json")
	if *update {
		cmd.Env = append(cmd.Env, "UPDATE=1")
	}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = io.MultiWriter(&out, t.Output()), t.Output() // at once: who waits sees what for
	if err := cmd.Run(); err != nil {
		t.Errorf("play.mjs: %v", err)
	}
	checks := 0
	for line := range strings.Lines(out.String()) {
		name, why, bad := strings.Cut(strings.TrimSpace(line), ": ")
		checks++
		t.Run(name[strings.LastIndexByte(name, ' ')+1:], func(t *testing.T) {
			if bad || !strings.HasPrefix(name, "ok ") {
				t.Error(why)
			}
		})
	}
	if checks < 15 {
		t.Errorf("%d checks were made, want all", checks)
	}
}

// The pictures of the README are taken by a script. SLUICE_PAGE names the page
// of a running demo, and they are then written to the folder pictures; without
// it the script is tried on a page of our own.
func TestPictures(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	chromium, node, modules := browser(t)
	page, out := os.Getenv("SLUICE_PAGE"), "pictures"
	if page == "" {
		page, out = serve(t, options(t, fleetOf(12))).URL, t.TempDir()
	}
	cmd := exec.CommandContext(t.Context(), node, "testdata/browser/pictures.mjs")
	cmd.Env = append(os.Environ(), "PAGE="+page, "OUT="+out, "MODULES="+modules, "CHROMIUM="+chromium)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("pictures.mjs: %v: %s", err, said)
	}
	for _, name := range []string{"fleet", "tenant", "rollout"} {
		if _, err := os.Stat(filepath.Join(out, name+".png")); err != nil {
			t.Error(err)
		}
	}
}

package githttp_test

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/gatorcloud/sluice/cmd/lab/internal/githttp"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

func serve(t *testing.T) (url, root string) {
	t.Helper()
	backend, err := githttp.Backend()
	if err != nil {
		t.Fatal(err)
	}
	root = t.TempDir()
	srv := httptest.NewServer(githttp.Handler(githttp.Options{Root: root, Backend: backend, Env: []string{"PATH=" + os.Getenv("PATH")}}))
	t.Cleanup(srv.Close)
	git(t, root, "init", "--quiet", "--bare", "--initial-branch=main", "fleet.git")
	return srv.URL, root
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.org"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "NO_PROXY=127.0.0.1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v: %s", args, err, out)
	}
	return string(out)
}

// A push above http.postBuffer (1 MiB) comes in chunks, without a length.
func TestPushAndClone(t *testing.T) {
	short.Skip(t, "pushes and clones")
	cases := map[string]struct {
		reason string
		size   int
	}{
		"Small": {"sent with a length", 10},
		"Large": {"sent in chunks", 3 << 20},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			url, _ := serve(t)
			work := t.TempDir()
			git(t, work, "init", "--quiet", "--initial-branch=main")
			noise := make([]byte, tc.size)
			if _, err := rand.Read(noise); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(work, "file"), noise, 0o600); err != nil {
				t.Fatal(err)
			}
			git(t, work, "add", "file")
			git(t, work, "commit", "--quiet", "--message=first")
			git(t, work, "push", "--quiet", url+"/fleet.git", "main")

			clone := t.TempDir()
			git(t, clone, "clone", "--quiet", url+"/fleet.git", ".")
			got, err := os.ReadFile(filepath.Join(clone, "file"))
			if err != nil || string(got) != string(noise) {
				t.Errorf("%s: the clone holds %d bytes, %v, want the %d bytes pushed", tc.reason, len(got), err, len(noise))
			}
		})
	}
}

// Nothing outside the root is served, however it is asked for.
func TestOutsideIsNotServed(t *testing.T) {
	url, root := serve(t)
	outside := filepath.Join(filepath.Dir(root), "outside.git")
	git(t, root, "init", "--quiet", "--bare", outside)
	for _, path := range []string{"/../outside.git", "/fleet.git/../../outside.git", "/%2e%2e/outside.git", "/fleet.git/..%2f..%2foutside.git"} {
		req, err := http.NewRequest(http.MethodGet, url+path+"/info/refs?service=git-upload-pack", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			t.Errorf("GET %s = %s, want a refusal", path, resp.Status)
		}
	}
}

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/etcd/embedded"
	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/render/overlay/overlaytest"
)

// program returns the path of sluice: this test itself, as TestMain lets it be
// called, which saves a build.
func program(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("sluice")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// run runs a command and returns its standard output.
func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "SLUICE_GIT_TOKEN=secret", "HOME="+t.TempDir(), "GIT_TERMINAL_PROMPT=0")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", filepath.Base(name), strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out)
}

// TestRealInput takes the two tenants of the old system the whole way: into
// etcd over its wire protocol, into a bare repository behind smart HTTP, out
// of a clone and through the stock kustomize.
func TestRealInput(t *testing.T) {
	if testing.Short() {
		t.Skip("runs sluice beside etcd, git and kustomize")
	}
	sluice := program(t)
	etcd, err := embedded.Start(context.Background(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := etcd.Close(); err != nil {
			t.Error(err)
		}
	}()
	repo := gittest.New(t)
	server := repo.HTTP("secret")
	defer server.Close()
	seed(t, repo)

	endpoints := "--etcd-endpoints=" + strings.Join(etcd.Endpoints(), ",")
	run(t, ".", sluice, "authz", "import", "-f", "../../environments/local/tenants.example.yaml", endpoints)
	list := run(t, ".", sluice, "authz", "list", endpoints)
	for _, want := range []string{
		"NAME", "TENANTNAME", "TENANTID", "TENANTCODE", "STORAGE", "REPLICAS", "VERSION", "STARTTIME", "ENDTIME", "AGE", "DESCRIPTION",
		"swg-1000006", "zhangyong", "c5cb27eb", "80Gi", "13", "ca-init 容器修改", "swg-1000009", "yuhongyan", "b078e46e", "spe更新到3.10.0_133",
	} {
		if !strings.Contains(list, want) {
			t.Errorf("authz list does not show %q:\n%s", want, list)
		}
	}
	render := []string{"render", "--env=local", "--repo=" + server.URL, "--branch=main", endpoints}
	run(t, ".", sluice, render...)
	tip := repo.Tip()
	if again := run(t, ".", sluice, append(render, "-o", "json")...); repo.Tip() != tip {
		t.Errorf("a second render made a commit: %s", again)
	}
	if message := repo.Git("log", "-1", "--format=%B"); !strings.Contains(message, "Etcd-Revision: ") {
		t.Errorf("the commit has no trailer Etcd-Revision:\n%s", message)
	}
	repo.Check()

	clone := filepath.Join(t.TempDir(), "clone")
	run(t, ".", "git", "clone", "-q", repo.Dir, clone)
	run(t, clone, sluice, "render", "--from-git", "--check")
	t.Run("Kustomize", func(t *testing.T) { buildAll(t, overlaytest.Released(t, "kustomize"), clone) })
}

// seed commits what people write: the catalog and the environment "local".
func seed(t *testing.T, repo *gittest.Repo) {
	t.Helper()
	clone := filepath.Join(t.TempDir(), "seed")
	run(t, ".", "git", "clone", "-q", repo.Dir, clone)
	for _, path := range []string{"catalog/products", "catalog/shared", "catalog/catalog.lock",
		"environments/local/environment.yaml", "environments/local/fleet.yaml"} {
		target := filepath.Join(clone, filepath.Dir(path))
		if err := os.MkdirAll(target, 0o755); err != nil {
			t.Fatal(err)
		}
		run(t, ".", "cp", "-r", filepath.Join("../..", path), target)
	}
	run(t, clone, "git", "checkout", "-q", "-B", "main")
	run(t, clone, "git", "add", "-A")
	run(t, clone, "git", "-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-qm", "seed")
	run(t, clone, "git", "push", "-q", "origin", "main")
}

// buildAll has the stock kustomize build every overlay and base of the clone.
func buildAll(t *testing.T, kustomize, clone string) {
	t.Helper()
	for _, tc := range []struct {
		overlay string
		want    []string
	}{
		{"tenants/06/00/1000006/swg/202", []string{"namespace: tenant-1000006", "replicas: 13", "storage: 80Gi", `gatorcloud.io/version: "202"`, "c5cb27eb.swg.gatorcloud.localhost"}},
		{"tenants/09/00/1000009/swg/200", []string{"namespace: tenant-1000009", "replicas: 2", "storage: 80Gi", `gatorcloud.io/version: "200"`, "b078e46e.swg.gatorcloud.localhost"}},
	} {
		built := run(t, clone, kustomize, "build", "environments/local/"+tc.overlay)
		for _, want := range tc.want {
			if !strings.Contains(built, want) {
				t.Errorf("kustomize build %s gives no %q", tc.overlay, want)
			}
		}
	}
	overlays, err := filepath.Glob(filepath.Join(clone, "environments/local/tenants/*/*/*/*/*/parameters.yaml"))
	if err != nil || len(overlays) < 3 {
		t.Fatalf("overlays = %v, %v, want at least three", overlays, err)
	}
	bases, _ := filepath.Glob(filepath.Join(clone, "environments/local/tenants/*/*/*/base/namespace.yaml"))
	shared, _ := filepath.Glob(filepath.Join(clone, "environments/local/tenants/*/*/*/base/shared/*/*/parameters.yaml"))
	for _, file := range append(append(overlays, bases...), shared...) {
		if out := run(t, clone, kustomize, "build", filepath.Dir(file)); len(out) < 200 {
			t.Errorf("kustomize build %s gives %d bytes", filepath.Dir(file), len(out))
		}
	}
}

package install_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// The hook of the repo-server takes git's locks out of its clones, whose
// directories nobody may read, and nothing else.
func TestRepoServerStartsWithoutLocks(t *testing.T) {
	d := find[appsv1.Deployment](t, build(t, releases["Install"], with("")), "Deployment", "argocd-repo-server")
	containers := d.Spec.Template.Spec.Containers
	i := slices.IndexFunc(containers, func(c corev1.Container) bool { return c.Name == "argocd-repo-server" })
	command := containers[i].Lifecycle.PostStart.Exec.Command
	tmp := t.TempDir()
	clones := filepath.Join(tmp, "_argocd-repo")
	lock := []string{"a/.git/index.lock", "a/.git/refs/remotes/origin/main.lock", "b/.git/shallow.lock"}
	kept := []string{"a/Chart.lock", "a/.git/index", "b/charts/x.lock"}
	for _, name := range slices.Concat(lock, kept) {
		file := filepath.Join(clones, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rights := map[string]os.FileMode{filepath.Join(clones, "a"): 0, filepath.Join(clones, "b"): 0, clones: 0o300}
	for dir, mode := range rights {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = exec.Command("chmod", "-R", "u+rwX", tmp).Run() })
	hook := func() {
		cmd := exec.Command(command[0], command[1:]...)
		cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
		if os.Geteuid() == 0 {
			// Rights mean nothing to root, and the repo-server is not root.
			if err := exec.Command("chown", "-R", "999:999", tmp).Run(); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(filepath.Dir(tmp), 0o755); err != nil {
				t.Fatal(err)
			}
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 999, Gid: 999}}
		}
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Fatalf("hook = %v: %s", err, out)
		}
	}
	hook()
	if s, err := os.Stat(clones); err != nil || s.Mode().Perm() != 0o300 {
		t.Errorf("Stat(%s) = %v, %v, want rights 0300 as before", clones, s.Mode(), err)
	}
	if err := os.Chmod(clones, 0o700); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := filepath.WalkDir(clones, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			path, err = filepath.Rel(clones, path)
			got = append(got, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(kept)
	slices.Sort(got)
	if diff := cmp.Diff(kept, got); diff != "" {
		t.Errorf("files left (-want +got):\n%s", diff)
	}
	// The first start of a pod finds no clones.
	if err := os.RemoveAll(clones); err != nil {
		t.Fatal(err)
	}
	hook()
}

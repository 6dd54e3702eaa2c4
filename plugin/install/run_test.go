package install_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/gatorcloud/sluice/plugin/install/image"
)

// plugin builds sluice-cmp and returns a function that makes a command of a
// container's words, with the container's environment but for a socket of its
// own and metrics on a free port of loopback.
func plugin(t *testing.T, c corev1.Container) func(ctx context.Context, words ...string) *exec.Cmd {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "sluice-cmp")
	if out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", binary, "github.com/gatorcloud/sluice/cmd/sluice-cmp").CombinedOutput(); err != nil {
		t.Fatalf("building sluice-cmp: %v\n%s", err, out)
	}
	env := os.Environ()
	for _, e := range c.Env {
		env = append(env, e.Name+"="+e.Value)
	}
	// A unix socket's path has at most 107 bytes.
	sockets, err := os.MkdirTemp("", "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(sockets) })
	env = append(env, "SLUICE_SOCKET="+filepath.Join(sockets, "sluice.sock"), "SLUICE_METRICS_ADDR=127.0.0.1:0")
	return func(ctx context.Context, words ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, binary, words...)
		cmd.Env, cmd.Dir = env, dir
		return cmd
	}
}

// What the sidecar's manifest calls is what the program answers: its arguments
// start a server, and each probe fails before and succeeds after that.
func TestSidecarRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the plugin and runs it")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c, _ := sidecar(t, build(t, releases["Install"], with("")))
	run := plugin(t, c)
	var probes [][]string
	for _, p := range []*corev1.Probe{c.StartupProbe, c.ReadinessProbe, c.LivenessProbe} {
		probes = append(probes, p.Exec.Command)
	}
	for _, probe := range probes {
		if err := run(ctx, probe[1:]...).Run(); err == nil {
			t.Errorf("%v succeeds without a server", probe)
		}
	}
	serving, stop := context.WithCancelCause(ctx)
	server := run(ctx, c.Args...)
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		err := server.Wait()
		stop(errors.Join(errors.New("the server ended"), err))
		ended <- err
	}()
	for _, probe := range probes {
		if !slices.Equal(probe[:1], []string{image.Path}) {
			t.Errorf("probe %v does not call the image's program", probe)
		}
		eventually(serving, t, func() error { return run(ctx, probe[1:]...).Run() })
	}
	if err := server.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the server ends with %v, want success", err)
	}
}

// eventually waits until f succeeds, at most until ctx ends.
func eventually(ctx context.Context, t *testing.T, f func() error) {
	t.Helper()
	for {
		err := f()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("gave up waiting for %v: %v", err, context.Cause(ctx))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// The commands of plugin.yaml exist.
func TestPluginCommandsExist(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the plugin and runs it")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	run := plugin(t, corev1.Container{})
	for _, word := range []string{"generate", "parameters"} {
		if out, err := run(ctx, word, "--help").CombinedOutput(); err != nil {
			t.Errorf("%s --help: %v\n%s", word, err, out)
		}
		// In a directory that was not rendered both refuse, and print nothing.
		if out, err := run(ctx, word).Output(); err == nil || len(out) > 0 {
			t.Errorf("%s in an empty directory = %q, %v, want an error and no output", word, out, err)
		}
	}
}

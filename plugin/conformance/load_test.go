package conformance_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/gatorcloud/sluice/plugin/plugintest"
)

// sidecar is the plugin's container as it is installed.
func sidecar(t *testing.T) corev1.Container {
	t.Helper()
	data, err := os.ReadFile(install + "/native/sidecar.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var d appsv1.Deployment
	decoded(t, data, &d)
	return d.Spec.Template.Spec.Containers[0]
}

// process is the program of a container that runs.
type process struct {
	socket string
	pid    int
	probe  func() ([]byte, error) // the container's, in its time
}

// started runs the program with the arguments and the environment of its
// container until the test ends, and waits until it is ready.
func started(t *testing.T, program string, c corev1.Container) process {
	t.Helper()
	socket := filepath.Join(folder(t), "s")
	env := append(os.Environ(), "SLUICE_LOG_LEVEL=error", "SLUICE_SOCKET="+socket)
	for _, e := range c.Env {
		env = append(env, e.Name+"="+e.Value)
	}
	env = append(env, "SLUICE_METRICS_ADDR=127.0.0.1:0")
	cmd := exec.Command(program, c.Args...)
	cmd.Env = env
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait() })
	p := process{socket, cmd.Process.Pid, func() ([]byte, error) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(c.ReadinessProbe.TimeoutSeconds)*time.Second)
		defer cancel()
		probe := exec.CommandContext(ctx, program, c.ReadinessProbe.Exec.Command[1:]...)
		probe.Env = env
		return probe.CombinedOutput()
	}}
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		out, err := p.probe()
		if err == nil {
			return p
		}
		if time.Now().After(end) {
			t.Fatalf("not ready after a minute: %v: %s", err, out)
		}
	}
}

// peak returns the most memory that a process had at once.
func peak(t *testing.T, pid int) int64 {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(data)
	if found == nil {
		t.Fatalf("no VmHWM in %s", data)
	}
	kib, err := strconv.ParseInt(string(found[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// monsters are overlays of one tenant that grow as much as a build may.
func monsters() map[string]asked {
	const granted = `[{"name":"versions","map":{"swg":"202"}}]`
	objects := func(n int) string {
		var all strings.Builder
		for i := range n {
			fmt.Fprintf(&all, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: m%d, labels: {gatorcloud.io/component: store}, annotations: {argocd.argoproj.io/sync-wave: \"0\"}}\ndata: {}\n", i)
		}
		return all.String()
	}
	with := func(n int, patch string) asked {
		o := plugintest.Product()
		return asked{o.With(map[string]string{
			"workloads/kustomization.yaml": o.Base["workloads/kustomization.yaml"] + "- more.yaml\npatches:\n- target: {kind: ConfigMap, name: m.*}\n  path: patch.yaml\n",
			"workloads/more.yaml":          objects(n), "workloads/patch.yaml": patch,
		}).Dir(), granted}
	}
	var nodes strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&nodes, "    m%d:\n%s", i, strings.Repeat("    - {a: b, c: d}\n", 20))
	}
	return map[string]asked{
		"Bytes": with(10, "- op: add\n  path: /data\n  value:\n    big: "+strings.Repeat("x", 1<<20)+"\n"),
		"Nodes": with(10, "- op: add\n  path: /data\n  value:\n"+nodes.String()),
	}
}

// Whatever one tenant's directory does, the sidecar stays below its limit,
// answers its probe in time, and answers all others.
func TestMonsterUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the plugin and loads it")
	}
	c, file := sidecar(t), program(t)
	limit := c.Resources.Limits.Memory().Value()
	for name, monster := range monsters() {
		t.Run(name, func(t *testing.T) {
			s := started(t, file, c)
			ctx, stop := context.WithCancel(t.Context())
			var load sync.WaitGroup
			root := monster.write(t)
			for range 2 { // one builds, one is answered
				conn := client(t, s.socket)
				load.Go(func() {
					for again := true; again; again = ctx.Err() == nil {
						if _, err := monster.send(t.Context(), conn, root); err != nil && status.Code(err) != codes.DeadlineExceeded {
							t.Errorf("the monster = %v, want it to be built, or to take too long", err)
							return
						}
					}
				})
			}
			load.Go(func() {
				for ctx.Err() == nil {
					if out, err := s.probe(); err != nil {
						t.Errorf("probe under load = %v: %s", err, out)
					}
					time.Sleep(100 * time.Millisecond)
				}
			})
			usual(t, s.socket)
			stop()
			load.Wait()
			if got := peak(t, s.pid); got > limit {
				t.Errorf("the plugin took %d MiB, its container may have %d", got>>20, limit>>20)
			}
		})
	}
}

// usual asks for the product of another tenant, many times at once, and again
// where the plugin had no time, as Argo CD does.
func usual(t *testing.T, socket string) {
	t.Helper()
	a := asked{plugintest.Product().Dir(), `[{"name":"versions","map":{"swg":"202"}}]`}
	root := a.write(t)
	var all sync.WaitGroup
	for range 8 {
		conn := client(t, socket)
		all.Go(func() {
			for range 10 {
				r, err := a.send(t.Context(), conn, root)
				for status.Code(err) == codes.DeadlineExceeded {
					r, err = a.send(t.Context(), conn, root)
				}
				if err != nil || len(r.Manifests) == 0 {
					t.Errorf("a usual request = %v", err)
				}
			}
		})
	}
	all.Wait()
}

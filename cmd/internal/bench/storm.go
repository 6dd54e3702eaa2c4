package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// stormSize is how many Applications are generated at once, stormFiles how
// many files the repository has.
const stormSize, stormFiles = 64, 50000

// plugin.yaml of the stock server: what people write who have no sluice.
const stockPlugin = `apiVersion: argoproj.io/v1alpha1
kind: ConfigManagementPlugin
metadata: {name: stock}
spec:
  generate: {command: [kustomize, build, .]}
`

// stormRepository writes a repository of 50,000 files and returns the
// directories of 64 Applications in it with what Argo CD says of each.
func stormRepository(ctx context.Context, root string) (dirs []string, envs [][]string, err error) {
	all, err := overlaysOf(ctx, stormFiles/18)
	if err != nil {
		return nil, nil, err
	}
	for _, d := range all {
		file, err := d.Read(manifest.DescriptorFile)
		if err != nil {
			return nil, nil, err
		}
		var o manifest.Overlay
		if err := manifest.Decode(file, manifest.KindOverlay, &o); err != nil {
			return nil, nil, err
		}
		path := manifest.EnvironmentPath(o.Environment) + "/" + manifest.OverlayPath(o.Tenant, o.Product, o.Version)
		err = d.Walk(func(name string, data []byte) error {
			target := filepath.Join(root, path, name)
			if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
				return err
			}
			return os.WriteFile(target, data, 0o644)
		})
		if err != nil {
			return nil, nil, err
		}
		if len(dirs) < stormSize {
			dirs, envs = append(dirs, filepath.Join(root, path)), append(envs, stormEnv(o.Tenant, path, o.Namespace))
		}
	}
	return dirs, envs, nil
}

func stormEnv(id ident.Tenant, path, namespace string) []string {
	return []string{"ARGOCD_APP_NAME=local-" + id.String() + "-swg", "ARGOCD_APP_NAMESPACE=" + namespace, "ARGOCD_APP_SOURCE_PATH=" + path,
		`ARGOCD_APP_PARAMETERS=[{"name":"versions","map":{"swg":"202"}}]`}
}

// storm generates all archives at once, several times over, and returns the
// 95th percentile of the times and the largest memory of the server and its
// children, in bytes.
func storm(ctx context.Context, cmd *exec.Cmd, socket string, archives []*archive) (time.Duration, int64, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	defer func() {
		_ = cmd.Process.Kill() // the stock server does not end on SIGTERM
		_ = cmd.Wait()
	}()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := generate(ctx, socket, archives[0]); err == nil {
			break
		} else if time.Now().After(end) {
			return 0, 0, fmt.Errorf("waiting for %s: %w", filepath.Base(cmd.Path), err)
		}
	}
	ctx, stop := context.WithCancel(ctx)
	var peak atomic.Int64
	go watchMemory(ctx, cmd.Process.Pid, &peak)
	var mu sync.Mutex
	var times []time.Duration
	var fault error
	for range 3 {
		var wg sync.WaitGroup
		for _, a := range archives {
			wg.Go(func() {
				start := time.Now()
				_, err := generate(ctx, socket, a)
				mu.Lock()
				defer mu.Unlock()
				times = append(times, time.Since(start))
				if err != nil {
					fault = err
				}
			})
		}
		wg.Wait()
	}
	stop()
	slices.Sort(times)
	return times[len(times)*95/100], peak.Load(), fault
}

// watchMemory keeps the largest resident memory of a process group in peak.
func watchMemory(ctx context.Context, group int, peak *atomic.Int64) {
	for ctx.Err() == nil {
		stats, _ := filepath.Glob("/proc/[0-9]*/stat")
		sum := int64(0)
		for _, name := range stats {
			data, err := os.ReadFile(name)
			if err != nil {
				continue
			}
			_, rest, _ := strings.Cut(string(data), ") ")
			f := strings.Fields(rest)
			if len(f) > 21 && f[2] == strconv.Itoa(group) {
				pages, _ := strconv.ParseInt(f[21], 10, 64)
				sum += pages * int64(os.Getpagesize())
			}
		}
		peak.Store(max(peak.Load(), sum))
		time.Sleep(10 * time.Millisecond)
	}
}

// generate64 compares the native server with the stock one that runs
// `kustomize build`, both as processes of their own.
func generate64(ctx context.Context) (float64, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	dirs, envs, err := stormRepository(ctx, filepath.Join(dir, "repository"))
	if err != nil {
		return 0, err
	}
	archives := make([]*archive, len(dirs))
	for i := range dirs {
		if archives[i], err = pack(dirs[i], envs[i]); err != nil {
			return 0, err
		}
	}
	bin := filepath.Join(dir, "bin")
	for pkg, name := range map[string]string{"sigs.k8s.io/kustomize/kustomize/v5": "kustomize",
		"github.com/gatorcloud/sluice/cmd/internal/bench/stock": "stock", "github.com/gatorcloud/sluice/cmd/sluice-cmp": "sluice-cmp"} {
		built, err := build(ctx, bin, pkg)
		if err != nil {
			return 0, err
		}
		if err := os.Rename(built, filepath.Join(bin, name)); err != nil {
			return 0, err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "plugin.yaml"), []byte(stockPlugin), 0o644); err != nil {
		return 0, err
	}
	stock := exec.CommandContext(ctx, filepath.Join(bin, "stock"), dir)
	stock.Env = append(os.Environ(), "ARGOCD_PLUGINSOCKFILEPATH="+dir, "ARGOCD_CMP_WORKDIR="+dir, "PATH="+bin)
	theirs, theirMemory, err := storm(ctx, stock, filepath.Join(dir, "stock.sock"), archives)
	if err != nil {
		return 0, err
	}
	socket := filepath.Join(dir, "sluice.sock")
	native := exec.CommandContext(ctx, filepath.Join(bin, "sluice-cmp"), "serve", "--socket", socket, "--metrics-addr", "")
	ours, ourMemory, err := storm(ctx, native, socket, archives)
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(os.Stderr, "# p95 of 64 at once: stock %v with %d MiB, sluice-cmp %v with %d MiB\n", theirs, theirMemory>>20, ours, ourMemory>>20)
	if ourMemory > theirMemory {
		return 0, fmt.Errorf("sluice-cmp took %d bytes, the stock server with its children %d", ourMemory, theirMemory)
	}
	return theirs.Seconds() / ours.Seconds(), nil
}

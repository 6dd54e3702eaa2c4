package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
)

// overlaysOf renders n tenants' swg overlays.
func overlaysOf(ctx context.Context, n int) ([]*tree.Dir, error) {
	r, err := newRenderer()
	if err != nil {
		return nil, err
	}
	c := collector{make(chan named, 64)}
	failed := make(chan error, 1)
	go func() {
		_, _, err := r.Full(ctx, tenants(n, "swg"), nothing{}, nil, c)
		failed <- err
		close(c.dirs)
	}()
	var all []*tree.Dir
	for d := range c.dirs {
		if d.dir == nil {
			continue
		}
		if e, ok := d.dir.Lookup("swg/202"); ok {
			all = append(all, e.Dir)
		}
	}
	return all, <-failed
}

// krustyBuild builds a directory with kustomize's own library.
func krustyBuild(dir *tree.Dir) ([]byte, error) {
	files := filesys.MakeFsInMemory()
	err := dir.Walk(func(path string, data []byte) error { return files.WriteFile("/o/"+path, data) })
	if err != nil {
		return nil, err
	}
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionLegacy // as the command does
	objects, err := krusty.MakeKustomizer(options).Run(files, "/o")
	if err != nil {
		return nil, err
	}
	return objects.AsYaml()
}

// bulkBuild compares 10,000 overlays of one version on all processors with
// krusty in a loop, which is measured on 40 of them.
func bulkBuild(ctx context.Context) (float64, error) {
	const n, sample = 10000, 40
	all, err := overlaysOf(ctx, n)
	if err != nil || len(all) != n {
		return 0, fmt.Errorf("rendering %d overlays gave %d: %w", n, len(all), err)
	}
	start := time.Now()
	want := make([][]byte, sample)
	for i := range want {
		if want[i], err = krustyBuild(all[i]); err != nil {
			return 0, err
		}
	}
	loop := time.Since(start) / sample
	engine := overlay.New(overlay.Options{})
	start = time.Now()
	if err := buildAll(ctx, engine, all, want); err != nil {
		return 0, err
	}
	ours := time.Since(start) / n
	fmt.Fprintf(os.Stderr, "# krusty %v an overlay, sluice %v\n", loop, ours)
	return loop.Seconds() / ours.Seconds(), nil
}

// buildAll builds all overlays on all processors; the first have to be what want says.
func buildAll(ctx context.Context, engine *overlay.Engine, all []*tree.Dir, want [][]byte) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	faults := make(chan error, runtime.GOMAXPROCS(0))
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			var buf []byte
			for {
				i := int(next.Add(1)) - 1
				if i >= len(all) {
					return
				}
				var err error
				if buf, err = engine.AppendBuild(ctx, buf[:0], all[i], "."); err != nil {
					faults <- err
					return
				}
				if i < len(want) && !bytes.Equal(buf, want[i]) {
					faults <- fmt.Errorf("overlay %d differs from krusty's", i)
					return
				}
			}
		})
	}
	wg.Wait()
	close(faults)
	return <-faults
}

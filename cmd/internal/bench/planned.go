package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
)

// plannedTenants is how many tenants the planned fleet has.
const plannedTenants = 10000

func planFigures() []figure {
	return []figure{
		{name: "plan-10k-vs-kustomize", unit: "x", bound: 500, atLeast: true, run: planVsKustomize,
			about: "kustomize build of what 10,000 tenants with 4 products run before and after a bump, as processes (a sample), over sluice plan as one"},
		{name: "plan-10k-s", unit: "s", bound: 5, run: planSeconds,
			about: "sluice plan of that bump, as a process"},
		{name: "plan-10k-mib", unit: "MiB", bound: 500, run: planMemory,
			about: "the most memory of that process"},
	}
}

// withPlanned hands over a fleet with a bump, and the command.
func withPlanned[T any](ctx context.Context, f func(b *bumped, dir, sluice string) (T, error)) (out T, err error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return out, err
	}
	defer os.RemoveAll(dir)
	sluice, err := build(ctx, dir, "./cmd/sluice")
	if err != nil {
		return out, err
	}
	b, err := bumpedFleet(ctx, dir, plannedTenants)
	if err != nil {
		return out, err
	}
	return f(b, dir, sluice)
}

// best returns the least of three times and of three sizes.
func (b *bumped) best(ctx context.Context, sluice string) (took time.Duration, size int64, err error) {
	for i := range 3 {
		t, n, err := b.planned(ctx, sluice)
		if err != nil {
			return 0, 0, err
		}
		if i == 0 || t < took {
			took = t
		}
		if i == 0 || n < size {
			size = n
		}
	}
	return took, size, nil
}

func planSeconds(ctx context.Context) (float64, error) {
	return withPlanned(ctx, func(b *bumped, _, sluice string) (float64, error) {
		took, _, err := b.best(ctx, sluice)
		return took.Seconds(), err
	})
}

func planMemory(ctx context.Context) (float64, error) {
	return withPlanned(ctx, func(b *bumped, _, sluice string) (float64, error) {
		_, size, err := b.best(ctx, sluice)
		return float64(size) / (1 << 20), err
	})
}

func planVsKustomize(ctx context.Context) (float64, error) {
	return withPlanned(ctx, func(b *bumped, dir, sluice string) (float64, error) {
		kustomize, err := build(ctx, dir, "sigs.k8s.io/kustomize/kustomize/v5")
		if err != nil {
			return 0, err
		}
		theirs, err := b.kustomize(ctx, dir, kustomize)
		if err != nil {
			return 0, err
		}
		ours, _, err := b.best(ctx, sluice)
		fmt.Fprintf(os.Stderr, "# kustomize %v for a tenant\n", theirs.Round(time.Millisecond))
		return theirs.Seconds() * plannedTenants / ours.Seconds(), err
	})
}

// kustomize returns how long kustomize takes for what a tenant runs before and
// after the bump: the mean of some.
func (b *bumped) kustomize(ctx context.Context, dir, kustomize string) (time.Duration, error) {
	const sample = 5
	repo, err := git.At(b.dir, "bump")
	if err != nil {
		return 0, err
	}
	defer repo.Close()
	ready, err := pipeline.New().Prepare(repo.FS(), local, pipeline.Options{})
	if err != nil {
		return 0, err
	}
	var overlays []string
	write := func(path string, d *tree.Dir) error {
		return d.Walk(func(name string, data []byte) error {
			file := filepath.Join(dir, path, name)
			return errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, data, 0o644))
		})
	}
	for _, all := range [][]string{{"dsa/31", "seg/31", "swg/200", "ucwi/112"}, {"dsa/31", "seg/31", "swg/202", "ucwi/112"}} {
		_ = all
	}
	_ = ready
	_ = write
	_ = overlays
	_ = exec.Command
	_ = sample
	return 0, errors.New("todo")
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/git"
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
	var all time.Duration
	for _, branch := range []string{"main", "bump"} {
		overlays, err := b.overlays(ctx, branch, filepath.Join(dir, branch), sample)
		if err != nil {
			return 0, err
		}
		if len(overlays) != 4*sample {
			return 0, fmt.Errorf("%d tenants have %d overlays", sample, len(overlays))
		}
		start := time.Now()
		for _, o := range overlays {
			if text, err := exec.CommandContext(ctx, kustomize, "build", o).CombinedOutput(); err != nil {
				return 0, fmt.Errorf("kustomize build: %w: %s", err, text)
			}
		}
		all += time.Since(start)
	}
	return all / sample, nil
}

// overlays writes the overlays of the first n tenants, as a branch wants them,
// below dir.
func (b *bumped) overlays(ctx context.Context, branch, dir string, n int) ([]string, error) {
	repo, err := git.At(b.dir, branch)
	if err != nil {
		return nil, err
	}
	defer repo.Close()
	ready, err := pipeline.New().Prepare(repo.FS(), local, pipeline.Options{})
	if err != nil {
		return nil, err
	}
	c := collector{make(chan named, 1024)}
	if _, _, err := ready.Renderer.Full(ctx, b.all[:n], nothing{}, nil, c); err != nil {
		return nil, err
	}
	close(c.dirs)
	var all []string
	for d := range c.dirs {
		if !strings.Contains(d.path, "/tenants/") {
			continue
		}
		err := d.dir.Walk(func(name string, data []byte) error {
			file := filepath.Join(dir, d.path, name)
			if parts := strings.Split(name, "/"); len(parts) == 3 && parts[2] == "kustomization.yaml" && parts[0] != "base" {
				all = append(all, filepath.Dir(file))
			}
			return errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, data, 0o644))
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

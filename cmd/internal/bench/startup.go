package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// build builds a package into dir as a release is built.
func build(ctx context.Context, dir, pkg string) (string, error) {
	out := filepath.Join(dir, filepath.Base(pkg))
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", out, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w: %s", pkg, err, text)
	}
	return out, nil
}

// cpu returns the processor time of one run of a command.
func cpu(ctx context.Context, name string, args ...string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	if text, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("running %s: %w: %s", name, err, text)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}

// compareStartup runs both commands in turn and returns the ratio of their
// median processor times.
func compareStartup(ctx context.Context, ours, theirs []string) (float64, error) {
	var a, b []time.Duration
	for range 31 {
		x, err := cpu(ctx, ours[0], ours[1:]...)
		if err != nil {
			return 0, err
		}
		y, err := cpu(ctx, theirs[0], theirs[1:]...)
		if err != nil {
			return 0, err
		}
		a, b = append(a, x), append(b, y)
	}
	slices.Sort(a)
	slices.Sort(b)
	fmt.Fprintf(os.Stderr, "# %s %v, %s %v\n", filepath.Base(ours[0]), a[len(a)/2], filepath.Base(theirs[0]), b[len(b)/2])
	return a[len(a)/2].Seconds() / b[len(b)/2].Seconds(), nil
}

// helpStartup compares sluice --help with kubectl version --client.
func helpStartup(ctx context.Context) (float64, error) {
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		return 0, fmt.Errorf("this figure needs kubectl: %w", err)
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	sluice, err := build(ctx, dir, "github.com/gatorcloud/sluice/cmd/sluice")
	if err != nil {
		return 0, err
	}
	return compareStartup(ctx, []string{sluice, "--help"}, []string{kubectl, "version", "--client"})
}

// cmpStartup compares what the plugin's program costs before it does its work
// with kustomize's own.
func cmpStartup(ctx context.Context) (float64, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	ours, err := build(ctx, dir, "github.com/gatorcloud/sluice/cmd/sluice-cmp")
	if err != nil {
		return 0, err
	}
	theirs, err := build(ctx, dir, "sigs.k8s.io/kustomize/kustomize/v5")
	if err != nil {
		return 0, err
	}
	return compareStartup(ctx, []string{ours, "version"}, []string{theirs, "version"})
}

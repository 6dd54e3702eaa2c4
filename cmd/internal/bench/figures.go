package main

import (
	"context"
	"fmt"
	"slices"
)

// figure is one measured number with its bound.
type figure struct {
	name, about, unit string
	bound             float64
	atLeast           bool // the value is to reach the bound, not to stay below it
	run               func(context.Context) (float64, error)
}

// line returns the figure in its printed form.
func (f figure) line(value float64) string {
	sign, verdict := "<=", "ok"
	if f.atLeast {
		sign = ">="
	}
	if f.atLeast && value < f.bound || !f.atLeast && value > f.bound {
		verdict = "short"
	}
	return fmt.Sprintf("%s %.4g %s %s%g %s", f.name, value, f.unit, sign, f.bound, verdict)
}

// figures are all figures in the order in which they are printed.
func figures() []figure {
	return append([]figure{
		{name: "full-render-vs-fast-import", unit: "x", bound: 0.6, run: fullRender,
			about: "render, build and commit 40,000 overlays, over the time git fast-import takes for the same files"},
		{name: "one-change-100k-vs-100", unit: "x", bound: 1.5, run: oneChangeRatio,
			about: "one changed authorisation among 100,000 tenants, over the same among 100"},
		{name: "one-change-bytes", unit: "KiB", bound: 16, run: oneChangeBytes,
			about: "new objects of that commit, the largest of many"},
		{name: "help-startup-vs-kubectl", unit: "x", bound: 1.0, run: helpStartup,
			about: "CPU time of sluice --help, over kubectl version --client"},
		{name: "plugin-warm-vs-kustomize", unit: "x", bound: 50, atLeast: true, run: pluginWarm,
			about: "kustomize build of a product overlay as a process, over the plugin through its socket"},
		{name: "bulk-build-vs-krusty", unit: "x", bound: 50, atLeast: true, run: bulkBuild,
			about: "krusty in a loop, over 10,000 overlays of one version on all processors"},
		{name: "generate-64-vs-stock", unit: "x", bound: 10, atLeast: true, run: generate64,
			about: "p95 of 64 generates at once with the stock server and kustomize build, over that of sluice-cmp"},
		{name: "cmp-startup-vs-kustomize", unit: "x", bound: 1.5, run: cmpStartup,
			about: "CPU time of sluice-cmp version, over kustomize version"},
	}, slices.Concat(editFigures(), planFigures(), rolloutFigures(), watchFigures(), replicaFigures(), ingestFigures(), queryFigures(), reportFigures(), pageFigures())...)
}

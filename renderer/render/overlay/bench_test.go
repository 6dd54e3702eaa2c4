package overlay

import (
	"sync/atomic"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay/overlaytest"
	"github.com/gatorcloud/sluice/renderer/render/overlay/stock"
)

// warm returns an engine that has a stencil for the synthetic product, and
// overlays of it that share their base.
func warm(b *testing.B, n int) (*Engine, []*tree.Dir) {
	b.Helper()
	e := New(Options{})
	base := overlaytest.Product()
	dirs := make([]*tree.Dir, n)
	for i := range dirs {
		spec, values := overlaytest.Values(i)
		dirs[i] = overlaytest.Overlay(base, spec, values)
	}
	for _, d := range dirs[:2] {
		if _, err := e.Build(b.Context(), d, "."); err != nil {
			b.Fatal(err)
		}
	}
	return e, dirs
}

// BenchmarkKrusty is one overlay through kustomize, in process and warm.
func BenchmarkKrusty(b *testing.B) {
	spec, values := overlaytest.Values(1)
	d := overlaytest.Overlay(overlaytest.Product(), spec, values)
	for b.Loop() {
		if _, err := stock.Build(b.Context(), d, "."); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWarm is one overlay from its stencil.
func BenchmarkWarm(b *testing.B) {
	e, dirs := warm(b, 8)
	var buf []byte
	for b.Loop() {
		out, err := e.AppendBuild(b.Context(), buf[:0], dirs[7], ".")
		if err != nil {
			b.Fatal(err)
		}
		buf = out
	}
}

// BenchmarkArrived is what the plugin does: the directory comes as files, and
// its base has to be recognised by its contents.
func BenchmarkArrived(b *testing.B) {
	e, dirs := warm(b, 8)
	files := dirs[7].Files()
	for b.Loop() {
		d, err := tree.FromFiles(files)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := e.Build(b.Context(), d, "."); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBulk is many overlays of one base on all cores, each iteration one overlay.
func BenchmarkBulk(b *testing.B) {
	e, dirs := warm(b, 10_000)
	var next atomic.Int64
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		var buf []byte
		for pb.Next() {
			out, err := e.AppendBuild(b.Context(), buf[:0], dirs[int(next.Add(1))%len(dirs)], ".")
			if err != nil {
				b.Error(err)
				return
			}
			buf = out
		}
	})
}

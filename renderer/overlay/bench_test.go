package overlay

import (
	"testing"

	"github.com/gatorcloud/sluice/renderer/overlay/overlaytest"
	"github.com/gatorcloud/sluice/renderer/overlay/stock"
)

func BenchmarkKrusty(b *testing.B) {
	spec, values := overlaytest.Values(1)
	d := overlaytest.Overlay(overlaytest.Product(), spec, values)
	for b.Loop() {
		if _, err := stock.Build(b.Context(), d, "."); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWarm(b *testing.B) {
	e := New(Options{})
	base := overlaytest.Product()
	for n := range 2 {
		spec, values := overlaytest.Values(n)
		if _, err := e.Build(b.Context(), overlaytest.Overlay(base, spec, values), "."); err != nil {
			b.Fatal(err)
		}
	}
	spec, values := overlaytest.Values(7)
	d := overlaytest.Overlay(base, spec, values)
	var buf []byte
	for b.Loop() {
		out, err := e.AppendBuild(b.Context(), buf[:0], d, ".")
		if err != nil {
			b.Fatal(err)
		}
		buf = out
	}
}

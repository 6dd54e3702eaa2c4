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

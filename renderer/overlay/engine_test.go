package overlay

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/renderer/overlay/overlaytest"
	"github.com/gatorcloud/sluice/renderer/overlay/stock"
)

func TestExplain(t *testing.T) {
	spec, values := overlaytest.Values(1)
	for _, state := range []string{"active", "suspended"} {
		spec.State = state
		if err := New(Options{}).Explain(t.Context(), overlaytest.Overlay(overlaytest.Product(), spec, values), "."); err != nil {
			t.Errorf("Explain(%s) = %v, want that it is fast", state, err)
		}
	}
}

func TestBuildLikeStock(t *testing.T) {
	e := New(Options{})
	base := overlaytest.Product()
	for n := range 20 {
		spec, values := overlaytest.Values(n)
		d := overlaytest.Overlay(base, spec, values)
		want, err := stock.Build(t.Context(), d, ".")
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.Build(t.Context(), d, ".")
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("Build(%d) = %v, differs from kustomize:\n%s", n, err, cmp.Diff(string(want), string(got)))
		}
	}
}

package plugin

import (
	"os"
	"testing"
)

// What it costs to read the objects of a product.
func BenchmarkStream(b *testing.B) {
	text, err := os.ReadFile("testdata/golden/product.yaml")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		for s := newStream(text); s.more(); {
			if _, _, err := s.next(); err != nil {
				b.Fatal(err)
			}
		}
	}
}

package conformance_test

import (
	"path/filepath"
	"testing"

	"github.com/gatorcloud/sluice/plugin"
	"github.com/gatorcloud/sluice/renderer/ident"
	"github.com/gatorcloud/sluice/renderer/overlay"
)

// One product overlay of the examples, warm, without the way through the socket.
func BenchmarkGenerateProduct(b *testing.B) {
	dir := directory(b, filepath.Join(checkout, "environments/local/tenants/06/00/1000006/swg/202"))
	r := plugin.Request{Dir: dir, Grants: plugin.Grants{"swg": ident.Must[ident.VersionKind]("202")}}
	g := plugin.New(overlay.New(overlay.Options{}))
	for range 3 {
		if _, err := g.Generate(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := g.Generate(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}

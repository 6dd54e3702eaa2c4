package conformance_test

import (
	"path/filepath"
	"testing"

	"github.com/gatorcloud/sluice/plugin"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
)

// Directories of the examples, warm, without the way through the socket.
func BenchmarkGenerate(b *testing.B) {
	v := ident.Must[ident.VersionKind]
	grants := plugin.Grants{"swg": v("202")}
	for name, path := range map[string]string{
		"Product": "environments/local/tenants/06/00/1000006/swg/202",
		"Tenant":  "environments/local/tenants/06/00/1000006/base",
		"Ring":    "environments/local/rings/main",
	} {
		b.Run(name, func(b *testing.B) {
			r := plugin.Request{Dir: directory(b, filepath.Join(checkout, path)), Grants: grants}
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
		})
	}
}

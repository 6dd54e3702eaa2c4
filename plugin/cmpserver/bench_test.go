package cmpserver_test

import (
	"os"
	"testing"

	"github.com/argoproj/argo-cd/v2/cmpserver/apiclient"
	"github.com/argoproj/argo-cd/v2/util/cmp"
	"github.com/argoproj/argo-cd/v2/util/tgzstream"

	"github.com/gatorcloud/sluice/plugin/cmpserver"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// A product overlay, warm, over one connection: what the server itself costs.
func BenchmarkGenerateManifest(b *testing.B) {
	s := start(b, cmpserver.Options{})
	a := product()
	root := repository(b, map[string]*tree.Dir{"": a.dir})
	tgz, metadata, err := cmp.GetCompressedRepoAndMetadata(root, root, a.env(), nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer tgzstream.CloseAndDelete(tgz)
	data, err := os.ReadFile(tgz.Name())
	if err != nil {
		b.Fatal(err)
	}
	client := apiclient.NewConfigManagementPluginServiceClient(s.plain(b))
	call := func() {
		if err := send(b.Context(), client, metadata, chunk(data)); err != nil {
			b.Fatal(err)
		}
	}
	call()
	call()
	b.ReportAllocs()
	for b.Loop() {
		call()
	}
}

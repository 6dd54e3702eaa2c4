package plugin_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gatorcloud/sluice/plugin"
	"github.com/gatorcloud/sluice/plugin/plugintest"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func grants(pairs ...string) plugin.Grants {
	g := plugin.Grants{}
	for i := 0; i < len(pairs); i += 2 {
		g[pairs[i]] = ident.Must[ident.VersionKind](pairs[i+1])
	}
	return g
}

// engine is one for all tests, as it is one for all requests of a process.
var engine = sync.OnceValue(func() *overlay.Engine { return overlay.New(overlay.Options{}) })

func generator() *plugin.Generator { return plugin.New(engine()) }

func remote(t plugintest.Tenant) plugintest.Tenant {
	t.Descriptor.Place = plugintest.Remote(t.Descriptor.Place)
	return t
}

// ended suspends the product that alone requires a component.
func ended(t plugintest.Tenant) plugintest.Tenant {
	t.Descriptor.Products[1].State = "suspended"
	return t
}

func released(r plugintest.Ring) plugintest.Ring {
	r.Members[0].Released = true
	return r
}

func batch(r plugintest.Ring) plugintest.Ring {
	r.Descriptor.Batch = "canary-03ff"
	return r
}

// Each level as its Application asks for it, with everything that Argo CD sends.
func requests() map[string]plugin.Request {
	product := plugintest.Path(plugintest.TenantID) + "/swg/202"
	base := plugintest.Path(plugintest.TenantID) + "/base"
	two := grants("swg", "202", "dsa", "31")
	env := "environments/pop-sha1/"
	return map[string]plugin.Request{
		"ring":                {App: "pop-sha1-canary", Namespace: "argocd", Path: env + "rings/canary", Grants: two, Dir: plugintest.Members(3).Dir()},
		"ring-released":       {App: "pop-sha1-canary", Namespace: "argocd", Path: env + "rings/canary", Grants: two, Dir: released(plugintest.Members(1)).Dir()},
		"ring-empty":          {App: "pop-sha1-canary-03ff", Namespace: "argocd", Path: env + "rings/canary-03/ff", Grants: two, Dir: batch(plugintest.Members(0)).Dir()},
		"tenant":              {App: "pop-sha1-1000006", Namespace: "argocd", Path: base, Grants: two, Dir: plugintest.Base().Dir()},
		"tenant-suspended":    {App: "pop-sha1-1000006", Namespace: "argocd", Path: base, Grants: two, Dir: ended(plugintest.Base()).Dir()},
		"tenant-other":        {App: "argocd_pop-sha1-1000006", Namespace: "argocd", Path: base, Grants: grants("swg", "200", "dsa", "31"), Dir: plugintest.Base().Dir()},
		"tenant-remote":       {App: "pop-sha1-1000006", Namespace: "argocd", Path: base, Grants: two, Dir: remote(plugintest.Base()).Dir()},
		"tenant-remote-base":  {App: "pop-sha1-1000006-base", Namespace: "tenant-1000006", Path: base, Grants: two, Dir: remote(plugintest.Base()).Dir()},
		"product":             {App: "pop-sha1-1000006-swg", Namespace: "tenant-1000006", Path: product, Grants: grants("swg", "202"), Dir: plugintest.Product().Dir()},
		"product-autoscaled":  {App: "pop-sha1-1000006-swg", Namespace: "tenant-1000006", Path: product, Grants: grants("swg", "202"), Dir: plugintest.Autoscaled().Dir()},
		"product-suspended":   {App: "pop-sha1-1000006-swg", Namespace: "tenant-1000006", Path: product, Grants: grants("swg", "202"), Dir: plugintest.Product().In("suspended").Dir()},
		"product-retained":    {App: "pop-sha1-1000006-swg", Namespace: "tenant-1000006", Path: product, Grants: grants("swg", "202"), Dir: plugintest.Product().In("retained").Dir()},
		"shared":              {App: "pop-sha1-shared-license", Namespace: "pop-sha1-shared", Path: env + "shared/license/2", Grants: grants("license", "2"), Dir: plugintest.EnvironmentShared("license", "2").Dir()},
		"product-outside":     {Grants: grants("swg", "202"), Dir: plugintest.Product().Dir()},
		"tenant-outside-argo": {Grants: two, Dir: plugintest.Base().Dir()},
	}
}

func TestGenerate(t *testing.T) {
	g := generator()
	for name, r := range requests() {
		t.Run(name, func(t *testing.T) {
			got, err := g.Generate(t.Context(), r)
			if err != nil {
				t.Fatalf("Generate = %v (hint: %s), want nil", err, fault.HintOf(err))
			}
			golden(t, name+".yaml", got.Stream())
			again, err := g.Generate(t.Context(), r)
			if err != nil || !bytes.Equal(again.Stream(), got.Stream()) {
				t.Errorf("Generate a second time = other bytes, %v", err)
			}
		})
	}
}

// Fields that the cluster writes are left to it while the authorisation is
// active; one that has ended is written whoever else writes it.
func TestGenerateIgnoresDifferences(t *testing.T) {
	const ignored, respected = "  ignoreDifferences:\n  - kind: \"Service\"\n    name: \"swg\"\n    jsonPointers: [\"/spec/a\"]\n", "    - RespectIgnoreDifferences=true\n"
	for state, want := range map[string]int{"active": 1, "suspended": 0} {
		tenant := plugintest.Base()
		swg := &tenant.Descriptor.Products[1]
		swg.State = state
		swg.Versions[0].IgnoreDifferences = []manifest.IgnoreDifference{{Kind: "Service", Name: "swg", JSONPointers: []string{"/spec/a"}}}
		swg.Versions[1].IgnoreDifferences = []manifest.IgnoreDifference{{Kind: "Service", Name: "other", JSONPointers: []string{"/spec/b"}}}
		r := requests()["tenant"]
		r.Dir = tenant.Dir()
		got, err := generator().Generate(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		out := string(got.Stream())
		if strings.Count(out, ignored) != want || strings.Count(out, respected) != want || strings.Contains(out, "other") {
			t.Errorf("%s: Generate = %s, want %d Application that ignores %s", state, out, want, ignored)
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got):\n%s", file, d)
	}
}

// An overlay's manifests are the bytes of kustomize, joined as they were cut.
func TestGenerateGivesKustomizeBytes(t *testing.T) {
	fresh := overlay.New(overlay.Options{})
	for _, name := range []string{"product", "product-suspended", "product-retained", "shared"} {
		r := requests()[name]
		want, err := fresh.Build(t.Context(), r.Dir, ".")
		if err != nil {
			t.Fatal(err)
		}
		got, err := generator().Generate(t.Context(), r)
		if err != nil || !bytes.Equal(got.Stream(), want) {
			t.Errorf("Generate(%s) = %s, %v, want %s", name, got.Stream(), err, want)
		}
	}
}

// broken returns a builder whose output is changed.
type broken struct{ change func([]byte) []byte }

func (b broken) Build(ctx context.Context, d *tree.Dir, root string) ([]byte, error) {
	out, err := engine().Build(ctx, d, root)
	return b.change(out), err
}

func TestGenerateRefusesNothingToApply(t *testing.T) {
	g := plugin.New(broken{func([]byte) []byte { return []byte("\n") }})
	for _, name := range []string{"product", "shared", "tenant"} {
		if got, err := g.Generate(t.Context(), requests()[name]); plugin.ReasonOf(err) != plugin.ReasonEmpty || len(got.Documents) > 0 {
			t.Errorf("Generate(%s) = %d documents, %v, want a refusal as empty", name, len(got.Documents), err)
		}
	}
}

func TestGenerateStopsWithContext(t *testing.T) {
	// An engine that knows the form is done before it asks.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got, err := plugin.New(overlay.New(overlay.Options{})).Generate(ctx, requests()["product"])
	if !errors.Is(err, context.Canceled) || plugin.ReasonOf(err) != "" || len(got.Documents) > 0 {
		t.Errorf("Generate(ended context) = %d documents, %v, want context.Canceled and no refusal", len(got.Documents), err)
	}
}

// Both words of an error are for people: one line and a hint.
func checkRefusal(t *testing.T, err error, want plugin.Reason) {
	t.Helper()
	if got := plugin.ReasonOf(err); got != want {
		t.Fatalf("refused for %q (%v), want %q", got, err, want)
	}
	if text := err.Error(); strings.ContainsAny(text, "\n\r") || len(text) > 600 {
		t.Errorf("refused with %q, want one short line", text)
	}
	if hint := fault.HintOf(err); hint == "" || strings.ContainsAny(hint, "\n\r") {
		t.Errorf("%v: hint %q, want one line", err, hint)
	}
}

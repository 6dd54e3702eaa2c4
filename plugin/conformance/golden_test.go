package conformance_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v2/reposerver/apiclient"
	"github.com/argoproj/gitops-engine/pkg/utils/kube"
	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/plugin"
	"github.com/gatorcloud/sluice/plugin/plugintest"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
)

// The Applications in the goldens are what Argo CD's types say, to the last
// field: nothing is lost or added on the way through them.
func TestGoldenApplications(t *testing.T) {
	files, err := filepath.Glob("../testdata/golden/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d goldens, %v", len(files), err)
	}
	seen := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for doc := range bytes.SplitSeq(data, []byte("\n---\n")) {
			if !bytes.Contains(doc, []byte("\nkind: Application\n")) {
				continue
			}
			seen++
			var a v1alpha1.Application
			if err := yaml.UnmarshalStrict(doc, &a); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			if filepath.Base(file) != "ring-released.yaml" {
				checkApplication(t, a)
			}
			var want map[string]any
			if err := yaml.Unmarshal(doc, &want); err != nil {
				t.Fatal(err)
			}
			encoded, err := yaml.Marshal(a)
			if err != nil {
				t.Fatal(err)
			}
			var got map[string]any
			if err := yaml.Unmarshal(encoded, &got); err != nil {
				t.Fatal(err)
			}
			delete(got, "status")
			delete(got["metadata"].(map[string]any), "creationTimestamp")
			// What Argo CD's types leave out is drift to the parent after every operation.
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s: Application through Argo CD's types (-want +got):\n%s", file, d)
			}
		}
	}
	if seen < 5 {
		t.Errorf("the goldens hold %d Applications, want some of each level", seen)
	}
}

// Argo CD splits the output of the command mode at the same places as the server does.
func TestStreamIsSplitAlike(t *testing.T) {
	g := plugin.New(overlay.New(overlay.Options{}))
	v := ident.Must[ident.VersionKind]
	for name, r := range map[string]plugin.Request{
		"product": {Dir: plugintest.Product().Dir(), Grants: plugin.Grants{"swg": v("202")}},
		"ring":    {Dir: plugintest.Members(3).Dir(), Grants: plugin.Grants{"swg": v("202"), "dsa": v("31")}},
		"tenant":  {Dir: plugintest.Base().Dir(), Grants: plugin.Grants{"swg": v("202"), "dsa": v("31")}},
	} {
		result, err := g.Generate(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := kube.SplitYAML(result.Stream())
		if err != nil {
			t.Fatal(err)
		}
		if len(whole) != len(result.Documents) {
			t.Fatalf("%s: the stream has %d objects, want %d", name, len(whole), len(result.Documents))
		}
		for i, doc := range result.Documents {
			one, err := kube.SplitYAML(doc)
			if err != nil || len(one) != 1 {
				t.Fatalf("%s: document %d has %d objects, %v, want 1", name, i, len(one), err)
			}
			if d := cmp.Diff(whole[i].Object, one[0].Object); d != "" {
				t.Errorf("%s: document %d (-stream +alone):\n%s", name, i, d)
			}
		}
	}
}

// What the command announces is what Argo CD's type reads, strictly.
func TestAnnouncementsAreArgoCDs(t *testing.T) {
	list, err := plugin.Announce(plugin.Request{Dir: plugintest.Product().Dir(), Grants: plugin.Grants{"swg": ident.Must[ident.VersionKind]("202")}})
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var got []*apiclient.ParameterAnnouncement
	if err := decoder.Decode(&got); err != nil || len(got) != len(list) {
		t.Fatalf("Argo CD reads %d of %d announcements, %v", len(got), len(list), err)
	}
	for i, p := range got {
		if p.Name != list[i].Name || p.String_ != list[i].String || p.CollectionType != list[i].CollectionType || len(p.Map) != len(list[i].Map) {
			t.Errorf("announcement %d = %v, want %v", i, p, list[i])
		}
	}
}

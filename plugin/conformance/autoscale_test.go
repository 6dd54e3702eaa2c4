package conformance_test

import (
	"slices"
	"testing"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v2/util/argo/normalizers"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render/base"
)

// autoscaled returns the rule of a published version that is made to scale its proxies.
func autoscaled(t *testing.T) manifest.IgnoreDifference {
	t.Helper()
	c, err := catalog.Load(catalog.Published())
	if err != nil {
		t.Fatal(err)
	}
	all := c.All()
	v := *all[slices.IndexFunc(all, func(v *catalog.Version) bool { return v.Ref.Short() == "swg/202" })]
	proxy := v.Components[slices.IndexFunc(v.Components, func(c catalog.Component) bool { return c.Name.String() == "proxy" })]
	v.Autoscale = &catalog.Autoscale{Component: proxy.Name, Metric: "cpu", Target: 70}
	b, err := base.Build(t.Context(), &v)
	if err != nil || b.Autoscaled == nil {
		t.Fatalf("Build() = %v, want a version that scales itself", err)
	}
	return *b.Autoscaled
}

// Argo CD takes a number that an autoscaler wrote for the one in Git, and does
// not take the 0 of a suspension for it.
func TestArgoCDLeavesRunningReplicasAlone(t *testing.T) {
	app := manifest.Application{Name: "a", IgnoreDifferences: []manifest.IgnoreDifference{autoscaled(t)}}
	var decoded v1alpha1.Application
	if err := yaml.UnmarshalStrict(app.Encode(), &decoded); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(decoded.Spec.SyncPolicy.SyncOptions, "RespectIgnoreDifferences=true") {
		t.Errorf("sync options = %v, want those that leave ignored fields alone", decoded.Spec.SyncPolicy.SyncOptions)
	}
	n, err := normalizers.NewIgnoreNormalizer(decoded.Spec.IgnoreDifferences, nil, normalizers.IgnoreNormalizerOpts{})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		reason, kind, name string
		replicas           int64
		kept               bool
	}{
		"Running":   {"the autoscaler's", "Deployment", "swg-proxy", 7, false},
		"Suspended": {"no autoscaler leaves it, so it is written over", "Deployment", "swg-proxy", 0, true},
		"Other":     {"nobody scales it", "Deployment", "swg-spe", 7, true},
	} {
		t.Run(name, func(t *testing.T) {
			live := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "apps/v1", "kind": tc.kind,
				"metadata": map[string]any{"name": tc.name, "namespace": "tenant-1000006"}, "spec": map[string]any{"replicas": tc.replicas}}}
			if err := n.Normalize(live); err != nil {
				t.Fatal(err)
			}
			if _, kept, _ := unstructured.NestedFieldNoCopy(live.Object, "spec", "replicas"); kept != tc.kept {
				t.Errorf("Argo CD compares %d replicas of %s = %t, want %t: %s", tc.replicas, tc.name, kept, tc.kept, tc.reason)
			}
		})
	}
}

package charts_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/renderer/render/overlay/charts"
	"github.com/gatorcloud/sluice/renderer/render/overlay/hermetic"
	"github.com/gatorcloud/sluice/renderer/render/overlay/overlaytest"
)

// recorder is an inflater that answers with one object and notes what it was asked.
type recorder struct{ asked []string }

func (r *recorder) Inflate(_ context.Context, c charts.Chart) ([]byte, error) {
	r.asked = append(r.asked, fmt.Sprintf("%s as %s in %q with %q", c.Name, c.Release, c.Namespace, c.Values))
	return []byte("apiVersion: v1\nkind: Secret\nmetadata: {name: " + c.Release + "}\n"), nil
}

const chart = "name: web\nversion: 1.0.0\n"

func TestExpand(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"Own": {map[string]string{
			"kustomization.yaml":     "namespace: a\nhelmCharts: [{name: web, namespace: b, releaseName: r}]\n",
			"charts/web/values.yaml": "x: 1\n", "charts/web/Chart.yaml": chart,
		}, []string{`web as r in "b" with ["x: 1\n"]`}},
		"Inherited": {map[string]string{
			"kustomization.yaml":          "namespace: a\nresources: [base]\n",
			"base/kustomization.yaml":     "helmCharts: [{name: web}]\n",
			"base/charts/web/values.yaml": "x: 1\n", "base/charts/web/Chart.yaml": chart,
		}, []string{`web as release-name in "a" with ["x: 1\n"]`}},
		"Merged": {map[string]string{
			"kustomization.yaml":     "helmCharts: [{name: web, valuesInline: {x: 2, w: 3}, additionalValuesFiles: [more.yaml]}]\n",
			"charts/web/values.yaml": "x: 1\nz: 1\n", "charts/web/Chart.yaml": chart, "more.yaml": "x: 4\n",
		}, []string{`web as release-name in "" with ["w: 3\nx: 2\nz: 1\n" "x: 4\n"]`}},
		"Unreached": {map[string]string{
			"kustomization.yaml":       "resources: [cm.yaml]\n",
			"other/kustomization.yaml": "helmCharts: [{name: web}]\n",
		}, nil},
		"Diamond": {map[string]string{
			"kustomization.yaml":          "resources: [a, b]\n",
			"a/kustomization.yaml":        "resources: [../base]\n",
			"b/kustomization.yaml":        "resources: [../base]\n",
			"base/kustomization.yaml":     "helmCharts: [{name: web}]\n",
			"base/charts/web/values.yaml": "x: 1\n", "base/charts/web/Chart.yaml": chart,
		}, []string{`web as release-name in "" with ["x: 1\n"]`}},
	} {
		var r recorder
		d := overlaytest.Must(c.files)
		got, err := charts.Expand(t.Context(), d, ".", &r, hermetic.Limits{})
		if err != nil || !slices.Equal(r.asked, c.want) {
			t.Errorf("%s: Expand = %v, asked for %v\n%s", name, err, r.asked, cmp.Diff(c.want, r.asked))
		}
		if (got == d) != (c.want == nil) {
			t.Errorf("%s: the same tree = %v, want it exactly when nothing was inflated", name, got == d)
		}
		if err == nil && hermetic.Build(got, ".", hermetic.Limits{}) != nil && name != "Unreached" {
			t.Errorf("%s: the checker refuses the expanded tree", name)
		}
	}
}

func TestMentioned(t *testing.T) {
	for text, want := range map[string]bool{"resources: []": false, "helmCharts: []": true, "HELMCHARTS: []": true, "helmChartInflationGenerator: []": true} {
		if got := charts.Mentioned(overlaytest.Must(map[string]string{"kustomization.yaml": text})); got != want {
			t.Errorf("Mentioned(%q) = %v, want %v", text, got, want)
		}
	}
}

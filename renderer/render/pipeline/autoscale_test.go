package pipeline_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
)

// scaling is the repository with swg 203, which scales its proxies itself, and
// a tenant that has it pinned.
func scaling(t *testing.T, record string) (fstest.MapFS, etcd) {
	t.Helper()
	files := repository(t)
	for path, f := range files {
		if rest, ok := strings.CutPrefix(path, "catalog/products/swg/202/"); ok {
			data := bytes.ReplaceAll(bytes.ReplaceAll(f.Data, []byte(`version: "202"`), []byte(`version: "203"`)), []byte("-202"), []byte("-203"))
			if rest == "product.yaml" {
				data = append(data, "autoscale: {component: proxy, metric: cpu, target: 70}\n"...)
			}
			files["catalog/products/swg/203/"+rest] = &fstest.MapFile{Data: data}
		}
	}
	publish(t, files, catalog.Ref{Name: "swg", Version: "203"})
	e := real()
	e[1].Value = []byte(record)
	return files, e
}

// What scales itself has an autoscaler, the least in Git and a rule that leaves
// the number to it; as long as the right is active, and not longer.
func TestAutoscale(t *testing.T) {
	const (
		right  = `{"product":"swg","version":"203","replicas":3,"maxReplicas":9,"startTime":"2024-06-18T00:00:00Z","endTime":"2026-12-31T00:00:00Z"}`
		folder = "environments/local/tenants/06/00/1000006/"
		rule   = `jqPathExpressions: ["select(.spec.replicas > 0) | .spec.replicas"]`
	)
	for name, tc := range map[string]struct {
		reason, record, folder, maxReplicas string
		days                                int
		ruled                               bool
		leftOut                             string
	}{
		"Scales":    {"between what was bought and the most", right, "autoscaled", "9", 0, true, ""},
		"Fixed":     {"nobody lets it", strings.Replace(right, `"maxReplicas":9,`, "", 1), "active", "3", 0, false, ""},
		"Suspended": {"it stops, and nobody scales it", right, "suspended", "0", 65, false, ""},
		"Default":   {"more than the default must be asked for", strings.Replace(right, `"replicas":3,"maxReplicas":9`, `"maxReplicas":1`, 1), "", "", 0, false, "maxReplicas 1"},
		"CannotYet": {"the version does not say how", strings.Replace(right, "203", "202", 1), "", "", 0, false, "does not scale itself"},
	} {
		t.Run(name, func(t *testing.T) {
			files, e := scaling(t, tc.record)
			if tc.leftOut == "maxReplicas 1" {
				file := files["environments/local/environment.yaml"]
				file.Data = bytes.Replace(file.Data, []byte("  replicas: "), []byte("  replicas: 2 # "), 1)
			}
			got, summary, err := render(t, files, pipeline.Options{Source: e, Now: now.AddDate(0, 0, tc.days)})
			if err != nil {
				t.Fatal(err)
			}
			if all := summary.Skipped(); (len(all) > 0) != (tc.leftOut != "") || len(all) > 0 && !strings.Contains(all[0].Error(), tc.leftOut) {
				t.Fatalf("Render() leaves out %v, want %q: %s", all, tc.leftOut, tc.reason)
			}
			if ruled := strings.Contains(string(got[folder+"base/sluice.yaml"]), rule); ruled != tc.ruled {
				t.Errorf("the tenant's descriptor has the rule = %t, want %t: %s\n%s", ruled, tc.ruled, tc.reason, got[folder+"base/sluice.yaml"])
			}
			if tc.folder == "" {
				return
			}
			overlay := folder + "swg/203/"
			if k := string(got[overlay+"kustomization.yaml"]); !strings.Contains(k, "\n- base/"+tc.folder+"\n") {
				t.Errorf("kustomization.yaml is\n%s\nwant base/%s: %s", k, tc.folder, tc.reason)
			}
			if p := string(got[overlay+"parameters.yaml"]); !strings.Contains(p, `maxReplicas: "`+tc.maxReplicas+`"`) {
				t.Errorf("parameters.yaml is\n%s\nwant maxReplicas %s: %s", p, tc.maxReplicas, tc.reason)
			}
			var o manifest.Overlay
			if err := manifest.Decode(got[overlay+"sluice.yaml"], manifest.KindOverlay, &o); err != nil || o.Folder() != tc.folder {
				t.Errorf("descriptor = %+v, %v, want folder %s: %s", o, err, tc.folder, tc.reason)
			}
		})
	}
}

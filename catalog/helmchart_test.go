package catalog_test

import (
	"strings"
	"testing"
)

// What of helmCharts would reach out, or be another than kustomize makes, is refused.
func TestHelmChartsRefused(t *testing.T) {
	kustomization := func(text string) files {
		return good().with("products/swg/202/components/engine/kustomization.yaml", text)
	}
	charts := func(entry, more string) files {
		const chart = "products/swg/202/components/engine/charts/web/"
		return kustomization("helmCharts: [{name: web, "+entry+"}]\n"+more).with(chart+"Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n").
			with(chart+"values.yaml", "{}\n").with(chart+"templates/a.yaml", "{{ if true }}\n&notyaml: *x\n{{ end }}\n")
	}
	for name, tc := range map[string]refusal{
		"ChartRepo":       {"nothing is fetched", charts("releaseName: r, repo: 'https://example.com'", ""), []string{"helmCharts", `"web": repo`, "vendor the chart"}},
		"ChartMissing":    {"nothing is fetched", kustomization("helmCharts: [{name: x, version: 1.0.0, releaseName: r}]\n"), []string{`"x"`, "components/engine/charts/x"}},
		"ChartVersion":    {"another was vendored", charts("releaseName: r, version: 1.0.1", ""), []string{`version "1.0.1" is asked for`}},
		"ChartDevel":      {"nothing is fetched", charts("releaseName: r, devel: true", ""), []string{"devel"}},
		"ChartDebug":      {"no helm is run", charts("releaseName: r, debug: true", ""), []string{"debug"}},
		"ChartConfig":     {"no helm is run", charts("releaseName: r", "helmGlobals: {configHome: /root}\n"), []string{"configHome", "no helm is run"}},
		"ChartHome":       {"charts lie in the version", charts("releaseName: r", "helmGlobals: {chartHome: ../../../../..}\n"), []string{`"web"`, "leaves the version's directory"}},
		"ChartHomeRoot":   {"charts lie in the version", charts("releaseName: r", "helmGlobals: {chartHome: /charts}\n"), []string{`chartHome "/charts" leaves`}},
		"ChartName":       {"a name is a folder's", kustomization("helmCharts: [{name: ../x, releaseName: r}]\n"), []string{`"../x"`, "no folder's"}},
		"ChartFlag":       {"helm would take it for a flag", kustomization("helmCharts: [{name: --post-renderer, releaseName: r}]\n"), []string{"no folder's"}},
		"ChartRelease":    {"helm would make one up", charts("skipHooks: true", ""), []string{"releaseName: it is missing"}},
		"ChartBadRelease": {"helm refuses it", charts("releaseName: -r", ""), []string{`"-r" is no name of a release`}},
		"ChartTemplate":   {"templates may use the clock", charts("releaseName: r, nameTemplate: '{{ now }}'", ""), []string{"nameTemplate", "releaseName"}},
		"ChartNamespace":  {"it is the tenant's", charts("releaseName: r, namespace: default", ""), []string{"namespace", "its tenant"}},
		"ChartCRDs":       {"they belong to no tenant", charts("releaseName: r, includeCRDs: true", ""), []string{"includeCRDs", "environment-shared"}},
		"ChartMerge":      {"there are three ways", charts("releaseName: r, valuesMerge: deep", ""), []string{`"deep" is unknown`}},
		"ChartAPIs":       {"a version has a group", charts("releaseName: r, apiVersions: [X]", ""), []string{`"X" is no API version`}},
		"ChartKube":       {"helm would take it for something else", charts("releaseName: r, kubeVersion: '>=1.34'", ""), []string{`">=1.34" is no version`}},
		"ChartField":      {"misspelt fields are seen", charts("releaseName: r, valueInline: {}", ""), []string{"helmCharts", "valueInline"}},
		"ChartRemote":     {"nothing is fetched", charts("releaseName: r, valuesFile: 'https://example.com/v.yaml'", ""), []string{"values file", "https://example.com/v.yaml"}},
		"ChartOutside":    {"kustomize reads below the kustomization", charts("releaseName: r, additionalValuesFiles: [../ca-init/all.yaml]", ""), []string{"../ca-init/all.yaml", "in the kustomization's directory"}},
		"ChartNoValues":   {"kustomize reads the file", charts("releaseName: r", "").with("products/swg/202/components/engine/charts/web/values.yaml", ""), []string{"charts/web/values.yaml", "in the kustomization's directory"}},
		"ChartNested":     {"kustomize cannot write its file of values", charts("releaseName: r}, {name: a/b, releaseName: r", ""), []string{`"a/b"`, "no folder's"}},
		"ChartRoot":       {"kustomize reads below the kustomization", charts("releaseName: r, valuesFile: /all.yaml", ""), []string{`"/all.yaml"`, "in the kustomization's directory"}},
		"TemplateFile":    {"a template is not checked", kustomization("resources: [../store/templates/a.yaml]\n"), []string{"resources", "templates of a chart"}},
		"TemplateDir":     {"a template is not checked", kustomization("resources: [x/templates/deep]\n").with("products/swg/202/components/engine/x/Chart.yaml", "a: 1\n").with("products/swg/202/components/engine/x/templates/deep/kustomization.yaml", "openapi: {path: x}\n"), []string{"templates/deep", "templates of a chart"}},
		"ChartOrigin":     {"kustomize would name its own plugin", charts("releaseName: r", "buildMetadata: [originAnnotations]\n"), []string{"buildMetadata", "another origin"}},
		"ChartMany":       {"charts are counted", charts("releaseName: r"+strings.Repeat("}, {name: web, releaseName: r", 100), ""), []string{"more than 100 charts"}},
	} {
		t.Run(name, func(t *testing.T) { tc.check(t) })
	}
}

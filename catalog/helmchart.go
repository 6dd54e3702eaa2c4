package catalog

import (
	"cmp"
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/strict"
)

// HelmChart is an entry of helmCharts in a kustomization: a chart of the
// version whose objects the kustomization treats like those that it generates.
// Paths are those of the version.
type HelmChart struct {
	// Dir holds the chart.
	Dir string
	// Release is the name of the release.
	Release string
	// Values is the file that stands in place of the chart's own values; empty
	// when Inline replaces it.
	Values string
	// Additional are files of values that stand above, each above the one before.
	Additional []string
	// Inline is merged with Values as Merge says: override puts Inline above
	// Values, merge below, and replace takes Inline alone.
	Inline map[string]any
	Merge  string
	// SkipHooks leaves out hooks, SkipTests those that are tests.
	SkipHooks, SkipTests bool
	// APIVersions and KubeVersion are what the chart finds of the cluster beside
	// what every chart finds.
	APIVersions []string
	KubeVersion string
}

// HelmCharts returns the charts that kustomizations of the version inflate, by
// the path of the kustomization. The caller must not change the result.
func (v *Version) HelmCharts() map[string][]HelmChart { return v.helmCharts }

// releaseName is what helm takes for the name of a release.
var releaseName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)

// maxReleaseName is the length of a release's name in bytes.
const maxReleaseName = 53

// documentHelmChart is an entry of helmCharts as written.
type documentHelmChart struct {
	Name                  string         `json:"name"`
	Version               string         `json:"version"`
	ReleaseName           string         `json:"releaseName"`
	ValuesFile            string         `json:"valuesFile"`
	AdditionalValuesFiles []string       `json:"additionalValuesFiles"`
	ValuesInline          map[string]any `json:"valuesInline"`
	ValuesMerge           string         `json:"valuesMerge"`
	IncludeCRDs           bool           `json:"includeCRDs"`
	SkipHooks             bool           `json:"skipHooks"`
	SkipTests             bool           `json:"skipTests"`
	APIVersions           []string       `json:"apiVersions"`
	KubeVersion           string         `json:"kubeVersion"`

	// What follows is refused.
	Repo         string `json:"repo"`
	Namespace    string `json:"namespace"`
	NameTemplate string `json:"nameTemplate"`
	Devel        bool   `json:"devel"`
	Debug        bool   `json:"debug"`
}

// documentHelmGlobals is helmGlobals as written.
type documentHelmGlobals struct {
	ChartHome  string `json:"chartHome"`
	ConfigHome string `json:"configHome"`
}

// helmCharts checks the charts of a kustomization in dir and returns them.
func (c *checker) helmCharts(dir string, doc map[string]any) []HelmChart {
	var globals documentHelmGlobals
	var entries []documentHelmChart
	if !c.decodeField(doc, "helmGlobals", &globals) || !c.decodeField(doc, "helmCharts", &entries) {
		return nil
	}
	if c.charts += len(entries); c.charts > maxComponents {
		c.refuse("split the product", "helmCharts: more than %d charts in one version", maxComponents)
		return nil
	}
	if globals.ConfigHome != "" {
		c.refuse("remove it", "helmGlobals: configHome %s: no helm is run", quote(globals.ConfigHome))
	}
	if path.IsAbs(globals.ChartHome) {
		c.refuse("give a path inside the version's directory", "helmGlobals: chartHome %s leaves the version's directory", quote(globals.ChartHome))
		return nil
	}
	out := make([]HelmChart, 0, len(entries))
	for _, e := range entries {
		out = append(out, c.helmChart(dir, cmp.Or(globals.ChartHome, "charts"), e))
	}
	return out
}

// decodeField decodes a field of a document strictly.
func (c *checker) decodeField(doc map[string]any, field string, out any) bool {
	data, err := json.Marshal(doc[field])
	if err == nil {
		err = strict.JSON(data, maxFileBytes, out)
	}
	if err != nil {
		c.refuse(cmp.Or(fault.HintOf(err), "write it as kustomize reads it"), "%s: %w", field, err)
	}
	return err == nil
}

// helmChart checks one chart, below home, of a kustomization in dir.
func (c *checker) helmChart(dir, home string, e documentHelmChart) HelmChart {
	what := "helmCharts: chart " + quote(e.Name)
	if !localPath(e.Name) || strings.Contains(e.Name, "/") || strings.HasPrefix(e.Name, "-") {
		c.refuse("name a folder of charts/, or of helmGlobals.chartHome", "%s: the name is no folder's", what)
		return HelmChart{}
	}
	x := HelmChart{
		Dir: path.Join(dir, home, e.Name), Release: e.ReleaseName, Inline: e.ValuesInline, Merge: cmp.Or(e.ValuesMerge, "override"),
		SkipHooks: e.SkipHooks, SkipTests: e.SkipTests, APIVersions: e.APIVersions, KubeVersion: e.KubeVersion,
	}
	for _, r := range []struct {
		set               bool
		field, hint, text string
	}{
		{e.Repo != "", "repo", "vendor the chart into charts/ beside the kustomization, unpacked, and remove the field", "nothing is fetched"},
		{e.Namespace != "", "namespace", "remove it: a chart finds the namespace of its tenant", "the overlay sets the namespace"},
		{e.NameTemplate != "", "nameTemplate", "write releaseName", "a template may make another name each time"},
		{e.Devel, "devel", "remove it", "nothing is fetched"},
		{e.Debug, "debug", "remove it", "no helm is run"},
		{e.IncludeCRDs, "includeCRDs", "publish them as an environment-shared component", "custom resource definitions belong to no tenant"},
		{!slices.Contains([]string{"override", "merge", "replace"}, x.Merge), "valuesMerge", "write override, merge or replace", quote(x.Merge) + " is unknown"},
		{e.ReleaseName == "", "releaseName", "write it: helm would make up another name each time", "it is missing"},
		{e.ReleaseName != "" && (len(e.ReleaseName) > maxReleaseName || !releaseName.MatchString(e.ReleaseName)), "releaseName",
			"use a-z, 0-9, '-' and '.', at most 53 of them", quote(e.ReleaseName) + " is no name of a release"},
	} {
		if r.set {
			c.refuse(r.hint, "%s: %s: %s", what, r.field, r.text)
		}
	}
	c.capabilities(what, e.APIVersions, e.KubeVersion)
	c.vendored(what, e.Version, x.Dir)
	if len(e.ValuesInline) == 0 || x.Merge != "replace" {
		x.Values = c.valuesFile(dir, what, cmp.Or(e.ValuesFile, path.Join(home, e.Name, "values.yaml")))
	}
	for _, name := range e.AdditionalValuesFiles {
		x.Additional = append(x.Additional, c.valuesFile(dir, what, name))
	}
	return x
}

// vendored checks that a chart is in dir, in the version that is asked for.
func (c *checker) vendored(what, version, dir string) {
	c.chartDir(what, dir)
	data, err := c.files.Read(path.Join(dir, "Chart.yaml"))
	var is map[string]any
	if err != nil || version == "" || strict.YAML(data, maxFileBytes, &is) != nil { // the base says what is wrong with the chart
		return
	}
	if is["version"] != version {
		c.refuse("vendor that version, or mend the field", "%s: version %s is asked for, and Chart.yaml has another", what, quote(version))
	}
}

// valuesFile returns the path of a file of values that a kustomization in dir
// names: kustomize reads what lies there or below.
func (c *checker) valuesFile(dir, what, name string) string {
	target := path.Join(dir, name)
	e, ok := c.files.Lookup(target)
	if !ok || e.Dir != nil || path.IsAbs(name) || dir != "." && !strings.HasPrefix(target, dir+"/") {
		c.refuse("write the file beside the kustomization or below; an empty mapping does", "%s: there is no values file %s in the kustomization's directory", what, quote(name))
	}
	return target
}

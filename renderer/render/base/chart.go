package base

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// The cluster that charts are rendered for: the oldest Kubernetes that sluice
// supports, and the Helm whose engine this is. They are constants because the
// base of a version must not depend on where or with what it was built.
const (
	kubeMajor, kubeMinor = "1", "31"
	kubeVersion          = "v1.31.0"
	helmVersion          = "v3.21.1"
	releaseNamespace     = "default"
)

// apiVersions are the API groups, versions and kinds that templates find.
func apiVersions() chartutil.VersionSet {
	return chartutil.VersionSet{
		"v1", "admissionregistration.k8s.io/v1", "apiextensions.k8s.io/v1", "apiregistration.k8s.io/v1", "apps/v1",
		"authentication.k8s.io/v1", "authorization.k8s.io/v1", "autoscaling/v1", "autoscaling/v2", "batch/v1",
		"certificates.k8s.io/v1", "coordination.k8s.io/v1", "discovery.k8s.io/v1", "events.k8s.io/v1",
		"flowcontrol.apiserver.k8s.io/v1", "networking.k8s.io/v1", "node.k8s.io/v1", "policy/v1",
		"rbac.authorization.k8s.io/v1", "scheduling.k8s.io/v1", "storage.k8s.io/v1",
		"apps/v1/DaemonSet", "apps/v1/Deployment", "apps/v1/StatefulSet", "autoscaling/v2/HorizontalPodAutoscaler",
		"batch/v1/CronJob", "batch/v1/Job", "networking.k8s.io/v1/Ingress", "networking.k8s.io/v1/NetworkPolicy",
		"policy/v1/PodDisruptionBudget",
	}
}

// renderChart inflates the chart in dir of files.
func renderChart(files *tree.Dir, c catalog.Component) ([]object, error) {
	ch, err := loadChart(files, c.Path)
	if err != nil {
		return nil, err
	}
	if err := checkChart(ch); err != nil {
		return nil, err
	}
	first, err := inflate(ch, c)
	if err != nil {
		return nil, err
	}
	// What the templates' text does not show is seen by doing it again.
	for range 3 {
		again, err := loadChart(files, c.Path)
		if err != nil {
			return nil, err
		}
		second, err := inflate(again, c)
		if err != nil {
			return nil, err
		}
		if !maps.Equal(first, second) {
			return nil, fault.Hintf("sort what comes out of maps, and use no random functions", "chart %q renders differently each time", ch.Name())
		}
	}
	return chartObjects(first)
}

// loadChart loads a chart from memory.
func loadChart(files *tree.Dir, dir string) (*chart.Chart, error) {
	e, ok := files.Lookup(dir)
	if !ok || e.Dir == nil {
		return nil, fault.Hintf("vendor the chart there", "no directory %q", dir)
	}
	var buffered []*loader.BufferedFile
	_ = e.Dir.Walk(func(name string, data []byte) error { // the callback never fails
		buffered = append(buffered, &loader.BufferedFile{Name: name, Data: bytes.Clone(data)})
		return nil
	})
	ch, err := loader.LoadFiles(buffered)
	if err != nil {
		return nil, fault.Hintf("mend the vendored chart", "loading chart: %w", oneLine(err))
	}
	return ch, nil
}

// checkChart refuses charts that could not be rendered as they were meant.
func checkChart(ch *chart.Chart) error {
	switch {
	case ch.Metadata.Type == "library":
		return fault.Hintf("use an application chart", "chart %q is a library", ch.Name())
	case ch.Metadata.KubeVersion != "" && !chartutil.IsCompatibleRange(ch.Metadata.KubeVersion, kubeVersion):
		return fault.Hintf("vendor a version of the chart for "+kubeVersion, "chart %q wants Kubernetes %q", ch.Name(), ch.Metadata.KubeVersion)
	}
	if err := checkCharts(ch); err != nil {
		return err
	}
	if crds := ch.CRDObjects(); len(crds) > 0 {
		return fault.Hintf("publish them as an environment-shared component of source kustomize",
			"chart %q holds the custom resource definition %q", ch.Name(), crds[0].Filename)
	}
	return nil
}

// checkCharts checks the templates and dependencies of ch and of the charts in it.
func checkCharts(ch *chart.Chart) error {
	for _, d := range ch.Metadata.Dependencies {
		if !slices.ContainsFunc(ch.Dependencies(), func(have *chart.Chart) bool { return have.Name() == d.Name }) {
			return fault.Hintf("vendor it, unpacked, into charts/"+d.Name, "chart %q depends on chart %q, which is not there", ch.Name(), d.Name)
		}
	}
	for _, t := range ch.Templates {
		if err := checkTemplate(t.Name, string(t.Data)); err != nil {
			return fmt.Errorf("chart %q: %w", ch.Name(), err)
		}
	}
	for _, sub := range ch.Dependencies() {
		if err := checkCharts(sub); err != nil {
			return err
		}
	}
	return checkStrings(ch.Name(), ch.Values)
}

// checkStrings checks strings that a template may render with tpl.
func checkStrings(place string, v any) error {
	switch v := v.(type) {
	case string:
		if strings.Contains(v, "{{") {
			return checkTemplate(place, v)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if err := checkStrings(place+"."+k, v[k]); err != nil {
				return err
			}
		}
	case []any:
		for i, x := range v {
			if err := checkStrings(fmt.Sprintf("%s[%d]", place, i), x); err != nil {
				return err
			}
		}
	}
	return nil
}

// inflate renders the templates of ch; keys are their paths.
func inflate(ch *chart.Chart, c catalog.Component) (map[string]string, error) {
	values, err := floats(c.Values)
	if err != nil {
		return nil, err
	}
	if err := checkStrings("values", values); err != nil {
		return nil, err
	}
	if err := chartutil.ProcessDependencies(ch, values); err != nil {
		return nil, fault.Hintf("mend the chart's dependencies", "chart %q: %w", ch.Name(), oneLine(err))
	}
	caps := &chartutil.Capabilities{
		KubeVersion: chartutil.KubeVersion{Version: kubeVersion, Major: kubeMajor, Minor: kubeMinor},
		APIVersions: apiVersions(),
	}
	caps.HelmVersion.Version = helmVersion
	release := chartutil.ReleaseOptions{Name: c.Name.String(), Namespace: releaseNamespace, Revision: 1, IsInstall: true}
	top, err := chartutil.ToRenderValuesWithSchemaValidation(ch, values, release, caps, true)
	if err != nil {
		return nil, fault.Hintf("mend the component's values", "chart %q: %w", ch.Name(), oneLine(err))
	}
	var e engine.Engine // without client and DNS
	out, err := e.Render(ch, top)
	if err != nil {
		return nil, fault.Hintf("mend the template or the component's values", "chart %q: %w", ch.Name(), oneLine(err))
	}
	return out, nil
}

// floats turns integers into floating-point numbers, as Helm itself reads
// them: a template must not see a difference.
func floats(values map[string]any) (map[string]any, error) {
	data, err := json.Marshal(values)
	if err != nil {
		return nil, fmt.Errorf("reading values: %w", err)
	}
	out := map[string]any{}
	if values == nil {
		return out, nil
	}
	return out, json.Unmarshal(data, &out)
}

// chartObjects parses rendered templates in the order of their paths.
func chartObjects(rendered map[string]string) ([]object, error) {
	var out []object
	for _, name := range slices.Sorted(maps.Keys(rendered)) {
		base := path.Base(name)
		if base == "NOTES.txt" || strings.HasPrefix(base, "_") || strings.TrimSpace(rendered[name]) == "" {
			continue
		}
		objects, err := parseObjects([]byte(rendered[name]))
		if err != nil {
			return nil, fmt.Errorf("template %q: %w", name, err)
		}
		for _, o := range objects {
			metadata := at(o.fields, "metadata")
			if metadata["namespace"] == releaseNamespace {
				delete(metadata, "namespace") // the overlay sets it
			}
		}
		out = append(out, objects...)
	}
	return out, nil
}

// oneLine keeps a library's error on one line.
func oneLine(err error) error { return &lineError{strings.Join(strings.Fields(err.Error()), " "), err} }

type lineError struct {
	text string
	err  error
}

// Error returns the message on one line.
func (e *lineError) Error() string { return e.text }

// Unwrap returns the error as it was.
func (e *lineError) Unwrap() error { return e.err }

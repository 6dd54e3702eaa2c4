package chart

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	helm "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// helmVersion is the release of helm whose output this is. The test that
// compares with helm fails when go.mod has another one.
const helmVersion = "v3.21.1"

// Release is what a chart is rendered for.
type Release struct {
	Name, Namespace string
	// Values stand above those of the chart.
	Values map[string]any
	// KubeVersion and APIVersions are what templates find of the cluster.
	KubeVersion string
	APIVersions []string
}

// Document is one YAML document that a chart makes.
type Document struct {
	// Template is the path of its template, the chart's name first.
	Template string
	// Text is trimmed as helm trims it, and ends in a new line.
	Text string
	// Hook tells that helm would run it instead of installing it, Test that
	// `helm test` would.
	Hook, Test bool
}

// String returns the document as `helm template` prints it.
func (d Document) String() string { return "---\n# Source: " + d.Template + "\n" + d.Text }

// Render returns the documents that `helm template` prints for the chart in
// files, in its order. It ends soon after ctx does, and by itself within seconds.
func Render(ctx context.Context, files *tree.Dir, r Release) (out []Document, err error) {
	defer func() {
		if p := recover(); p != nil { // helm's libraries are not proof against every chart
			out, err = nil, fault.Hintf("mend the chart", "rendering the chart panicked: %.200v", p)
		}
	}()
	ch, err := load(files)
	if err != nil {
		return nil, err
	}
	top, err := r.values(ch)
	if err != nil {
		return nil, err
	}
	rendered, err := render(ctx, ch, top)
	if err != nil {
		return nil, fmt.Errorf("chart %q: %w", ch.Name(), err)
	}
	if out, err = documents(rendered); err != nil {
		return nil, fmt.Errorf("chart %q: %w", ch.Name(), err)
	}
	return out, nil
}

// values returns what templates see beside the chart itself.
func (r Release) values(ch *helm.Chart) (chartutil.Values, error) {
	kube, err := chartutil.ParseKubeVersion(r.KubeVersion)
	if err != nil {
		return nil, fault.Hintf("use a version like v1.31.0", "chart %q: %q is no version of Kubernetes", ch.Name(), r.KubeVersion)
	}
	if want := ch.Metadata.KubeVersion; want != "" && !chartutil.IsCompatibleRange(want, kube.String()) {
		return nil, fault.Hintf("vendor a version of the chart for "+kube.String()+", or give the component the kubeVersion that its clusters have", "chart %q wants Kubernetes %q", ch.Name(), want)
	}
	values, err := floats(r.Values)
	if err != nil {
		return nil, err
	}
	if err := chartutil.ProcessDependenciesWithMerge(ch, values); err != nil {
		return nil, fault.Hintf("mend the chart's dependencies", "chart %q: %w", ch.Name(), oneLine(err))
	}
	caps := &chartutil.Capabilities{KubeVersion: *kube, APIVersions: r.APIVersions}
	caps.HelmVersion.Version = helmVersion
	options := chartutil.ReleaseOptions{Name: r.Name, Namespace: r.Namespace, Revision: 1, IsInstall: true}
	top, err := chartutil.ToRenderValuesWithSchemaValidation(ch, values, options, caps, true)
	if err != nil {
		return nil, fault.Hintf("mend the component's values", "chart %q: %w", ch.Name(), oneLine(err))
	}
	if err := checkSchemas(ch, top["Values"].(chartutil.Values)); err != nil {
		return nil, err
	}
	return top, nil
}

// floats copies values and turns integers into floating-point numbers, as helm
// reads a file of values: a template must not see a difference.
func floats(values map[string]any) (map[string]any, error) {
	out := map[string]any{}
	if values == nil {
		return out, nil
	}
	data, err := json.Marshal(values)
	if err != nil {
		return nil, fmt.Errorf("reading values: %w", err)
	}
	return out, json.Unmarshal(data, &out)
}

// documents splits and orders what templates made. helm drops hooks of a kind
// that it does not know; here they are an error.
func documents(rendered map[string]string) ([]Document, error) {
	total := 0
	for name, text := range rendered {
		switch {
		case strings.HasSuffix(name, "NOTES.txt"):
			delete(rendered, name)
		case !strings.HasPrefix(path.Base(name), "_") && strings.TrimSpace(text) != "":
			total += len(releaseutil.SplitManifests(text))
		}
	}
	hooks, manifests, err := releaseutil.SortManifests(rendered, nil, releaseutil.InstallOrder)
	if err != nil {
		return nil, fault.Hintf("mend the template or the values", "%w", oneLine(err))
	}
	out := make([]Document, 0, total)
	for _, m := range manifests {
		out = append(out, Document{Template: m.Name, Text: m.Content + "\n"})
	}
	for _, h := range hooks {
		out = append(out, Document{h.Path, h.Manifest + "\n", true, slices.Contains(h.Events, release.HookTest)})
	}
	if len(out) < total {
		return nil, fault.Hintf("mend the annotation helm.sh/hook", "helm would drop %d of its objects: they are hooks of an unknown kind", total-len(out))
	}
	return slices.Clip(out), nil
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

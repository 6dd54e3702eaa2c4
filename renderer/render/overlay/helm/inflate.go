package helm

import (
	"context"
	"fmt"
	"path"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/render/overlay/charts"
)

// What the released helm binary of this version tells its templates.
const (
	helmVersion = "v3.21.1"
	kubeVersion = "v1.35.0"
)

// Inflater renders charts. The zero value is ready for use.
type Inflater struct {
	// KubeVersion is the version that charts are rendered for when their
	// kustomization names none; that of the helm binary by default.
	KubeVersion string
}

var _ charts.Inflater = Inflater{}

// Inflate returns what `helm template` prints for c.
func (in Inflater) Inflate(ctx context.Context, c charts.Chart) ([]byte, error) {
	type result struct {
		text []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := in.twice(c)
		done <- result{text, err}
	}()
	select {
	case r := <-done:
		return r.text, r.err
	case <-ctx.Done():
		return nil, fmt.Errorf("rendering chart %q: %w", c.Name, context.Cause(ctx))
	}
}

// twice renders a chart and looks whether it comes out the same again.
func (in Inflater) twice(c charts.Chart) (text []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			text, err = nil, fault.Hintf("mend the chart", "rendering chart %q: helm panicked: %v", c.Name, p)
		}
	}()
	first, err := in.template(c)
	if err != nil {
		return nil, err
	}
	second, err := in.template(c)
	if err != nil {
		return nil, err
	}
	if first != second {
		return nil, fault.Hintf("sort what comes out of maps", "chart %q renders differently each time", c.Name)
	}
	return []byte(first), nil
}

// template does what the command does: load, merge values, render, sort, print.
func (in Inflater) template(c charts.Chart) (string, error) {
	ch, err := load(c.Files)
	if err != nil {
		return "", err
	}
	values := map[string]any{}
	for _, file := range c.Values {
		more := map[string]any{}
		if err := sigsyaml.Unmarshal(file, &more); err != nil {
			return "", mend(c, "parsing values", err)
		}
		values = merge(values, more)
	}
	if err := pure(ch, values); err != nil {
		return "", err
	}
	if err := chartutil.ProcessDependenciesWithMerge(ch, values); err != nil {
		return "", mend(c, "processing dependencies", err)
	}
	caps, err := in.capabilities(c)
	if err != nil {
		return "", err
	}
	if want := ch.Metadata.KubeVersion; want != "" && !chartutil.IsCompatibleRange(want, caps.KubeVersion.String()) {
		return "", fault.Hintf("set kubeVersion", "chart %q requires Kubernetes %s, not %s", c.Name, want, caps.KubeVersion.String())
	}
	namespace := c.Namespace
	if namespace == "" {
		namespace = "default"
	}
	options := chartutil.ReleaseOptions{Name: c.Release, Namespace: namespace, Revision: 1, IsInstall: true}
	top, err := chartutil.ToRenderValuesWithSchemaValidation(ch, values, options, caps, false)
	if err != nil {
		return "", mend(c, "checking values", err)
	}
	var e engine.Engine // neither client nor DNS
	files, err := e.Render(ch, top)
	if err != nil {
		return "", mend(c, "rendering templates", err)
	}
	return output(c, ch, files)
}

// output prints rendered templates as the command does.
func output(c charts.Chart, ch *chart.Chart, files map[string]string) (string, error) {
	for name := range files {
		if strings.HasSuffix(name, "NOTES.txt") {
			delete(files, name)
		}
	}
	hooks, manifests, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	if err != nil {
		return "", mend(c, "reading its output", err)
	}
	var b strings.Builder
	if c.CRDs {
		for _, crd := range ch.CRDObjects() {
			fmt.Fprintf(&b, "---\n# Source: %s\n%s\n", crd.Filename, crd.File.Data)
		}
	}
	for _, m := range manifests {
		fmt.Fprintf(&b, "---\n# Source: %s\n%s\n", m.Name, m.Content)
	}
	text := strings.TrimSpace(b.String()) + "\n"
	for _, h := range hooks {
		if c.NoHooks || c.SkipTests && tests(h) {
			continue
		}
		text += fmt.Sprintf("---\n# Source: %s\n%s\n", h.Path, h.Manifest)
	}
	return text, nil
}

// tests reports whether a hook is a test.
func tests(h *release.Hook) bool {
	for _, e := range h.Events {
		if e == release.HookTest {
			return true
		}
	}
	return false
}

// capabilities returns what templates are told of helm and the cluster.
func (in Inflater) capabilities(c charts.Chart) (*chartutil.Capabilities, error) {
	version := kubeVersion
	for _, v := range []string{in.KubeVersion, c.KubeVersion} {
		if v != "" {
			version = v
		}
	}
	kube, err := chartutil.ParseKubeVersion(version)
	if err != nil {
		return nil, fault.Hintf("use a version like "+kubeVersion, "chart %q: bad kubeVersion %q", c.Name, version)
	}
	caps := chartutil.DefaultCapabilities.Copy()
	caps.KubeVersion = *kube
	caps.APIVersions = append(append(chartutil.VersionSet{}, caps.APIVersions...), c.APIVersions...)
	caps.HelmVersion.Version = helmVersion
	return caps, nil
}

// merge returns a with the values of b put in, map by map.
func merge(a, b map[string]any) map[string]any {
	out := make(map[string]any, len(a))
	for k, v := range a {
		out[k] = v
	}
	for k, v := range b {
		below, isMap := v.(map[string]any)
		old, wasMap := out[k].(map[string]any)
		if isMap && wasMap {
			out[k] = merge(old, below)
		} else {
			out[k] = v
		}
	}
	return out
}

// mend puts an error of helm on one line.
func mend(c charts.Chart, doing string, err error) error {
	line := strings.Join(strings.Fields(err.Error()), " ")
	return fault.Hintf("`helm template` of "+path.Base(c.Name)+" gives the same error", "chart %q: %s: %s", c.Name, doing, line)
}

package base

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/chart"
)

// kubeVersion is the oldest Kubernetes that sluice supports, for which charts
// are rendered unless their component names another. It is a constant because the base of a version must not depend
// on where or with what it was built.
const kubeVersion = "v1.31.0"

// apiVersions are the API groups, versions and kinds that templates find: those
// of such a cluster, without what `helm template` knows from older ones.
func apiVersions() []string {
	return []string{
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

// renderChart renders the chart of a component. Where the objects speak of
// their namespace they have namespaceMark.
func renderChart(ctx context.Context, files *tree.Dir, c catalog.Component) ([]object, error) {
	docs, _, err := inflate(ctx, files, c.Path, chart.Release{Name: c.Name.String(), Values: c.Values, KubeVersion: c.KubeVersion, APIVersions: c.APIVersions})
	if err != nil {
		return nil, err
	}
	return chartObjects(docs)
}

// inflate renders the chart in a directory twice: with namespaceMark and with
// otherMark for its namespace. The version of Kubernetes of r may be empty, and
// its API versions are those beside the usual.
func inflate(ctx context.Context, files *tree.Dir, dir string, r chart.Release) (docs, others []chart.Document, err error) {
	e, ok := files.Lookup(dir)
	if !ok || e.Dir == nil {
		return nil, nil, fault.Hintf("vendor the chart there", "no directory %q", dir)
	}
	r.KubeVersion, r.APIVersions = cmp.Or(r.KubeVersion, kubeVersion), append(apiVersions(), r.APIVersions...)
	r.Namespace = namespaceMark
	if docs, err = chart.Render(ctx, e.Dir, r); err != nil {
		return nil, nil, err
	}
	r.Namespace = otherMark
	if others, err = chart.Render(ctx, e.Dir, r); err != nil {
		return nil, nil, err
	}
	if !slices.EqualFunc(docs, others, sameBut) {
		return nil, nil, fault.Hintf("use it as it is", "the chart makes something else of .Release.Namespace, which is another for each tenant")
	}
	return docs, others, nil
}

// chartObjects parses the documents of a chart.
func chartObjects(docs []chart.Document) ([]object, error) {
	var out []object
	size := 0
	for _, d := range docs {
		if size += len(d.Text); size > maxManifestBytes {
			return nil, fault.Hintf("split the component", "its manifests have more than %d bytes", maxManifestBytes)
		}
		if blank([]byte(d.Text)) {
			continue
		}
		objects, err := parseObjects([]byte(d.Text))
		if err == nil && len(objects) != 1 {
			err = fault.Hintf("write an object, or nothing", "a document holds no object")
		}
		if err != nil {
			return nil, fmt.Errorf("template %q: %w", d.Template, err)
		}
		out = append(out, objects...)
	}
	return out, nil
}

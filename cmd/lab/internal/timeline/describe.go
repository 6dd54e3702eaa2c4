package timeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
)

// Describe returns what matters about an object of the cluster.
func Describe(o kube.Object) State {
	var s State
	switch o.Text("kind") {
	case "Application":
		s = application(o)
	case "Deployment", "StatefulSet":
		s = workload(o)
	case "Pod":
		s = pod(o)
	case "PersistentVolumeClaim":
		s = State{Health: Progressing, Detail: o.Text("status", "phase")}
		if s.Detail == "Bound" {
			s.Health = Healthy
		}
	default:
		s = State{Health: Healthy}
	}
	if o.Text("metadata", "deletionTimestamp") != "" {
		s.Health = Deleting
	}
	s.Wave = o.Text("metadata", "annotations", "argocd.argoproj.io/sync-wave")
	return s
}

func application(o kube.Object) State {
	s := State{Health: Health(o.Text("status", "health", "status")), Version: granted(o)}
	if s.Health == "" {
		s.Health = Unknown
	}
	sync := o.Text("status", "sync", "status")
	phase := o.Text("status", "operationState", "phase")
	s.Detail = strings.Trim(sync+" "+phase, " ")
	return s
}

// granted is the plugin parameter "versions" as product=version, or else the
// last element of the path, which is the version of a product.
func granted(o kube.Object) string {
	parameters, _ := o.Field("spec", "source", "plugin", "parameters").([]any)
	for _, p := range parameters {
		m, ok := p.(map[string]any)
		versions, isMap := m["map"].(map[string]any)
		if !ok || m["name"] != "versions" || !isMap {
			continue
		}
		var pairs []string
		for product, version := range versions {
			pairs = append(pairs, fmt.Sprintf("%s=%v", product, version))
		}
		slices.Sort(pairs)
		return strings.Join(pairs, ",")
	}
	path := o.Text("spec", "source", "path")
	return path[strings.LastIndex(path, "/")+1:]
}

// workload judges as a rollout does: the controller has seen this generation,
// and all replicas run it and are available.
func workload(o kube.Object) State {
	want := count(o, 1, "spec", "replicas")
	updated, ready := count(o, 0, "status", "updatedReplicas"), count(o, 0, "status", "readyReplicas")
	total := count(o, 0, "status", "replicas")
	s := State{
		Health:  Progressing,
		Version: images(o, "spec", "template", "spec", "containers"),
		Detail:  fmt.Sprintf("%d/%d", ready, want),
	}
	seen := count(o, 0, "status", "observedGeneration") >= count(o, 0, "metadata", "generation")
	switch {
	case seen && deadlineExceeded(o):
		s.Health = Degraded
	case seen && updated == want && ready == want && total == want:
		s.Health = Healthy
	}
	return s
}

func deadlineExceeded(o kube.Object) bool {
	return slices.ContainsFunc(conditions(o), func(c map[string]any) bool {
		return c["type"] == "Progressing" && c["reason"] == "ProgressDeadlineExceeded"
	})
}

func pod(o kube.Object) State {
	s := State{
		Health: Progressing, Version: images(o, "spec", "containers"),
		Detail: o.Text("status", "phase"),
	}
	ready := slices.ContainsFunc(conditions(o), func(c map[string]any) bool { return c["type"] == "Ready" && c["status"] == "True" })
	switch {
	case ready || s.Detail == "Succeeded":
		s.Health = Healthy
	case s.Detail == "Failed":
		s.Health = Degraded
	}
	return s
}

func conditions(o kube.Object) []map[string]any {
	var out []map[string]any
	list, _ := o.Field("status", "conditions").([]any)
	for _, c := range list {
		if m, ok := c.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// images are the tags of the containers' images, in order.
func images(o kube.Object, keys ...string) string {
	var tags []string
	containers, _ := o.Field(keys...).([]any)
	for _, c := range containers {
		if m, ok := c.(map[string]any); ok {
			image, _ := m["image"].(string)
			tags = append(tags, image[strings.LastIndex(image, ":")+1:])
		}
	}
	return strings.Join(tags, ",")
}

func count(o kube.Object, otherwise int, keys ...string) int {
	n, ok := o.Field(keys...).(int64)
	if !ok {
		return otherwise
	}
	return int(n)
}

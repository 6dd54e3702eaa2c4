//go:build e2e

package e2e

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/cmd/lab/internal/argocd"
	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
	"github.com/gatorcloud/sluice/cmd/lab/internal/lab"
	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// treeVsPlain brings 100 tenants with two products of ConfigMaps up through the
// tree, and then the same objects as Applications of plain directories: no
// plugin, no parents, no order. Both times end with all Synced and Healthy.
func (r *rig) treeVsPlain(t *testing.T) {
	s := r.site(t, "plain", selling([]ring{{Name: "main"}}, "memo", "note"))
	tenants := s.many(100, "memo", "note")
	before, start := r.spent(t), time.Now()
	s.rise(tenants, "memo", "note")
	tree := time.Since(start)
	t.Logf("tree: %s; %s", tree.Round(time.Second), r.spent(t).less(before))

	applications := s.flatten()
	s.clean()
	s.await("nothing of the tree is left", func(now map[timeline.Object]timeline.State) string {
		for o := range now {
			return o.String()
		}
		return ""
	})
	before, start = r.spent(t), time.Now()
	s.apply(applications)
	s.await("all plain Applications are up", func(now map[timeline.Object]timeline.State) string {
		apps := 0
		for o, state := range now {
			if o.Kind == "Application" && !resting(state) {
				return fmt.Sprintf("%s is %+v", o, state)
			}
			if o.Kind == "Application" {
				apps++
			}
		}
		if want := strings.Count(applications, "kind: Application"); apps != want {
			return fmt.Sprintf("%d of %d Applications", apps, want)
		}
		return ""
	})
	plain := time.Since(start)
	t.Logf("plain: %s; %s", plain.Round(time.Second), r.spent(t).less(before))
	t.Logf("tree-vs-plain %.2f", tree.Seconds()/plain.Seconds())
}

// flatten writes what each Application of the environment holds, but for other
// Applications, into a directory of its own, and returns an Application for each.
func (s *site) flatten() string {
	s.t.Helper()
	apps, _, err := s.client.List(s.t.Context(), kube.Ref{APIVersion: "argoproj.io/v1alpha1", Kind: "Application", Namespace: lab.Namespace})
	if err != nil {
		s.t.Fatal(err)
	}
	s.pull()
	var applications strings.Builder
	for _, app := range apps {
		name := app.Ref().Name
		if s.foreign(timeline.Object{Kind: "Application", Name: name}) {
			continue
		}
		resources, _ := app.Field("status", "resources").([]any)
		if text := s.held(resources); text != "" {
			s.writeFile("plain/"+name+"/objects.yaml", text)
			fmt.Fprintf(&applications, plainApplication, name, lab.Namespace, s.lab.RepositoryURL(s.name), app.Text("spec", "destination", "namespace"))
		}
	}
	s.merge("plain directories")
	return applications.String()
}

// plainApplication needs a namespace of its own, since no parent made one before.
const plainApplication = `---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: %[1]s, namespace: %[2]s}
spec:
  project: default
  source: {repoURL: %[3]q, targetRevision: main, path: plain/%[1]s}
  destination: {server: "https://kubernetes.default.svc", namespace: %[4]s}
  syncPolicy: {automated: {prune: true, selfHeal: true}, syncOptions: [CreateNamespace=true], retry: {limit: 5, backoff: {duration: 1s}}}
`

// held is the YAML of live objects as they were asked for.
func (s *site) held(resources []any) string {
	s.t.Helper()
	var text strings.Builder
	for _, one := range resources {
		r, _ := one.(map[string]any)
		at := func(key string) string { v, _ := r[key].(string); return v }
		if at("kind") == "Application" {
			continue
		}
		ref := kube.Ref{APIVersion: strings.TrimPrefix(at("group")+"/"+at("version"), "/"), Kind: at("kind"), Namespace: at("namespace"), Name: at("name")}
		o, err := s.client.Get(s.t.Context(), ref)
		if err != nil {
			s.t.Fatal(err)
		}
		delete(o, "status")
		o["metadata"] = map[string]any{"name": ref.Name, "labels": o.Field("metadata", "labels")}
		if ref.Namespace != "" {
			o["metadata"].(map[string]any)["namespace"] = ref.Namespace
		}
		if ref.Kind == "Namespace" {
			delete(o, "spec") // its finalizer
		}
		data, err := yaml.Marshal(o)
		if err != nil {
			s.t.Fatal(err)
		}
		fmt.Fprintf(&text, "---\n%s", data)
	}
	return text.String()
}

// spent is the processor time that components used.
type spent map[string]time.Duration

func (r *rig) spent(t *testing.T) spent {
	t.Helper()
	all := spent{}
	for _, status := range r.lab.Status(t.Context()) {
		if !slices.Contains([]string{argocd.ControllerName, argocd.RepoServerName, argocd.PluginName("sluice"), "kube-apiserver"}, status.Name) {
			continue
		}
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", status.PID))
		if err != nil {
			t.Fatal(err)
		}
		fields := strings.Fields(string(data[strings.LastIndex(string(data), ")")+1:]))
		for _, ticks := range fields[11:13] { // of 10 ms: user and system
			n, err := strconv.Atoi(ticks)
			if err != nil {
				t.Fatal(err)
			}
			all[status.Name] += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return all
}

// less says what was used since before.
func (s spent) less(before spent) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(s)) {
		parts = append(parts, fmt.Sprintf("%s %s", name, (s[name]-before[name]).Round(time.Second)))
	}
	return strings.Join(parts, ", ")
}

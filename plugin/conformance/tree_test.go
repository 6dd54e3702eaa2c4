// Package conformance_test walks the example environments as Argo CD does,
// from the fleet's plain YAML down to every product, and holds what the plugin
// answers against Argo CD's own types and rules. It has no code of its own.
package conformance_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/catalog"
	sites "github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/plugin"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/short"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
)

const checkout = "../.."

// walk is one environment on its way through Argo CD.
type walk struct {
	t         *testing.T
	projects  map[string]v1alpha1.AppProject
	generator *plugin.Generator
	apps      map[string]v1alpha1.Application
	paths     map[string]string // source path -> Application
	objects   map[string]string // cluster/namespace/kind/name -> Application
}

// environments are the folders of the rendered example environments.
func environments(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(checkout, "environments", "*", "fleet"))
	if err != nil || len(all) < 2 {
		t.Fatalf("found %d rendered environments, %v, want at least two", len(all), err)
	}
	return all
}

// directory reads a folder of the checkout.
func directory(t testing.TB, path string) *tree.Dir {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(path, func(file string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(path, file)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(name)], err = os.ReadFile(file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	d, err := tree.FromFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestExampleEnvironments(t *testing.T) {
	engine := overlay.New(overlay.Options{}) // their products are those of one catalog
	for _, fleet := range environments(t) {
		t.Run(filepath.Base(filepath.Dir(fleet)), func(t *testing.T) {
			name := filepath.Base(filepath.Dir(fleet))
			if name != "local" {
				short.Skip(t, "one environment has every level")
			}
			w := walk{t: t, generator: plugin.New(engine), apps: map[string]v1alpha1.Application{},
				paths: map[string]string{}, objects: map[string]string{}, projects: projects(t, name)}
			var top v1alpha1.Application
			top.Name, top.Spec.Project = "fleet", name+"-fleet"
			for _, file := range directory(t, fleet).Files() {
				w.object(top, v1alpha1.ApplicationDestination{Server: "https://kubernetes.default.svc", Name: "in-cluster"}, file)
			}
			w.everyTenantIsReached(filepath.Dir(fleet))
		})
	}
}

// projects returns the AppProjects that an administrator applies for an environment.
func projects(t *testing.T, name string) map[string]v1alpha1.AppProject {
	t.Helper()
	site, err := sites.Load(os.DirFS(filepath.Join(checkout, "environments")), ident.Must[ident.EnvironmentKind](name))
	if err != nil {
		t.Fatal(err)
	}
	sold, err := catalog.Load(os.DirFS(filepath.Join(checkout, "catalog")))
	if err != nil {
		t.Fatal(err)
	}
	printed, err := render.Projects(t.Context(), site, sold)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]v1alpha1.AppProject{}
	for doc := range strings.SplitSeq(string(printed), "---\n") {
		var p v1alpha1.AppProject
		if err := yaml.UnmarshalStrict([]byte(doc), &p); err != nil {
			t.Fatal(err)
		}
		if err := p.ValidateProject(); err != nil {
			t.Errorf("project %q: %v", p.Name, err)
		}
		all[p.Name] = p
	}
	return all
}

// read decodes as the API server does with strict validation.
func (w *walk) read(out any, doc []byte) {
	w.t.Helper()
	if err := yaml.UnmarshalStrict(doc, out); err != nil {
		w.t.Fatalf("decoding %s: %v", doc, err)
	}
}

// object takes in one object of an Application and follows it if it is one itself.
func (w *walk) object(by v1alpha1.Application, to v1alpha1.ApplicationDestination, doc []byte) {
	w.t.Helper()
	var o unstructured.Unstructured
	owner, project := by.Name, w.projects[by.Spec.Project]
	w.read(&o.Object, doc)
	key := strings.Join([]string{to.Server, to.Name, o.GetNamespace(), o.GroupVersionKind().GroupKind().String(), o.GetName()}, "/")
	if other, twice := w.objects[key]; twice {
		w.t.Errorf("%s is written by %s and by %s", key, other, owner)
	}
	w.objects[key] = owner
	permitted, err := project.IsResourcePermitted(o.GroupVersionKind().GroupKind(), o.GetNamespace(), v1alpha1.ApplicationDestination{Server: to.Server, Name: to.Name, Namespace: o.GetNamespace()}, nil)
	if err != nil || !permitted {
		w.t.Errorf("%s of %s is not permitted in the project: %v", key, owner, err)
	}
	for name, value := range o.GetLabels() {
		if faults := append(validation.IsQualifiedName(name), validation.IsValidLabelValue(value)...); len(faults) > 0 {
			w.t.Errorf("%s: label %s=%s: %v", key, name, value, faults)
		}
	}
	if o.GetKind() == "Application" {
		var a v1alpha1.Application
		w.read(&a, doc)
		w.application(a)
	}
}

// application checks an Application and generates what it holds.
func (w *walk) application(a v1alpha1.Application) {
	w.t.Helper()
	checkApplication(w.t, a)
	if _, twice := w.apps[a.Name]; twice {
		w.t.Fatalf("Application %q is there twice", a.Name)
	}
	w.apps[a.Name] = a
	to := a.Spec.Destination
	if to.Server != "" {
		to.Name = "in-cluster" // Argo CD infers the name of a server
	} else {
		to.Server = "inferred"
	}
	project := w.projects[a.Spec.Project]
	if permitted, err := project.IsDestinationPermitted(to, nil); err != nil || !permitted || !project.IsSourcePermitted(*a.Spec.Source) {
		w.t.Errorf("Application %q: destination or source is not permitted in the project: %v", a.Name, err)
	}
	r := request(w.t, a, directory(w.t, filepath.Join(checkout, a.Spec.Source.Path)))
	result, err := w.generator.Generate(w.t.Context(), r)
	if err != nil {
		w.t.Errorf("Generate(%s) = %v", a.Name, err)
		return
	}
	if list, err := plugin.Announce(r); err != nil || len(list) == 0 {
		w.t.Errorf("Announce(%s) = %v, %v, want a list", a.Name, list, err)
	}
	if string(result.Level) != a.Labels["gatorcloud.io/level"] && a.Labels["gatorcloud.io/level"] != "base" {
		w.t.Errorf("Application %q is of level %q, generated was %q", a.Name, a.Labels["gatorcloud.io/level"], result.Level)
	}
	w.paths[a.Spec.Source.Path] = a.Name
	for _, doc := range result.Documents {
		w.object(a, to, doc)
	}
}

// request is what Argo CD sends the plugin for an Application.
func request(t *testing.T, a v1alpha1.Application, dir *tree.Dir) plugin.Request {
	t.Helper()
	list, err := a.Spec.Source.Plugin.Parameters.Environ()
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{plugin.EnvAppName: a.Name, plugin.EnvNamespace: a.Spec.Destination.Namespace, plugin.EnvSourcePath: a.Spec.Source.Path}
	for _, e := range list {
		name, value, _ := strings.Cut(e, "=")
		env[name] = value
	}
	r, err := plugin.NewRequest(dir, func(name string) string { return env[name] })
	if err != nil {
		t.Fatalf("NewRequest(%s) = %v", a.Name, err)
	}
	return r
}

// checkApplication holds an Application to what the tree of Applications needs.
func checkApplication(t *testing.T, a v1alpha1.Application) {
	t.Helper()
	if faults := append(validation.IsDNS1123Subdomain(a.Name), validation.IsValidLabelValue(a.Name)...); len(faults) > 0 {
		t.Errorf("Application %q: name: %v", a.Name, faults)
	}
	sync, source := a.Spec.SyncPolicy, a.Spec.Source
	switch {
	case !slices.Equal(a.Finalizers, []string{v1alpha1.ResourcesFinalizerName}):
		t.Errorf("Application %q: finalizers %q, want the resources finalizer", a.Name, a.Finalizers)
	case sync == nil || sync.Automated == nil || !sync.Automated.Prune || !sync.Automated.SelfHeal || sync.Automated.AllowEmpty:
		t.Errorf("Application %q: sync policy %+v, want automated with prune and self-heal, without allowEmpty", a.Name, sync)
	case sync.Retry == nil || sync.Retry.Limit != 0:
		t.Errorf("Application %q: retry %+v, want limit 0", a.Name, sync.Retry)
	case sync.SyncOptions.HasOption("ApplyOutOfSyncOnly=true") != (a.Labels["gatorcloud.io/level"] == "ring"):
		t.Errorf("Application %q: sync options %q, want ApplyOutOfSyncOnly for rings and for nobody else: it skips gates", a.Name, sync.SyncOptions)
	case a.Annotations["argocd.argoproj.io/manifest-generate-paths"] != ".":
		t.Errorf("Application %q: manifest-generate-paths %q, want .", a.Name, a.Annotations["argocd.argoproj.io/manifest-generate-paths"])
	case source == nil || source.Plugin == nil || source.Plugin.Name != "sluice" || len(source.Plugin.Parameters) != 1:
		t.Errorf("Application %q: source %+v, want the plugin sluice with one parameter", a.Name, source)
	case a.Spec.Project == "" || a.Namespace != "argocd":
		t.Errorf("Application %q: project %q in namespace %q", a.Name, a.Spec.Project, a.Namespace)
	}
	keeps := a.Annotations["argocd.argoproj.io/sync-options"]
	if a.Labels["gatorcloud.io/level"] == "tenant" && keeps != "Delete=false,Prune=false" && !released(t, a.Labels["gatorcloud.io/tenant"]) {
		t.Errorf("Application %q: sync-options %q, want a tenant that outlives its ring", a.Name, keeps)
	}
}

// released reports whether a tenant of the example environments may be pruned.
func released(t *testing.T, id string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(checkout, "environments", "*", "rings", "*", id+".yaml"))
	if err != nil || len(files) != 1 {
		return false
	}
	data, err := os.ReadFile(files[0])
	return err == nil && strings.Contains(string(data), "\nreleased: true\n")
}

// everyTenantIsReached checks that the walk came to every tenant's base and to
// one version of each of its products.
func (w *walk) everyTenantIsReached(environment string) {
	w.t.Helper()
	tenants, err := filepath.Glob(filepath.Join(environment, "tenants", "*", "*", "*"))
	if err != nil || len(tenants) == 0 {
		w.t.Fatalf("found %d tenants, %v", len(tenants), err)
	}
	products := 0
	for _, dir := range tenants {
		path, _ := filepath.Rel(checkout, dir)
		if _, ok := w.paths[filepath.ToSlash(path)+"/base"]; !ok {
			w.t.Errorf("no Application generates %s/base", path)
		}
		held, _ := filepath.Glob(filepath.Join(dir, "*", "*", "parameters.yaml"))
		names := map[string]int{}
		for _, file := range held {
			version := filepath.Dir(file)
			names[filepath.Base(filepath.Dir(version))] += 0
			rel, _ := filepath.Rel(checkout, version)
			if _, ok := w.paths[filepath.ToSlash(rel)]; ok {
				names[filepath.Base(filepath.Dir(version))]++
			}
		}
		for name, n := range names {
			if products++; n != 1 {
				w.t.Errorf("%s/%s: %d versions have an Application, want 1", path, name, n)
			}
		}
	}
	w.t.Logf("%d tenants, %d products, %d Applications, %d objects; levels %s", len(tenants), products, len(w.apps), len(w.objects), w.levels())
}

func (w *walk) levels() string {
	n := map[string]int{}
	for _, a := range w.apps {
		n[a.Labels["gatorcloud.io/level"]]++
	}
	var all []string
	for _, level := range slices.Sorted(maps.Keys(n)) {
		all = append(all, fmt.Sprint(level, " ", n[level]))
	}
	return strings.Join(all, ", ")
}

package manifest

import (
	"cmp"
	"maps"
	"strconv"
)

// InCluster is the server URL by which Argo CD knows the cluster it runs in.
const InCluster = "https://kubernetes.default.svc"

// LevelRing is the level of slices of rings.
const LevelRing = "ring"

// Application is an Argo CD Application of one level of the tree. All levels
// have the finalizer, automated sync with prune and self-heal, and no retries:
// the default of five hides a failure and blocks newer commits meanwhile.
type Application struct {
	Name      string
	Place     Place
	Project   string // Place.Project when empty
	Level     string // LevelRing, tenant, base, product or shared
	Path      string // source path in the repository
	Namespace string // destination namespace
	// Local sends the level's objects to Argo CD's own cluster and namespace: levels that hold Applications.
	Local       bool
	Wave        int
	Versions    map[string]string // plugin parameter; what the parent grants
	Labels      map[string]string
	Annotations map[string]string
	// Create makes Argo CD create the destination namespace.
	Create bool
	// SyncOptions is the value of the sync-options annotation; empty for none.
	SyncOptions string
	// IgnoreDifferences are fields that the cluster rewrites; a sync leaves them alone.
	IgnoreDifferences []IgnoreDifference
}

// Encode returns the Application as a YAML document.
func (a Application) Encode() []byte {
	w := writer{make([]byte, 0, 2048)}
	w.line(0, "apiVersion: argoproj.io/v1alpha1")
	w.line(0, "kind: Application")
	w.line(0, "metadata:")
	w.str(2, "name", a.Name)
	w.str(2, "namespace", a.Place.ArgoCDNamespace)
	w.strs(2, "annotations", a.annotations())
	w.strs(2, "labels", a.labels())
	w.line(2, "finalizers:")
	w.line(2, "- ", Finalizer)
	w.line(0, "spec:")
	w.str(2, "project", cmp.Or(a.Project, a.Place.Project))
	a.source(&w)
	w.line(2, "destination:")
	if a.Local {
		w.str(4, "server", InCluster)
		w.str(4, "namespace", a.Place.ArgoCDNamespace)
	} else {
		w.opt(4, "name", a.Place.DestinationName)
		w.opt(4, "server", a.Place.DestinationServer)
		w.opt(4, "namespace", a.Namespace)
	}
	w.ignored(2, a.IgnoreDifferences)
	w.line(2, "syncPolicy:")
	w.line(4, "automated:")
	w.line(6, "prune: true")
	w.line(6, "selfHeal: true")
	// No retries, in the form in which Argo CD writes it back: it drops a limit
	// of 0 from the live object with every sync, and a parent that had written
	// one would heal that drift by syncing its children again and again.
	w.line(4, "retry: {}")
	if options := a.options(); len(options) > 0 {
		w.line(4, "syncOptions:")
		for _, o := range options {
			w.line(4, "- ", o)
		}
	}
	return w.buf
}

// options are those with which Argo CD applies what the Application holds.
func (a Application) options() []string {
	var all []string
	if a.Create {
		all = append(all, "CreateNamespace=true")
	}
	if len(a.IgnoreDifferences) > 0 {
		all = append(all, "RespectIgnoreDifferences=true")
	}
	if a.Level == LevelRing {
		// Its members are in one wave, so none waits for another: who did not change is
		// left alone. A tenant's waves are a reason to apply all of them each time.
		all = append(all, "ApplyOutOfSyncOnly=true")
	}
	if a.Local || a.Level == BaseDir {
		// These levels hold nothing but what sluice writes itself. Argo CD would load
		// the cluster's schemas twice for each object, a quarter of what it does for a
		// new tenant, to find that no field is unknown.
		all = append(all, "Validate=false")
	}
	return all
}

func (a Application) source(w *writer) {
	w.line(2, "source:")
	w.str(4, "repoURL", a.Place.RepoURL)
	w.str(4, "targetRevision", a.Place.TargetRevision)
	w.str(4, "path", a.Path)
	w.line(4, "plugin:")
	w.str(6, "name", a.Place.Plugin)
	w.line(6, "parameters:")
	w.line(6, "- name: ", ParameterVersions)
	if len(a.Versions) == 0 {
		w.line(8, "map: {}")
		return
	}
	w.strs(8, "map", a.Versions)
}

func (a Application) annotations() map[string]string {
	all := map[string]string{AnnotationWave: strconv.Itoa(a.Wave), AnnotationPaths: "."}
	if a.SyncOptions != "" {
		all[AnnotationSyncOptions] = a.SyncOptions
	}
	maps.Copy(all, a.Annotations)
	return all
}

func (a Application) labels() map[string]string {
	all := map[string]string{LabelEnvironment: a.Place.Environment.String(), LabelLevel: a.Level}
	maps.Copy(all, a.Labels)
	return all
}

package catalog

import (
	"fmt"
	"path"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/strict"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// Kinds of the two descriptions, and the files that hold them.
const (
	kindProduct   = "Product"
	kindShared    = "SharedComponent"
	productFile   = "product.yaml"
	componentFile = "component.yaml"
)

// maxComponents bounds the parts of one version.
const maxComponents = 100

// document is product.yaml or component.yaml as written: names are plain
// strings here, so that each bad one is a fault of its own.
type document struct {
	APIVersion  string              `json:"apiVersion"`
	Kind        string              `json:"kind"`
	Name        string              `json:"name"`
	Version     string              `json:"version"`
	Description string              `json:"description"`
	Sharing     Sharing             `json:"sharing"`
	Parameters  map[string]any      `json:"parameters"`
	Components  []documentComponent `json:"components"`
	Routes      string              `json:"routes"`
	Images      []Image             `json:"images"`
	Kinds       []Kind              `json:"kinds"`
	Autoscale   *documentAutoscale  `json:"autoscale"`
	PodSecurity *PodSecurity        `json:"podSecurity"`
	AllowTags   bool                `json:"allowTags"`

	UpgradesFrom []string    `json:"upgradesFrom"`
	DowngradesTo []string    `json:"downgradesTo"`
	Migrations   []Migration `json:"migrations"`
}

type documentComponent struct {
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Source      Source         `json:"source"`
	Path        string         `json:"path"`
	Sharing     Sharing        `json:"sharing"`
	Version     string         `json:"version"`
	DependsOn   []string       `json:"dependsOn"`
	Priority    int            `json:"priority"`
	Values      map[string]any `json:"values"`
	APIVersions []string       `json:"apiVersions"`
	KubeVersion string         `json:"kubeVersion"`
	Data        DataPolicy     `json:"data"`

	IgnoreDifferences []manifest.IgnoreDifference `json:"ignoreDifferences"`
}

// DescriptionFile returns the name of the file that describes a version.
func (r Ref) DescriptionFile() string {
	if r.Shared {
		return componentFile
	}
	return productFile
}

// decode returns the version that the files of ref describe, with every fault
// of it; the version is of use only when there are none.
func decode(ref Ref, files *tree.Dir) (*Version, []error) {
	name := ref.DescriptionFile()
	data, err := files.Read(name)
	if err != nil {
		return nil, []error{fault.Hintf("every version has a "+name, "%s: no such file", name)}
	}
	var doc document
	if err := parse(data, &doc); err != nil {
		return nil, []error{fmt.Errorf("%s: %w", name, err)}
	}
	c := &checker{ref: ref, files: files, where: name}
	v := c.version(doc)
	c.kustomizations(v)
	return v, c.faults
}

// parse decodes a description strictly.
func parse(data []byte, doc *document) error {
	if err := strict.Check(data, maxFileBytes); err != nil {
		return err
	}
	err := strict.YAML(data, maxFileBytes, doc)
	if err != nil && fault.HintOf(err) == "" {
		return fault.Hintf("mend the line; `sluice catalog show` prints good versions to compare with", "%w", err)
	}
	return err
}

// checker collects the faults of one version.
type checker struct {
	ref    Ref
	files  *tree.Dir
	where  string // the file that is looked at
	faults []error
	// charts is how many helmCharts were seen, annotated the kustomizations that
	// have buildMetadata.
	charts    int
	annotated []string
}

func (c *checker) refuse(hint, format string, args ...any) {
	c.add(fault.Hintf(hint, format, args...))
}

func (c *checker) add(errs ...error) {
	for _, err := range errs {
		c.faults = append(c.faults, fmt.Errorf("%s: %w", c.where, err))
	}
}

// version checks doc and returns it as a Version.
func (c *checker) version(doc document) *Version {
	c.head(doc)
	v := &Version{
		APIVersion: doc.APIVersion, Kind: doc.Kind, Name: doc.Name, Version: doc.Version,
		Description: doc.Description, Sharing: doc.Sharing, Parameters: doc.Parameters,
		Routes: doc.Routes, Images: doc.Images, Kinds: doc.Kinds, PodSecurity: doc.PodSecurity, AllowTags: doc.AllowTags,
		UpgradesFrom: doc.UpgradesFrom, DowngradesTo: doc.DowngradesTo, Migrations: doc.Migrations,
		Ref: c.ref, Digest: tree.Digest(c.files), Files: c.files,
	}
	v.Components = c.components(doc.Components)
	for _, own := range v.own() {
		c.source(own)
	}
	if doc.Routes != "" {
		c.kustomizeDir("routes", doc.Routes)
	}
	c.images(doc.Images)
	c.kinds(doc.Kinds)
	c.autoscale(v, doc.Autoscale)
	c.podSecurity(doc.PodSecurity)
	c.edges(doc)
	v.buckets = c.graph(v)
	var faults []error
	v.schema, faults = compileSchema(doc.Parameters)
	c.add(faults...)
	return v
}

// head checks the fields that say what the document is.
func (c *checker) head(doc document) {
	kind := kindProduct
	if c.ref.Shared {
		kind = kindShared
	}
	if doc.APIVersion != APIVersion {
		c.refuse(fmt.Sprintf("write apiVersion: %s", APIVersion), "apiVersion %q is unknown", doc.APIVersion)
	}
	if doc.Kind != kind {
		c.refuse("write kind: "+kind, "kind %q is not %q", doc.Kind, kind)
	}
	if doc.Name != c.ref.Name {
		c.refuse("rename the folder or mend the name", "name %q is not the folder's %q", doc.Name, c.ref.Name)
	}
	if doc.Version != c.ref.Version {
		c.refuse("mend the version; it is the folder's", "version %q is not the folder's %q", doc.Version, c.ref.Version)
	}
	switch {
	case !c.ref.Shared && doc.Sharing != "":
		c.refuse("remove the field", "sharing %q: a product is not shared", doc.Sharing)
	case c.ref.Shared && doc.Sharing != SharingTenant && doc.Sharing != SharingEnvironment:
		c.refuse("write sharing: tenant, or sharing: environment", "sharing %q: a shared component serves a tenant or an environment", doc.Sharing)
	}
	if strings.ContainsAny(doc.Description, "\n\r") {
		c.refuse("keep it to one line", "description %s has several lines", fault.Clip(doc.Description))
	}
}

// source checks the directory of a component of the version's own.
func (c *checker) source(own Component) {
	what := fmt.Sprintf("component %q", own.Name)
	if own.Source == SourceHelm {
		c.chartDir(what, own.Path)
		return
	}
	c.kustomizeDir(what, own.Path)
}

// kustomizationNames are the file names that kustomize looks for.
func kustomizationNames() []string {
	return []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}
}

func (c *checker) kustomizeDir(what, dir string) {
	if !c.directory(what, dir) {
		return
	}
	found := 0
	for _, name := range kustomizationNames() {
		if e, ok := c.files.Lookup(path.Join(dir, name)); ok && e.Dir == nil {
			found++
		}
	}
	if found != 1 {
		c.refuse("write one kustomization.yaml there", "%s: directory %q has %d kustomization files, not one", what, dir, found)
	}
}

func (c *checker) chartDir(what, dir string) {
	if !c.directory(what, dir) {
		return
	}
	if _, ok := c.files.Lookup(path.Join(dir, "Chart.yaml")); !ok {
		c.refuse("vendor the chart there, unpacked", "%s: directory %q has no Chart.yaml", what, dir)
	}
}

// directory checks that dir is a directory of the version.
func (c *checker) directory(what, dir string) bool {
	if !localPath(dir) {
		c.refuse("give a path inside the version's directory", "%s: path %q leaves the version's directory", what, dir)
		return false
	}
	e, ok := c.files.Lookup(dir)
	if !ok || e.Dir == nil {
		c.refuse("create it, or mend the path", "%s: there is no directory %q", what, dir)
		return false
	}
	if c.template(dir) {
		c.refuse("move it out of the chart", "%s: %q holds templates of a chart", what, dir)
		return false
	}
	return true
}

// localPath reports whether p is a clean relative path that goes down only.
func localPath(p string) bool {
	return p != "" && p == path.Clean(p) && p != "." && p != ".." &&
		!strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "../") && !strings.ContainsAny(p, "\\\x00")
}

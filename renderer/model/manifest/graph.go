package manifest

import (
	"fmt"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// KindGraph is the kind of base/graph.yaml.
const KindGraph = "Graph"

// GraphFile, ReplacementsFile and the names of the folders are those of a base.
const (
	GraphFile        = "graph.yaml"
	ReplacementsFile = "replacements.yaml"
	WorkloadsDir     = "workloads"
	ActiveDir        = "active"
	AutoscaledDir    = "autoscaled" // active, and scales itself
	AutoscalerFile   = "autoscaler.yaml"
	SuspendedDir     = "suspended"
	RetainedDir      = "retained"
	RoutesFile       = "routes.yaml"
	DataFile         = "data.yaml"
)

// ComponentRoutes and ComponentRetained are the values of the component label
// on a version's routes and on the marker of a retained product.
const (
	ComponentRoutes   = "routes"
	ComponentRetained = "retained"
)

// Graph is the dependency graph of a version, by which the plugin checks the
// waves of what it generates.
type Graph struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Version is the version's place in the catalog, Catalog its locked digest:
	// they tie a base to the version that an overlay's descriptor names.
	Version string `json:"version,omitempty"`
	Catalog string `json:"catalog,omitempty"`
	// Components are sorted by bucket, then by name.
	Components []GraphComponent `json:"components"`
	// Routes is the bucket of the routes; 0 when the version has none.
	Routes int `json:"routes,omitempty"`
}

// GraphComponent is a component, the bucket it starts in and what it waits for.
type GraphComponent struct {
	Name      ident.Component   `json:"name"`
	Bucket    int               `json:"bucket"`
	DependsOn []ident.Component `json:"dependsOn,omitempty"`
}

// Encode returns base/graph.yaml.
func (g Graph) Encode() []byte {
	w := begin(KindGraph)
	w.opt(0, "version", g.Version)
	w.opt(0, "catalog", g.Catalog)
	w.line(0, "components:")
	for _, c := range g.Components {
		w.str(0, "- name", c.Name.String())
		w.num(2, "bucket", c.Bucket)
		if len(c.DependsOn) == 0 {
			continue
		}
		names := make([]string, len(c.DependsOn))
		for i, d := range c.DependsOn {
			names[i] = Quote(d.String())
		}
		w.line(2, "dependsOn: [", strings.Join(names, ", "), "]")
	}
	if g.Routes > 0 {
		w.line(0, "routes: ", strconv.Itoa(g.Routes))
	}
	return w.buf
}

// DecodeGraph decodes base/graph.yaml strictly.
func DecodeGraph(data []byte) (Graph, error) {
	var g Graph
	if err := yaml.UnmarshalStrict(data, &g); err != nil {
		return Graph{}, fmt.Errorf("decoding graph: %w", err)
	}
	if g.APIVersion != APIVersion || g.Kind != KindGraph {
		return Graph{}, fmt.Errorf("decoding graph: kind %q of %q is not %q", g.Kind, g.APIVersion, KindGraph)
	}
	return g, nil
}

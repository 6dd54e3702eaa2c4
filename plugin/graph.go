package plugin

import (
	"sync"

	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// graph is the dependency graph of a base, ready for checking objects.
type graph struct {
	version, catalog string
	buckets          map[string]int // by component; the routes under their own name
}

// bucket returns the bucket of a component, and whether the graph has it.
func (g *graph) bucket(component string) (int, bool) {
	b, ok := g.buckets[component]
	return b, ok
}

const hintBase = "the base was edited or built by another sluice: render again"

// newGraph decodes base/graph.yaml. It refuses a graph that contradicts
// itself: a component not after what it depends on, routes not after all.
func newGraph(file []byte) (*graph, error) {
	decoded, err := manifest.DecodeGraph(file)
	if err != nil {
		return nil, refuse(ReasonWave, hintBase, "reading %s: %w", manifest.GraphFile, err)
	}
	g := &graph{decoded.Version, decoded.Catalog, map[string]int{}}
	last := -1
	for _, c := range decoded.Components {
		if _, twice := g.buckets[c.Name.String()]; twice || c.Bucket < 0 {
			return nil, refuse(ReasonWave, hintBase, "component %q is in the graph twice or in bucket %d", c.Name, c.Bucket)
		}
		g.buckets[c.Name.String()] = c.Bucket
		last = max(last, c.Bucket)
	}
	for _, c := range decoded.Components {
		for _, d := range c.DependsOn {
			// What is not in the graph is shared, and was Healthy before.
			if b, ok := g.buckets[d.String()]; ok && b >= c.Bucket {
				return nil, refuse(ReasonWave, hintBase, "component %q in bucket %d depends on %q in bucket %d", c.Name, c.Bucket, d, b)
			}
		}
	}
	if decoded.Routes > 0 {
		if decoded.Routes <= last {
			return nil, refuse(ReasonWave, hintBase, "routes are in bucket %d, the last component in bucket %d", decoded.Routes, last)
		}
		g.buckets[manifest.ComponentRoutes] = decoded.Routes
	}
	return g, nil
}

// bases remembers bases by digest with their graphs, refusals included: a base
// is the same for every tenant, so it is read and kept once. It is safe for
// concurrent use and forgets everything when it is full.
type bases struct {
	mu    sync.Mutex
	known map[string]verdict
}

type verdict struct {
	dir   *tree.Dir // the first that was seen; builders know it by its identity
	graph *graph
	err   error
}

// maxBases bounds the memory of a long-running plugin; a fleet has a few versions in play.
const maxBases = 256

// digest returns the digest of the base d. What equals the base that is known
// by the digest sealed has that digest; all else is hashed.
func (c *bases) digest(sealed string, d *tree.Dir) string {
	c.mu.Lock()
	v, known := c.known[sealed]
	c.mu.Unlock()
	if known && tree.Equal(v.dir, d) {
		return sealed
	}
	return tree.Digest(d)
}

// of returns what is known of the base d, whose digest is digest, and whether
// it was seen before.
func (c *bases) of(digest string, d *tree.Dir) (v verdict, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v, known = c.known[digest]; known {
		return v, true
	}
	v.dir = d
	if file, err := d.Read(manifest.GraphFile); err != nil {
		v.err = refuse(ReasonDirectory, hintBase, "base has no %s", manifest.GraphFile)
	} else {
		v.graph, v.err = newGraph(file)
	}
	if c.known == nil || len(c.known) >= maxBases {
		c.known = map[string]verdict{}
	}
	c.known[digest] = v
	return v, false
}

package plugin

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/ident"
	"github.com/gatorcloud/sluice/renderer/manifest"
	"pgregory.net/rapid"
)

func component(name string, bucket int, dependsOn ...string) manifest.GraphComponent {
	c := manifest.GraphComponent{Name: ident.Must[ident.ComponentKind](name), Bucket: bucket}
	for _, d := range dependsOn {
		c.DependsOn = append(c.DependsOn, ident.Must[ident.ComponentKind](d))
	}
	return c
}

func TestNewGraph(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		graph  manifest.Graph
		good   bool
	}{
		"Chain":       {"each after what it needs", manifest.Graph{Components: []manifest.GraphComponent{component("a", 0), component("b", 1, "a"), component("c", 2, "a", "b")}, Routes: 3}, true},
		"Priority":    {"later than needed is allowed", manifest.Graph{Components: []manifest.GraphComponent{component("a", 0), component("b", 7, "a")}}, true},
		"Shared":      {"what is not in the graph came before", manifest.Graph{Components: []manifest.GraphComponent{component("a", 0, "identity")}}, true},
		"NoRoutes":    {"a product without routes", manifest.Graph{Components: []manifest.GraphComponent{component("a", 0)}}, true},
		"SameBucket":  {"both would start together", manifest.Graph{Components: []manifest.GraphComponent{component("a", 0), component("b", 0, "a")}}, false},
		"Backwards":   {"started before what it needs", manifest.Graph{Components: []manifest.GraphComponent{component("a", 1), component("b", 0, "a")}}, false},
		"Itself":      {"waits for itself", manifest.Graph{Components: []manifest.GraphComponent{component("a", 0, "a")}}, false},
		"Twice":       {"which of them counts?", manifest.Graph{Components: []manifest.GraphComponent{component("a", 0), component("a", 1)}}, false},
		"Negative":    {"before everything", manifest.Graph{Components: []manifest.GraphComponent{component("a", -1)}}, false},
		"RoutesEarly": {"routes to what is not there", manifest.Graph{Components: []manifest.GraphComponent{component("a", 0), component("b", 1)}, Routes: 1}, false},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := newGraph(tc.graph.Encode())
			if (err == nil) != tc.good || (g != nil) != tc.good {
				t.Errorf("newGraph = %v, %v, want good %v: %s", g, err, tc.good, tc.reason)
			}
			if !tc.good && ReasonOf(err) != ReasonWave {
				t.Errorf("newGraph refuses for %q, want %q", ReasonOf(err), ReasonWave)
			}
		})
	}
}

// Exactly the graphs in which every component is after all it needs are accepted.
func TestNewGraphAgreesWithDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var g manifest.Graph
		n := rapid.IntRange(1, 6).Draw(t, "n")
		good := true
		buckets := rapid.SliceOfN(rapid.IntRange(0, 4), n, n).Draw(t, "buckets")
		for i, b := range buckets {
			c := component(fmt.Sprint("c", i), b)
			for _, d := range rapid.SliceOfNDistinct(rapid.IntRange(0, n-1), 0, 2, rapid.ID[int]).Draw(t, "dependsOn") {
				c.DependsOn = append(c.DependsOn, ident.Must[ident.ComponentKind](fmt.Sprint("c", d)))
				good = good && buckets[d] < b
			}
			g.Components = append(g.Components, c)
		}
		if _, err := newGraph(g.Encode()); (err == nil) != good {
			t.Errorf("newGraph(%s) = %v, want good %v", g.Encode(), err, good)
		}
	})
}

// A full memory forgets and still answers right.
func TestGraphsAreBounded(t *testing.T) {
	var c graphs
	file := manifest.Graph{Version: "products/swg/202", Components: []manifest.GraphComponent{component("a", 0)}}.Encode()
	for i := range 3 * maxGraphs {
		digest := fmt.Sprint(i)
		if _, known, err := c.of(digest, file); known || err != nil {
			t.Fatalf("of(%s) = known %v, %v, want a new graph", digest, known, err)
		}
		if g, known, err := c.of(digest, file); !known || err != nil || g.version != "products/swg/202" {
			t.Fatalf("of(%s) again = known %v, %v, want the known graph", digest, known, err)
		}
		if len(c.known) > maxGraphs {
			t.Fatalf("%d graphs are known, want at most %d", len(c.known), maxGraphs)
		}
	}
	if _, known, err := c.of("bad", []byte("x")); known || err == nil {
		t.Errorf("of(bad) = known %v, %v, want an error", known, err)
	}
	if _, known, err := c.of("bad", []byte("x")); !known || err == nil || !strings.Contains(err.Error(), "graph") {
		t.Errorf("of(bad) again = known %v, %v, want the known error", known, err)
	}
}

package plugin

import (
	"fmt"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
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

// A full memory forgets and still answers right; a known base is the first that was seen.
func TestBasesAreBounded(t *testing.T) {
	var c bases
	file := manifest.Graph{Version: "products/swg/202", Components: []manifest.GraphComponent{component("a", 0)}}.Encode()
	dir := func(data []byte) *tree.Dir {
		d, err := tree.FromFiles(map[string][]byte{manifest.GraphFile: data})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for i := range 3 * maxBases {
		digest, first := fmt.Sprint(i), dir(file)
		if v, known := c.of(digest, first); known || v.err != nil || v.dir != first {
			t.Fatalf("of(%s) = known %v, %v, want a new base", digest, known, v.err)
		}
		if v, known := c.of(digest, dir(file)); !known || v.err != nil || v.graph.version != "products/swg/202" || v.dir != first {
			t.Fatalf("of(%s) again = known %v, %v, want the first base", digest, known, v.err)
		}
		if len(c.known) > maxBases {
			t.Fatalf("%d bases are known, want at most %d", len(c.known), maxBases)
		}
	}
	for range 2 {
		if v, _ := c.of("bad", dir([]byte("x"))); ReasonOf(v.err) != ReasonWave {
			t.Errorf("of(bad graph) = %v, want a refusal", v.err)
		}
		if v, _ := c.of("none", nil); ReasonOf(v.err) != ReasonDirectory {
			t.Errorf("of(no graph) = %v, want a refusal", v.err)
		}
	}
}

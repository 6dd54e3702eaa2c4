package catalog

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestBuckets(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		nodes  []node
		want   [][]string
		cycles []string
	}{
		"Empty":  {"nothing has no order", nil, nil, nil},
		"Levels": {"a level is one more than the highest below", []node{{"d", []string{"b", "c"}, 0}, {"b", []string{"a"}, 0}, {"c", nil, 0}, {"a", nil, 0}}, [][]string{{"a", "c"}, {"b"}, {"d"}}, nil},
		"Priority": {"a pushed node pushes what depends on it, and no more", []node{{"a", nil, 1}, {"b", []string{"a"}, 0}, {"c", nil, 0}, {"d", []string{"c"}, 0}},
			[][]string{{"c"}, {"a", "d"}, {"b"}}, nil},
		"PriorityGap": {"empty levels are left out", []node{{"a", nil, 0}, {"b", nil, 50}}, [][]string{{"a"}, {"b"}}, nil},
		"Unknown":     {"unknown names are somebody else's fault", []node{{"a", []string{"x"}, 0}}, [][]string{{"a"}}, nil},
		"Twice":       {"a dependency named twice is one", []node{{"a", nil, 0}, {"b", []string{"a", "a"}, 0}}, [][]string{{"a"}, {"b"}}, nil},
		"Cycle":       {"the path of the cycle, without what hangs on it", []node{{"a", []string{"b"}, 0}, {"b", []string{"c"}, 0}, {"c", []string{"b"}, 0}, {"d", nil, 0}}, nil, []string{"b -> c -> b"}},
		"TwoCycles":   {"every cycle in one run", []node{{"a", []string{"a"}, 0}, {"b", []string{"c"}, 0}, {"c", []string{"b"}, 0}}, nil, []string{"a -> a", "b -> c -> b"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, faults := buckets(tc.nodes)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s: buckets (-want +got):\n%s", tc.reason, diff)
			}
			if len(faults) != len(tc.cycles) {
				t.Fatalf("%s: faults = %v, want cycles %q", tc.reason, faults, tc.cycles)
			}
			for i, want := range tc.cycles {
				if !strings.HasSuffix(faults[i].Error(), ": "+want) {
					t.Errorf("%s: fault = %v, want %s", tc.reason, faults[i], want)
				}
			}
		})
	}
}

// drawGraph draws a graph without a cycle: nodes depend on earlier ones only.
func drawGraph(t *rapid.T) []node {
	n := rapid.IntRange(1, 20).Draw(t, "n")
	nodes := make([]node, n)
	for i := range nodes {
		nodes[i] = node{name: fmt.Sprintf("c%d", i), priority: rapid.IntRange(0, 4).Draw(t, "priority")}
		for j := range i {
			if rapid.IntRange(0, 3).Draw(t, "edge") == 0 {
				nodes[i].dependsOn = append(nodes[i].dependsOn, nodes[j].name)
			}
		}
	}
	return nodes
}

func bucketOf(all [][]string) map[string]int {
	of := map[string]int{}
	for i, names := range all {
		for _, n := range names {
			of[n] = i
		}
	}
	return of
}

func TestBucketsKeepTheirPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nodes := drawGraph(t)
		got, faults := buckets(nodes)
		if len(faults) > 0 {
			t.Fatalf("a graph without a cycle has %v", faults)
		}
		of := bucketOf(got)
		plain := slices.Clone(nodes)
		for i := range plain {
			plain[i].priority = 0
		}
		base, _ := buckets(plain)
		ofPlain := bucketOf(base)
		for _, n := range nodes {
			for _, d := range n.dependsOn {
				if of[d] >= of[n.name] {
					t.Fatalf("%s in bucket %d depends on %s in bucket %d", n.name, of[n.name], d, of[d])
				}
			}
			if of[n.name] < ofPlain[n.name] {
				t.Fatalf("priorities moved %s from bucket %d to %d", n.name, ofPlain[n.name], of[n.name])
			}
		}
		for i, b := range got {
			if len(b) == 0 || !slices.IsSorted(b) {
				t.Fatalf("bucket %d is %v, want sorted names", i, b)
			}
		}
		if len(of) != len(nodes) {
			t.Fatalf("%d nodes are in buckets, want %d", len(of), len(nodes))
		}
	})
}

func TestBucketsDoNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nodes := drawGraph(t)
		if rapid.Bool().Draw(t, "cyclic") {
			nodes[0].dependsOn = []string{nodes[len(nodes)-1].name}
		}
		want, wantFaults := buckets(nodes)
		shuffled := rapid.Permutation(nodes).Draw(t, "shuffled")
		for i := range shuffled {
			shuffled[i].dependsOn = rapid.Permutation(shuffled[i].dependsOn).Draw(t, "deps")
		}
		got, gotFaults := buckets(shuffled)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("buckets (-in order +shuffled):\n%s", diff)
		}
		if a, b := fmt.Sprint(wantFaults), fmt.Sprint(gotFaults); a != b {
			t.Fatalf("faults = %s in order and %s shuffled", a, b)
		}
	})
}

// What is reported as a cycle is one.
func TestCyclesAreCycles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "n")
		nodes := make([]node, n)
		for i := range nodes {
			nodes[i].name = fmt.Sprintf("c%d", i)
			for j := range n {
				if rapid.IntRange(0, 4).Draw(t, "edge") == 0 {
					nodes[i].dependsOn = append(nodes[i].dependsOn, fmt.Sprintf("c%d", j))
				}
			}
		}
		got, faults := buckets(nodes)
		if (got == nil) != (len(faults) > 0) {
			t.Fatalf("buckets = %v with faults %v", got, faults)
		}
		for _, f := range faults {
			_, text, _ := strings.Cut(f.Error(), ": ")
			path := strings.Split(text, " -> ")
			if len(path) < 2 || path[0] != path[len(path)-1] {
				t.Fatalf("%q does not end where it begins", text)
			}
			for i := range len(path) - 1 {
				at := slices.IndexFunc(nodes, func(n node) bool { return n.name == path[i] })
				if !slices.Contains(nodes[at].dependsOn, path[i+1]) {
					t.Fatalf("%q: %s does not depend on %s", text, path[i], path[i+1])
				}
			}
		}
	})
}

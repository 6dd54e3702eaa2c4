package catalog

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// node is a part of a dependency graph.
type node struct {
	name      string
	dependsOn []string
	priority  int
}

// buckets orders nodes into groups that may start together, and says which
// cycles make that impossible. A node's level is one more than the highest
// level it depends on, plus its priority; empty levels are left out. Names in
// dependsOn that no node has are passed over.
func buckets(nodes []node) ([][]string, []error) {
	byName := make(map[string]node, len(nodes))
	for _, n := range nodes {
		byName[n.name] = n
	}
	level, rest := levels(byName)
	var faults []error
	for len(rest) > 0 {
		cycle := findCycle(rest)
		faults = append(faults, fault.Hintf("remove one of the dependencies", "components depend on each other: %s", strings.Join(cycle, " -> ")))
		for _, name := range cycle {
			delete(rest, name)
		}
		_, rest = levels(rest)
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return group(level), nil
}

// levels computes the level of every node that no cycle is below, and returns
// the others.
func levels(nodes map[string]node) (level map[string]int, rest map[string]node) {
	level, rest = map[string]int{}, maps.Clone(nodes)
	for progress := true; progress; {
		progress = false
		for name, n := range rest {
			l, ready := 0, true
			for _, d := range n.dependsOn {
				if _, waits := rest[d]; waits {
					ready = false
					break
				}
				if dl, ok := level[d]; ok {
					l = max(l, dl+1)
				}
			}
			if ready {
				level[name] = l + n.priority
				delete(rest, name)
				progress = true
			}
		}
	}
	return level, rest
}

// findCycle returns the names along a cycle, the first repeated at the end.
// Every node of rest depends on another of rest or is below one that does, so
// following the least such dependency from the least name meets a cycle.
func findCycle(rest map[string]node) []string {
	var path []string
	at := map[string]int{}
	name := slices.Min(slices.Collect(maps.Keys(rest)))
	for {
		if start, seen := at[name]; seen {
			cycle := path[start:]
			least := slices.Index(cycle, slices.Min(cycle))
			rotated := append(slices.Clone(cycle[least:]), cycle[:least]...)
			return append(rotated, rotated[0])
		}
		at[name] = len(path)
		path = append(path, name)
		var next []string
		for _, d := range rest[name].dependsOn {
			if _, ok := rest[d]; ok {
				next = append(next, d)
			}
		}
		name = slices.Min(next)
	}
}

// group returns the names of each level in use, levels ascending, names sorted.
func group(level map[string]int) [][]string {
	names := slices.SortedFunc(maps.Keys(level), func(a, b string) int {
		return cmp.Or(cmp.Compare(level[a], level[b]), strings.Compare(a, b))
	})
	var out [][]string
	for i, name := range names {
		if i == 0 || level[name] != level[names[i-1]] {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], name)
	}
	return out
}

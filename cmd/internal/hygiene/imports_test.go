package hygiene_test

import (
	"fmt"
	"go/ast"
	"maps"
	"slices"
	"strings"
	"testing"
)

// uses is what the files of one package touch, tests apart: import paths, and
// functions such as time.Now, each with a place where it stands.
type uses map[string]string

// packages returns what each package of the project touches, by folder.
func packages(files []file) map[string]uses {
	all := map[string]uses{}
	for _, f := range files {
		if f.test || strings.HasSuffix(f.dir, "test") { // the servers that tests talk to
			continue
		}
		u := all[f.dir]
		if u == nil {
			u = uses{}
			all[f.dir] = u
		}
		for _, spec := range f.tree.Imports {
			u[strings.Trim(spec.Path.Value, `"`)] = f.at(spec.Pos())
		}
		ast.Inspect(f.tree, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok && (x.Name == "time" || x.Name == "os") {
					u[x.Name+"."+sel.Sel.Name] = f.at(n.Pos())
				}
			}
			return true
		})
	}
	return all
}

func within(dir, tree string) bool { return dir == tree || strings.HasPrefix(dir, tree+"/") }

// roomOf returns the room of a folder: the innermost.
func roomOf(dir string) *room {
	var best *room
	for i := range rooms {
		if r := &rooms[i]; within(dir, r.dir) && (best == nil || len(r.dir) > len(best.dir)) {
			best = r
		}
	}
	return best
}

// mediumOf returns the medium of an import path or a function; the longest
// entry decides, and an entry that ends in a slash or is a whole path segment.
func mediumOf(name string) string {
	best, length := "", 0
	for medium, entries := range media {
		for _, e := range entries {
			if (within(name, e) || strings.HasSuffix(e, "/") && strings.HasPrefix(name, e)) && len(e) > length {
				if e == "os" && name != "os" || e == "net" && name != "net" {
					continue // their subpackages are something else, or named
				}
				best, length = medium, len(e)
			}
		}
	}
	return best
}

// sins returns every import and use that no rule allows, with the way from the
// package to it.
func sins(all map[string]uses) []string {
	var found []string
	for _, dir := range slices.Sorted(maps.Keys(all)) {
		r := roomOf(dir)
		if r == nil {
			found = append(found, dir+" is in no room: say in rooms what it may import")
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(all[dir])) {
			medium := mediumOf(name)
			ours := within(name, module)
			switch foreign := strings.Contains(strings.Split(name, "/")[0], ".") && !ours && strings.Contains(name, "/"); {
			case foreign && medium == "":
				found = append(found, fmt.Sprintf("%s imports %s, which no medium names", all[dir][name], name))
			case medium != "" && !slices.Contains(r.media, medium):
				found = append(found, fmt.Sprintf("%s uses %s: room %s may not touch the %s", all[dir][name], name, r.dir, medium))
			}
		}
		found = append(found, strays(dir, r, all)...)
	}
	return found
}

// strays returns the ways from a package to others that its room does not reach.
func strays(dir string, r *room, all map[string]uses) []string {
	var found []string
	from := map[string]string{dir: ""}
	for queue := []string{dir}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		for _, name := range slices.Sorted(maps.Keys(all[at])) {
			next, ours := strings.CutPrefix(name, module+"/")
			if _, seen := from[next]; !ours || seen {
				continue
			}
			from[next] = at
			queue = append(queue, next)
			if to := roomOf(next); to != nil && to != r && !within(next, r.dir) && !slices.ContainsFunc(r.reach, func(tree string) bool { return within(next, tree) }) {
				found = append(found, fmt.Sprintf("%s: room %s may not reach %s", way(from, next), r.dir, next))
			}
		}
	}
	return found
}

// way returns the path of imports to a package.
func way(from map[string]string, to string) string {
	path := to
	for at := from[to]; at != ""; at = from[at] {
		path = at + " -> " + path
	}
	return path
}

func TestRooms(t *testing.T) {
	for _, sin := range sins(packages(source(t))) {
		t.Error(sin)
	}
}

// Each kind of sin is found, with the way to it.
func TestSinsAreFound(t *testing.T) {
	ours := func(dirs ...string) uses {
		u := uses{}
		for _, d := range dirs {
			u[module+"/"+d] = "x.go:1"
		}
		return u
	}
	touch := func(names ...string) uses {
		u := uses{}
		for _, n := range names {
			u[n] = "x.go:1"
		}
		return u
	}
	for name, tc := range map[string]struct {
		reason string
		all    map[string]uses
		want   string // empty for no sin
	}{
		"NoRoom":         {"a package that no rule names", map[string]uses{"renderer/shiny": {}}, "renderer/shiny is in no room"},
		"Direct":         {"the plan reads no etcd", map[string]uses{"renderer/render/plan": ours("renderer/etcd"), "renderer/etcd": {}}, "renderer/render/plan -> renderer/etcd: room"},
		"Through":        {"nor does it through others", map[string]uses{"renderer/render/plan": ours("renderer/model/tree"), "renderer/model/tree": ours("renderer/git"), "renderer/git": {}}, "renderer/render/plan -> renderer/model/tree -> renderer/git: room"},
		"PluginWatches":  {"the plugin sees what it is sent", map[string]uses{"plugin": ours("renderer/etcd/watch"), "renderer/etcd/watch": {}}, "plugin -> renderer/etcd/watch"},
		"FormatKnowsRun": {"a format of records knows no loop", map[string]uses{"renderer/etcd/status": ours("renderer/run/loop"), "renderer/run/loop": {}}, "renderer/etcd/status -> renderer/run/loop"},
		"WingToWing":     {"outside systems meet in run", map[string]uses{"renderer/argocd": ours("renderer/git"), "renderer/git": {}}, "renderer/argocd -> renderer/git"},
		"Network":        {"a render has no network", map[string]uses{"renderer/render/overlay/stencil": touch("net/http")}, "may not touch the network"},
		"Process":        {"no process in a render", map[string]uses{"renderer/render/base": touch("os/exec")}, "may not touch the process"},
		"Disk":           {"no disk in a render", map[string]uses{"renderer/render/plan": touch("os")}, "may not touch the disk"},
		"Clock":          {"equal inputs, equal bytes", map[string]uses{"renderer/render/facts": touch("time.Now")}, "may not touch the clock"},
		"Environment":    {"equal inputs, equal bytes", map[string]uses{"renderer/run/loop": touch("os.Getenv")}, "may not touch the environment"},
		"Chance":         {"equal inputs, equal bytes", map[string]uses{"catalog": touch("math/rand/v2")}, "may not touch the chance"},
		"OthersClient":   {"etcd is one wing's", map[string]uses{"renderer/git": touch("go.etcd.io/etcd/client/v3")}, "may not touch the etcd"},
		"GoGit":          {"go-git is one wing's", map[string]uses{"renderer/run/loop": touch("github.com/go-git/go-git/v5")}, "may not touch the go-git"},
		"Kubernetes":     {"client-go is one wing's", map[string]uses{"renderer/run/replica": touch("k8s.io/client-go/rest")}, "may not touch the kubernetes"},
		"Cobra":          {"commands are cmd's", map[string]uses{"renderer/run/loop": touch("github.com/spf13/cobra")}, "may not touch the cobra"},
		"Unnamed":        {"a module that nobody weighed", map[string]uses{"renderer/model/tree": touch("example.org/left/pad")}, "which no medium names"},
		"CommandInWing":  {"arrows go down", map[string]uses{"renderer/run/loop": ours("cmd/internal/cli/exit"), "cmd/internal/cli/exit": {}}, "renderer/run/loop -> cmd/internal/cli/exit"},
		"Allowed":        {"what the rules allow", map[string]uses{"renderer/render/plan": ours("catalog"), "catalog": ours("renderer/model/tree"), "renderer/model/tree": touch("io/fs", "strings")}, ""},
		"NetURL":         {"addresses are text", map[string]uses{"environments": touch("net/url", "net/netip")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := sins(tc.all)
			if tc.want == "" && len(got) > 0 || tc.want != "" && !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, tc.want) }) {
				t.Errorf("sins() = %q, want %q: %s", got, tc.want, tc.reason)
			}
		})
	}
}

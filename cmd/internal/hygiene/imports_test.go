package hygiene_test

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// nouns and pure logic: values and functions of values.
var pure = []string{
	"catalog", "environments", "renderer", "renderer/authz", "renderer/base", "renderer/facts", "renderer/fault",
	"renderer/ident", "renderer/manifest", "renderer/plan", "renderer/strict", "renderer/tree", "plugin",
}

// media are packages that only adapters and commands may import.
var media = []string{
	"net/http", "os/exec", "go.etcd.io/", "github.com/go-git/", "k8s.io/client-go", "github.com/spf13/cobra",
	"gitlab.com/", "google.golang.org/grpc",
}

// layers from bottom to top; a package imports its own layer and those below.
var layers = [][]string{
	{"renderer/fault", "renderer/ident", "renderer/tree", "renderer/strict", "renderer/internal"},
	{"catalog", "environments", "renderer/manifest", "renderer/authz"},
	{"renderer/overlay", "renderer/base", "renderer/facts", "renderer/plan", "renderer/etcdstore", "renderer/gitrepo", "renderer/worktree", "renderer/leader", "renderer/watch", "renderer/argocd"},
	{"renderer", "plugin"},
	{"cmd"},
}

func within(dir, tree string) bool { return dir == tree || strings.HasPrefix(dir, tree+"/") }

// layerOf returns the layer of a directory: that of the longest entry it is in.
func layerOf(dir string) int {
	best, length := -1, -1
	for i, layer := range layers {
		for _, entry := range layer {
			if within(dir, entry) && len(entry) > length {
				best, length = i, len(entry)
			}
		}
	}
	return best
}

func TestArrowsGoDown(t *testing.T) {
	for _, f := range source(t) {
		if f.test {
			continue
		}
		own := layerOf(f.dir)
		if own < 0 {
			t.Errorf("%s is in no layer", f.path)
		}
		for _, path := range f.imports() {
			dir, ours := strings.CutPrefix(path, module+"/")
			if ours && layerOf(dir) > own {
				t.Errorf("%s imports %s, which is above it", f.path, path)
			}
		}
	}
}

func TestRendererAndPluginAreApart(t *testing.T) {
	for _, f := range source(t) {
		if f.test || !within(f.dir, "plugin") && !within(f.dir, "cmd/sluice-cmp") {
			continue
		}
		for _, path := range f.imports() {
			for _, no := range []string{"renderer/etcdstore", "renderer/gitrepo", "renderer/leader", "renderer/gitlab", "renderer/target", "renderer/pipeline"} {
				if within(strings.TrimPrefix(path, module+"/"), no) {
					t.Errorf("%s imports %s: the plugin sees only what it is sent", f.path, path)
				}
			}
		}
	}
}

func TestPureLogicKnowsNoMedium(t *testing.T) {
	for _, f := range source(t) {
		if f.test || !slices.Contains(pure, f.dir) {
			continue
		}
		for _, path := range f.imports() {
			for _, medium := range media {
				if strings.HasPrefix(path, medium) {
					t.Errorf("%s imports %s", f.path, path)
				}
			}
		}
	}
}

// Clock and environment are handed in, so that equal inputs give equal bytes.
func TestPureLogicReadsNoClockAndNoEnvironment(t *testing.T) {
	banned := map[string]string{"time.Now": "", "time.Since": "", "os.Getenv": "", "os.LookupEnv": "", "os.Environ": "", "rand.Int": ""}
	for _, f := range source(t) {
		if f.test || !slices.Contains(pure, f.dir) {
			continue
		}
		ast.Inspect(f.tree, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok {
					if _, no := banned[x.Name+"."+sel.Sel.Name]; no {
						t.Errorf("%s uses %s.%s", f.at(n.Pos()), x.Name, sel.Sel.Name)
					}
				}
			}
			return true
		})
	}
}

package charts

import (
	"bytes"
	"context"
	"fmt"
	"path"

	"sigs.k8s.io/kustomize/api/types"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay/hermetic"
)

// Chart is one release to render.
type Chart struct {
	Files              *tree.Dir // the unpacked chart
	Name               string
	Release, Namespace string
	// Values are YAML files in the order of helm's -f flags.
	Values      [][]byte
	APIVersions []string
	KubeVersion string
	// CRDs adds the chart's crds directory; SkipTests and NoHooks leave hooks out.
	CRDs, SkipTests, NoHooks bool
}

// Inflater renders a chart to what `helm template` prints.
type Inflater interface {
	Inflate(ctx context.Context, c Chart) ([]byte, error)
}

// Mentioned reports whether some file named like a kustomization speaks of
// charts at all; most trees do not, and need no Expand.
func Mentioned(dir *tree.Dir) bool {
	found := false
	_ = dir.Walk(func(_ string, data []byte) error { // the callback never fails
		found = found || bytes.Contains(bytes.ToLower(data), []byte("helmchart"))
		return nil
	})
	return found
}

// Expand returns dir with the charts of the build of root rendered.
func Expand(ctx context.Context, dir *tree.Dir, root string, in Inflater, limits hermetic.Limits) (*tree.Dir, error) {
	x := expander{ctx: ctx, dir: dir, inflater: in, limits: limits, seen: map[visit]bool{}, spaces: map[string]string{}, changed: map[string][]byte{}}
	if err := x.visit(root, "", 0); err != nil {
		return nil, err
	}
	if len(x.changed) == 0 {
		return dir, nil
	}
	files := dir.Files()
	for name, data := range x.changed {
		files[name] = data
	}
	return tree.FromFiles(files)
}

// expander follows one build.
type expander struct {
	ctx      context.Context // of the one call of Expand
	dir      *tree.Dir
	inflater Inflater
	limits   hermetic.Limits
	seen     map[visit]bool
	spaces   map[string]string // namespace in which a directory with charts was reached
	changed  map[string][]byte
}

// visit is a directory reached with a namespace to inherit.
type visit struct{ dir, namespace string }

const (
	maxDepth  = 100
	maxVisits = 5000
)

// visit expands a directory and those that it refers to. Malformed input is
// left to the checks that follow.
func (x *expander) visit(name, inherited string, depth int) error {
	at := visit{name, inherited}
	if x.seen[at] || depth > maxDepth || len(x.seen) > maxVisits {
		return nil
	}
	x.seen[at] = true
	e := tree.Entry{Dir: x.dir}
	if name != "." {
		e, _ = x.dir.Lookup(name)
	}
	file, k, err := hermetic.Kustomization(e.Dir, x.limits)
	if err != nil {
		return fmt.Errorf("checking %q: %w", path.Join(name, "kustomization.yaml"), err)
	}
	if k == nil {
		return nil
	}
	below := inherited
	if k.Namespace != "" {
		below = k.Namespace
	}
	for _, ref := range append(append([]string{}, k.Resources...), k.Components...) {
		if to, err := hermetic.Local(name, ref); err == nil {
			if err := x.visit(to, below, depth+1); err != nil {
				return err
			}
		}
	}
	if len(k.HelmCharts) == 0 {
		return nil
	}
	if err := x.charts(name, k, below); err != nil {
		return fmt.Errorf("inflating charts of %q: %w", path.Join(name, file), err)
	}
	data, err := sigsyaml.Marshal(k)
	x.changed[path.Join(name, file)] = data
	return err
}

// charts renders the charts of one kustomization and makes them its resources.
func (x *expander) charts(name string, k *types.Kustomization, namespace string) error {
	if before, ok := x.spaces[name]; ok && before != namespace {
		return fault.Hintf("give the chart a namespace", "the directory is reached in the namespaces %q and %q", before, namespace)
	}
	x.spaces[name] = namespace
	if err := supported(k); err != nil {
		return err
	}
	home := types.HelmDefaultHome
	if k.HelmGlobals != nil && k.HelmGlobals.ChartHome != "" {
		home = k.HelmGlobals.ChartHome
	}
	for i, c := range k.HelmCharts {
		if c.Namespace == "" {
			c.Namespace = namespace
		}
		out, err := x.chart(name, home, c)
		if err != nil {
			return fmt.Errorf("helmCharts[%d] %q: %w", i, c.Name, err)
		}
		file := fmt.Sprintf("sluice-chart-%d.yaml", i)
		if _, taken := x.dir.Lookup(path.Join(name, file)); taken {
			return fault.Hintf("rename it", "file %q stands where manifests are put", file)
		}
		x.changed[path.Join(name, file)] = out
		k.Resources = append(k.Resources, file)
	}
	k.HelmCharts, k.HelmGlobals = nil, nil
	return nil
}

// supported refuses kustomizations in which it would show that a chart's
// objects come from a file and before those of the generators.
func supported(k *types.Kustomization) error {
	const hint = "put the chart into a directory of its own"
	if len(k.BuildMetadata) > 0 {
		return fault.Hintf("remove it", "buildMetadata is not supported beside helmCharts")
	}
	generators := len(k.ConfigMapGenerator) + len(k.SecretGenerator)
	if k.SortOptions != nil && k.SortOptions.Order == types.FIFOSortOrder && generators > 0 {
		return fault.Hintf(hint, "sortOptions fifo is not supported beside helmCharts and generators")
	}
	for _, g := range k.ConfigMapGenerator {
		if g.Behavior != "" && g.Behavior != "create" {
			return fault.Hintf(hint, "configMapGenerator %q with behavior %q is not supported beside helmCharts", g.Name, g.Behavior)
		}
	}
	for _, g := range k.SecretGenerator {
		if g.Behavior != "" && g.Behavior != "create" {
			return fault.Hintf(hint, "secretGenerator %q with behavior %q is not supported beside helmCharts", g.Name, g.Behavior)
		}
	}
	return nil
}

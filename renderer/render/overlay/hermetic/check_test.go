package hermetic

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/render/overlay/overlaytest"
)

const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n"

// k returns a tree of one kustomization and a ConfigMap in cm.yaml.
func k(text string, more ...string) map[string]string {
	files := map[string]string{"kustomization.yaml": text, "cm.yaml": configMap}
	for i := 0; i < len(more); i += 2 {
		files[more[i]] = more[i+1]
	}
	return files
}

func plugin(kind, rest string) string {
	return "apiVersion: builtin\nkind: " + kind + "\nmetadata: {name: p}\n" + rest
}

func TestBuildRefuses(t *testing.T) {
	const url = "https://example.com/a.yaml"
	for name, c := range map[string]struct {
		files map[string]string
		want  string // a word of the message that names the culprit
	}{
		"RemoteResource":    {k("resources: [" + url + "]"), "resources[0]"},
		"GitOverSSH":        {k("resources: ['git@github.com:a/b']"), "resources[0]"},
		"GitHubShorthand":   {k("resources: [GitHub.com/a/b]"), "resources[0]"},
		"GitQuery":          {k("resources: ['b?ref=main']"), "resources[0]"},
		"GitDirectory":      {k("resources: [x/_git/y]"), "resources[0]"},
		"AzureBucket":       {k("resources: ['s3::https://b/c']"), "resources[0]"},
		"Absolute":          {k("resources: [/etc/passwd]"), "resources[0]"},
		"Escape":            {k("resources: [../x]"), "leaves the tree"},
		"Missing":           {k("resources: [nope.yaml]"), "nope.yaml"},
		"CaseInsensitive":   {k("Resources: [" + url + "]"), "resources[0]"},
		"Bases":             {k("bases: [" + url + "]"), "resources[0]"},
		"Components":        {k("components: [" + url + "]"), "components[0]"},
		"Configurations":    {k("configurations: [" + url + "]"), "configurations[0]"},
		"CRDs":              {k("crds: [" + url + "]"), "crds[0]"},
		"OpenAPI":           {k("openapi: {path: '" + url + "'}"), "openapi.path"},
		"PatchPath":         {k("patches: [{path: '" + url + "'}]"), "patches[0]"},
		"PatchJSON":         {k("patchesJson6902: [{path: '" + url + "'}]"), "patchesJson6902[0]"},
		"PatchMerge":        {k("patchesStrategicMerge: ['" + url + "']"), "patchesStrategicMerge[0]"},
		"Replacements":      {k("replacements: [{path: '" + url + "'}]"), "replacements"},
		"MapFiles":          {k("configMapGenerator: [{name: a, files: ['x=" + url + "']}]"), "configMapGenerator[0].a"},
		"MapEnvs":           {k("configMapGenerator: [{name: a, envs: ['" + url + "']}]"), "configMapGenerator[0].a"},
		"MapEnv":            {k("configMapGenerator: [{name: a, env: '" + url + "'}]"), "configMapGenerator[0].a"},
		"SecretFiles":       {k("secretGenerator: [{name: a, files: ['" + url + "']}]"), "secretGenerator[0].a"},
		"Helm":              {k("helmCharts: [{name: a}]"), "helmCharts"},
		"HelmOld":           {k("helmChartInflationGenerator: [{chartName: a}]"), "helmCharts"},
		"GeneratorURL":      {k("generators: ['" + url + "']"), "generators[0]"},
		"TransformerURL":    {k("transformers: ['" + url + "']"), "transformers[0]"},
		"ValidatorURL":      {k("validators: ['" + url + "']"), "validators[0]"},
		"InlineGitPrefix":   {k("transformers: [\"ssh://h/a/b\\nkind: x\"]"), "transformers[0]"},
		"ExecPlugin":        {k("transformers: [p.yaml]", "p.yaml", "apiVersion: x/v1\nkind: Exec\nmetadata: {name: p}\n"), "not built in"},
		"FunctionPlugin":    {k("transformers: [p.yaml]", "p.yaml", "apiVersion: x/v1\nkind: F\nmetadata: {name: p, annotations: {config.kubernetes.io/function: 'container: {image: x}'}}\n"), "not built in"},
		"HelmPlugin":        {k("generators: [p.yaml]", "p.yaml", plugin("HelmChartInflationGenerator", "")), "would start helm"},
		"PluginPath":        {k("transformers: [p.yaml]", "p.yaml", plugin("PatchTransformer", "path: "+url)), "path"},
		"PluginPathCase":    {k("transformers: [p.yaml]", "p.yaml", plugin("PatchTransformer", "pAth: "+url)), "pAth"},
		"PluginPathFold":    {k("transformers: [p.yaml]", "p.yaml", plugin("PatchStrategicMergeTransformer", "path\u017f: ["+url+"]")), "path\u017f"},
		"PluginPathMerged":  {k("transformers: [p.yaml]", "p.yaml", plugin("PatchTransformer", "x: &x {path: '"+url+"'}\n<<: *x\n")), "path"},
		"PluginFiles":       {k("generators: [p.yaml]", "p.yaml", plugin("ConfigMapGenerator", "files: [x="+url+"]")), "files"},
		"PluginEnvs":        {k("generators: [p.yaml]", "p.yaml", plugin("SecretGenerator", "envs: ["+url+"]")), "envs"},
		"PluginReplacement": {k("transformers: [p.yaml]", "p.yaml", plugin("ReplacementTransformer", "replacements: [{path: '"+url+"'}]")), "replacements"},
		"PluginInline":      {k("transformers: [\"apiVersion: builtin\\nkind: PatchTransformer\\nmetadata: {name: p}\\npath: " + url + "\"]"), "path"},
		"PluginInList":      {k("transformers: [p.yaml]", "p.yaml", "apiVersion: v1\nkind: List\nitems: [{apiVersion: builtin, kind: PatchTransformer, path: '"+url+"'}]"), "not built in"},
		"PluginInAliasList": {k("transformers: [p.yaml]", "p.yaml", "apiVersion: builtin\nx: &x List\nkind: *x\nitems: []\n"), "no plain kind"},
		"PluginKindList":    {k("transformers: [p.yaml]", "p.yaml", plugin("PatchTransformerList", "items: [{apiVersion: builtin, kind: PatchTransformer, path: '"+url+"'}]\n")), "may hide others"},
		"PluginDirPatched": {k("transformers: [d]", "d/kustomization.yaml", "resources: [p.yaml]\npatches: [{patch: '- {op: replace, path: /path, value: x}', target: {}}]\n",
			"d/p.yaml", plugin("PatchTransformer", "path: cm.yaml")), "patches"},
		"NestedRemote":    {k("resources: [d]", "d/kustomization.yaml", "resources: ["+url+"]"), "d/kustomization.yaml"},
		"Cycle":           {k("resources: [d]", "d/kustomization.yaml", "resources: [../e]", "e/kustomization.yaml", "resources: [../d]"), "refers back"},
		"Self":            {k("resources: [.]"), "refers back"},
		"ComponentCycle":  {k("components: [d]", "d/kustomization.yaml", "kind: Component\ncomponents: [../d]"), "refers back"},
		"FileAsComponent": {k("components: [cm.yaml]"), "is a file"},
		"DirAsPatch":      {k("patches: [{path: d}]", "d/a", ""), "is a directory"},
		"UnknownField":    {k("resourcez: []"), "resourcez"},
		"NoYAML":          {k("resources: [x.yaml]", "x.yaml", "a: [\n"), "x.yaml"},
		"AliasBomb":       {k("resources: [x.yaml]", "x.yaml", bomb(20)), "x.yaml"},
		"AliasBombTop":    {k(bomb(20)), "kustomization.yaml"},
		"AliasBombPatch":  {k("resources: [cm.yaml]\npatches:\n- patch: |-\n    " + strings.ReplaceAll(bomb(20), "\n", "\n    ")), "patches[0]"},
		"AliasSelf":       {k("resources: [x.yaml]", "x.yaml", "a: &a [*a]\n"), "own anchor"},
		"Deep":            {k("resources: [x.yaml]", "x.yaml", "a: "+strings.Repeat("[", 300)+strings.Repeat("]", 300)), "nested deeper"},
		"AliasDeep":       {k("resources: [x.yaml]", "x.yaml", deepAlias()), "nests deeper"},
		"BigFile":         {k("resources: [x.yaml]", "x.yaml", "a: "+strings.Repeat("x", 5<<20)), "bytes"},
		"ManyNodes":       {k("resources: [x.yaml]", "x.yaml", "a: ["+strings.Repeat("x,", 1<<19)+"]"), "nodes"},
		"Diamond":         {diamond(30), "more than"},
		"ComponentFan":    {components(30), "more than"},
		"FilesTwice":      {k("configMapGenerator: [{name: a, files: ["+strings.Repeat("x,", 4000)+"]}]", "x", strings.Repeat("y", 1<<20)), "input of more"},
		"CopyChain":       {k("resources: [cm.yaml]\npatches:\n- {target: {kind: ConfigMap}, patch: '[" + strings.Repeat(`{"op":"copy","from":"/data","path":"/data/x"},`, 40) + "]'}"), "grow the objects"},
		"JoinChain":       {k("resources: [cm.yaml]\nreplacements:\n" + strings.Repeat(join, 64)), "grow the objects"},
		"ManyObjects":     {k("resources: [x.yaml]", "x.yaml", strings.Repeat("---\n"+configMap, 1001)), "more than 1000 objects"},
		"ManyReferences":  {k("resources: [x.yaml]", "x.yaml", strings.Repeat("---\n"+configMap, 900)+"---\n"+configMap+"x: ["+strings.Repeat("x,", 30_000)+"]"), "objects times YAML nodes"},
		"WildcardCopies":  {k("resources: [x.yaml]\nreplacements: [{sourceValue: "+strings.Repeat("v", 100_000)+", targets: [{select: {kind: ConfigMap}, fieldPaths: ['data.*']}]}]", "x.yaml", configMap+"x: ["+strings.Repeat("x,", 2000)+"]"), "grow the objects"},
		"KindChangedBelow": {k("resources: [d]\nreplacements: [{sourceValue: "+strings.Repeat("v", 500_000)+", targets: [{select: {kind: Other}, fieldPaths: [data.a]}]}]",
			"d/kustomization.yaml", "resources: [x.yaml]\npatches: [{target: {kind: ConfigMap}, options: {allowKindChange: true}, patch: '[{op: replace, path: /kind, value: Other}]'}]",
			"d/x.yaml", strings.Repeat("---\n"+configMap, 300)), "grow the objects"},
		"LongPrefix": {k("resources: [x.yaml]\nnamePrefix: "+strings.Repeat("p", 1<<20), "x.yaml", strings.Repeat("---\n"+configMap, 900)), "grow the objects"},
		"Vars":       {k("resources: [x.yaml]\nvars: [{name: A, objref: {kind: ConfigMap, name: a, apiVersion: v1}}]", "x.yaml", configMap+"x: "+strings.Repeat("$(A)", 100_000)), "grow the objects"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Build(overlaytest.Must(c.files), ".", Limits{})
			switch {
			case err == nil || !strings.Contains(err.Error(), c.want):
				t.Errorf("Build = %v, want a refusal with %q", err, c.want)
			case strings.Contains(err.Error(), "\n"):
				t.Errorf("Build = %q, want one line", err)
			case fault.HintOf(err) == "" && name != "NoYAML":
				t.Errorf("Build = %v without a hint", err)
			}
		})
	}
}

// join doubles data.a: it is appended to itself.
const join = `- source: {kind: ConfigMap, name: a, fieldPath: data.a}
  targets: [{select: {kind: ConfigMap}, fieldPaths: [data.a], options: {delimiter: ",", index: 99999}}]
`

// bomb is a document whose aliases stand for 2^n strings.
func bomb(n int) string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x]\n")
	for i := 1; i < n; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [*a%d, *a%d]\n", i, i, i-1, i-1)
	}
	return b.String()
}

// deepAlias nests one level with each alias.
func deepAlias() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x]\n")
	for i := 1; i < 150; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [*a%d]\n", i, i, i-1)
	}
	return b.String()
}

// diamond is a chain of directories that each refer twice to the next.
func diamond(n int) map[string]string {
	files := k("resources: [d0/a, d0/b]")
	for i := range n {
		for _, side := range []string{"a", "b"} {
			files[fmt.Sprintf("d%d/%s/kustomization.yaml", i, side)] = fmt.Sprintf(
				"namePrefix: %s\nresources: [../../d%d/a, ../../d%d/b]", side, i+1, i+1)
		}
	}
	for _, side := range []string{"a", "b"} {
		files[fmt.Sprintf("d%d/%s/kustomization.yaml", n, side)] = "resources: [cm.yaml]"
		files[fmt.Sprintf("d%d/%s/cm.yaml", n, side)] = configMap
	}
	return files
}

func components(n int) map[string]string {
	files := k("components: [d0, d0]")
	files[fmt.Sprintf("d%d/kustomization.yaml", n)] = "kind: Component\nnamePrefix: x"
	for i := range n {
		files[fmt.Sprintf("d%d/kustomization.yaml", i)] = fmt.Sprintf("kind: Component\ncomponents: [../d%d, ../d%d]", i+1, i+1)
	}
	return files
}

func TestBuildAccepts(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"Plain":           k("resources: [cm.yaml]"),
		"NoKustomization": {"a.yaml": configMap},
		"TwoOfThem":       {"kustomization.yaml": "resources: [https://example.com/a.yaml]", "kustomization.yml": "resources: [https://example.com/a.yaml]"}, // kustomize reads neither
		"Anchors":         k("resources: [x.yaml]", "x.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: &m {name: a}\nx: *m\ny: {<<: *m}\n"),
		"InlinePatch":     k("resources: [cm.yaml]\npatchesStrategicMerge: [\"apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: a}\\n\"]"),
		"InlinePlugin":    k("transformers: [\"apiVersion: builtin\\nkind: PatchTransformer\\nmetadata: {name: p}\\npath: cm.yaml\"]"),
		"DirPlugin":       k("transformers: [d]", "d/kustomization.yaml", "resources: [p.yaml]", "d/p.yaml", plugin("PrefixTransformer", "prefix: x")),
		"Up":              k("resources: [d/e]", "d/e/kustomization.yaml", "resources: [../f]", "d/f/kustomization.yaml", "resources: [cm.yaml]", "d/f/cm.yaml", configMap),
		"OddName":         k("resources: ['a b+c@1~2.yaml']", "a b+c@1~2.yaml", configMap),
		"KeyedFile":       k("configMapGenerator: [{name: a, files: [x=cm.yaml], envs: [cm.yaml]}]"),
		"ImageWithURL":    k("resources: [cm.yaml]\nimages: [{name: example.com/a, newName: example.com:5000/b}]"),
	} {
		if err := Build(overlaytest.Must(files), ".", Limits{}); err != nil {
			t.Errorf("Build(%s) = %v, want no refusal", name, err)
		}
	}
	spec, values := overlaytest.Values(1)
	if err := Tree(overlaytest.Overlay(overlaytest.Product(), spec, values), Limits{}); err != nil {
		t.Errorf("Tree(rendered overlay) = %v", err)
	}
}

func BenchmarkBuild(b *testing.B) {
	spec, values := overlaytest.Values(1)
	d := overlaytest.Overlay(overlaytest.Product(), spec, values)
	for b.Loop() {
		if err := Build(d, ".", Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

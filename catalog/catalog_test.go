package catalog_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/google/go-cmp/cmp"
)

const (
	swg202 = `apiVersion: sluice.gatorcloud.io/v1
kind: Product
name: swg
version: "202"
description: Secure web gateway
parameters:
  properties:
    logLevel: {type: string, enum: [debug, info], default: info}
    workers: {type: integer, minimum: 1, maximum: 64, default: 4}
components:
- name: ca-init
- name: identity
  sharing: tenant
  version: "3"
- name: license
  sharing: environment
  version: "1"
- name: store
  source: helm
  dependsOn: [ca-init, identity]
- name: engine
  dependsOn: [store, license]
routes: routes
images:
- {name: registry.example.com/engine, newTag: "3.10"}
`
	identity3 = `apiVersion: sluice.gatorcloud.io/v1
kind: SharedComponent
name: identity
version: "3"
sharing: tenant
components:
- name: server
`
	license1 = `apiVersion: sluice.gatorcloud.io/v1
kind: SharedComponent
name: license
version: "1"
sharing: environment
components:
- name: server
`
	plainKustomization = "resources: [all.yaml]\n"
	configMap          = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
)

// files is a catalog as paths and texts; edit returns a changed copy.
type files map[string]string

func good() files {
	f := files{
		"README.md":                                          "for people\n",
		"products/swg/202/product.yaml":                      swg202,
		"products/swg/202/components/store/Chart.yaml":       "apiVersion: v2\nname: store\nversion: 1.0.0\n",
		"products/swg/202/components/store/templates/a.yaml": "{{ if .Values.x }}\n&notyaml: *x\n{{ end }}\n",
		"shared/identity/3/component.yaml":                   identity3,
		"shared/license/1/component.yaml":                    license1,
	}
	for _, dir := range []string{
		"products/swg/202/components/ca-init", "products/swg/202/components/engine", "products/swg/202/routes",
		"shared/identity/3/components/server", "shared/license/1/components/server",
	} {
		f[dir+"/kustomization.yaml"] = plainKustomization
		f[dir+"/all.yaml"] = configMap
	}
	return f
}

// fsys returns the files as a file system; a text that begins with "->" is a
// symbolic link, "|" is a pipe.
func (f files) fsys() fstest.MapFS {
	m := fstest.MapFS{}
	for name, text := range f {
		m[name] = &fstest.MapFile{Data: []byte(text)}
		if to, link := strings.CutPrefix(text, "->"); link {
			m[name] = &fstest.MapFile{Data: []byte(to), Mode: fs.ModeSymlink | 0o777}
		}
		if text == "|" {
			m[name] = &fstest.MapFile{Mode: fs.ModeNamedPipe}
		}
	}
	return m
}

// locked returns the files with a lock of all versions.
func (f files) locked(t *testing.T) files {
	t.Helper()
	c, err := catalog.LoadUnlocked(f.fsys())
	if err != nil {
		t.Fatalf("LoadUnlocked: %v", err)
	}
	out := maps.Clone(f)
	out[catalog.LockFile] = string(c.Lock().Add(c.Digests()).Encode())
	return out
}

func (f files) with(name, text string) files {
	out := maps.Clone(f)
	if text == "" {
		delete(out, name)
	} else {
		out[name] = text
	}
	return out
}

func names(buckets [][]catalog.Component) [][]string {
	var out [][]string
	for _, b := range buckets {
		var bucket []string
		for _, c := range b {
			bucket = append(bucket, c.Name.String())
		}
		out = append(out, bucket)
	}
	return out
}

func TestLoad(t *testing.T) {
	c, err := catalog.Load(good().locked(t).fsys())
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	swg := ident.Must[ident.ProductKind]("swg")
	if diff := cmp.Diff([]string{"swg"}, texts(c.Products())); diff != "" {
		t.Errorf("Products (-want +got):\n%s", diff)
	}
	v, err := c.Version(swg, ident.Must[ident.VersionKind]("202"))
	if err != nil {
		t.Fatalf("Version: %v", err)
	}
	if diff := cmp.Diff([][]string{{"ca-init"}, {"store"}, {"engine"}}, names(v.Buckets())); diff != "" {
		t.Errorf("Buckets (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([][]string{{"identity", "license"}}, names([][]catalog.Component{v.Requires()})); diff != "" {
		t.Errorf("Requires (-want +got):\n%s", diff)
	}
	later, err := catalog.LoadUnlocked(good().with("products/swg/202/product.yaml", strings.Replace(swg202, "- name: ca-init\n", "- name: ca-init\n- name: last\n  path: components/ca-init\n  priority: 1\n", 1)).fsys())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"ca-init"}, {"last", "store"}, {"engine"}}, names(later.Versions(swg)[0].Buckets())); diff != "" {
		t.Errorf("Buckets with a priority (-want +got):\n%s", diff)
	}
	if got, want := v.Components[0].Path, "components/ca-init"; got != want {
		t.Errorf("default path = %q, want %q", got, want)
	}
	if _, err := c.SharedVersion(ident.Must[ident.ComponentKind]("identity"), ident.Must[ident.VersionKind]("3")); err != nil {
		t.Errorf("SharedVersion: %v", err)
	}
}

func texts[K ident.Kind](all []ident.Name[K]) []string {
	var out []string
	for _, n := range all {
		out = append(out, n.String())
	}
	return out
}

// A catalog reads the same whatever the order of directory entries is, and
// from disk as from memory.
func TestLoadFromDisk(t *testing.T) {
	dir := t.TempDir()
	f := good().locked(t)
	if err := os.CopyFS(dir, f.fsys()); err != nil {
		t.Fatal(err)
	}
	fromDisk, err := catalog.Load(os.DirFS(dir))
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	fromMemory, err := catalog.Load(f.fsys())
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	if diff := cmp.Diff(fromMemory.Digests(), fromDisk.Digests()); diff != "" {
		t.Errorf("digests from memory and disk differ:\n%s", diff)
	}
}

// Each bad input is answered with what, where, the value and a hint, and costs
// the other versions nothing.
func TestLoadRefuses(t *testing.T) {
	const product = "products/swg/202/product.yaml"
	edit := func(old, replacement string) files {
		if !strings.Contains(swg202, old) {
			t.Fatalf("product.yaml has no %q", old)
		}
		return good().with(product, strings.Replace(swg202, old, replacement, 1))
	}
	ignores := func(entry string) files {
		return edit("- name: ca-init\n", "- name: ca-init\n  ignoreDifferences:\n  - "+entry+"\n")
	}
	kinds := func(list string) files { return good().with(product, swg202+"kinds: ["+list+"]\n") }
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
	kustomization := func(text string) files {
		return good().with("products/swg/202/components/engine/kustomization.yaml", text)
	}
	for name, tc := range map[string]refusal{
		"Cycle": {"the path of a cycle is printed", edit("- name: ca-init\n", "- name: ca-init\n  dependsOn: [engine]\n"),
			[]string{product, "ca-init -> engine -> store -> ca-init"}},
		"SelfCycle": {"a component cannot wait for itself", edit("- name: ca-init\n", "- name: ca-init\n  dependsOn: [ca-init]\n"),
			[]string{"ca-init -> ca-init"}},
		"UnknownDependency": {"a misspelt dependency gets the nearest name", edit("[store, license]", "[stroe]"),
			[]string{product, `"engine"`, `"stroe"`, `did you mean "store"?`}},
		"TwiceNamed":      {"components have one name each", edit("- name: ca-init\n", "- name: ca-init\n- name: ca-init\n"), []string{product, `"ca-init" is named twice`}},
		"BadName":         {"names pass the gate", edit("- name: ca-init\n", "- name: Ca_Init\n"), []string{product, "Ca_Init", "component name"}},
		"Retained":        {"a name that means something else", edit("- name: ca-init\n", "- name: retained\n- name: ca-init\n"), []string{`"retained"`}},
		"UnknownField":    {"misspelt fields are seen", edit("  dependsOn: [store", "  dependson: [store"), []string{product, "dependson"}},
		"DuplicateField":  {"the last would win", edit("routes: routes\n", "routes: routes\nroutes: routes\n"), []string{product, "routes"}},
		"NumberVersion":   {"202 is a number", edit(`version: "202"`, `version: 202`), []string{product, "version"}},
		"OtherVersion":    {"the folder is the version", edit(`version: "202"`, `version: "203"`), []string{`"203"`, `"202"`}},
		"OtherName":       {"the folder is the name", edit("name: swg\n", "name: dsa\n"), []string{`"dsa"`, `"swg"`}},
		"OtherKind":       {"a product is a Product", edit("kind: Product", "kind: SharedComponent"), []string{`"SharedComponent"`}},
		"OtherAPI":        {"the form has a version", edit("gatorcloud.io/v1", "gatorcloud.io/v2"), []string{"gatorcloud.io/v2"}},
		"NegativePrio":    {"priority may only push later", edit("- name: ca-init\n", "- name: ca-init\n  priority: -1\n"), []string{"priority -1"}},
		"LargePrio":       {"priority is bounded", edit("- name: ca-init\n", "- name: ca-init\n  priority: 101\n"), []string{"priority 101"}},
		"UnknownSource":   {"there are two sources", edit("source: helm", "source: jsonnet"), []string{`"jsonnet"`}},
		"UnknownSharing":  {"there are three sharings", edit("sharing: tenant", "sharing: world"), []string{`"world"`}},
		"UnknownData":     {"there are two fates", edit("source: helm", "source: helm\n  data: maybe"), []string{`"maybe"`}},
		"APIsWithout":     {"capabilities are for charts", edit("- name: ca-init\n", "- name: ca-init\n  apiVersions: [a.b/v1]\n"), []string{"apiVersions are for charts"}},
		"KubeWithout":     {"capabilities are for charts", edit("- name: ca-init\n", "- name: ca-init\n  kubeVersion: v1.34.0\n"), []string{"kubeVersion is for charts only"}},
		"BadKube":         {"helm would take it for something else", edit("- name: ca-init\n", "- name: ca-init\n  source: helm\n  kubeVersion: \">=1.34\"\n"), []string{`">=1.34" is no version of Kubernetes`}},
		"BadAPI":          {"a version has a group", edit("- name: ca-init\n", "- name: ca-init\n  source: helm\n  apiVersions: [ServiceMonitor]\n"), []string{`"ServiceMonitor" is no API version`}},
		"ValuesWithout":   {"values are for charts", edit("- name: ca-init\n", "- name: ca-init\n  values: {a: 1}\n"), []string{"values"}},
		"RefWithPath":     {"a reference has no files", edit(`version: "3"`, `version: "3"`+"\n  path: x"), []string{`"identity"`, "path"}},
		"RefWithoutVer":   {"a reference names a version", edit("  sharing: tenant\n  version: \"3\"\n", "  sharing: tenant\n"), []string{`"identity"`, "version"}},
		"OwnWithVersion":  {"own components have the product's version", edit("- name: ca-init\n", "- name: ca-init\n  version: \"1\"\n"), []string{`"ca-init"`}},
		"RefDependsOwn":   {"shared parts cannot wait for one product's", edit(`version: "3"`, `version: "3"`+"\n  dependsOn: [ca-init]"), []string{`"identity"`, `"ca-init"`, "fewer"}},
		"RefUnknown":      {"the shared component must be there", good().with(product, strings.ReplaceAll(swg202, "identity", "identitiy")), []string{"identitiy", `did you mean "identity"?`}},
		"RefVersion":      {"the shared version must be there", edit(`version: "3"`, `version: "4"`), []string{`no version "4"`, `published: "3"`}},
		"RefSharing":      {"both sides say the same", edit("sharing: tenant", "sharing: environment"), []string{`"environment"`, `"tenant"`}},
		"NoOwn":           {"an empty product renders nothing", good().with(product, "apiVersion: sluice.gatorcloud.io/v1\nkind: Product\nname: swg\nversion: \"202\"\ncomponents: []\n"), []string{"no component"}},
		"PathOut":         {"paths stay inside the version", edit("- name: ca-init\n", "- name: ca-init\n  path: ../../../products/swg/202\n"), []string{"../../../products", "leaves"}},
		"PathAbsolute":    {"paths are relative", edit("routes: routes", "routes: /etc"), []string{"/etc"}},
		"PathMissing":     {"paths exist", edit("routes: routes", "routes: raots"), []string{"raots"}},
		"NoKustomization": {"a component has a kustomization", good().with("products/swg/202/components/engine/kustomization.yaml", ""), []string{"engine", "kustomization"}},
		"NoChart":         {"a chart has a Chart.yaml", good().with("products/swg/202/components/store/Chart.yaml", ""), []string{"store", "Chart.yaml"}},
		"ImageLatest":     {"latest pins nothing", edit(`newTag: "3.10"`, "newTag: latest"), []string{"latest"}},
		"ImageUnpinned":   {"an image without tag is any image", edit(`, newTag: "3.10"`, ""), []string{"registry.example.com/engine"}},
		"ImageDigest":     {"half a digest is none", edit(`newTag: "3.10"`, "digest: sha256:00"), []string{"sha256:00"}},
		"ImageTwice":      {"one entry an image", edit("images:\n", "images:\n- {name: registry.example.com/engine, newTag: \"3\"}\n"), []string{"twice"}},
		"KindGroup":       {"Kubernetes' own kinds are known", kinds("{group: apps, kind: Thing}"), []string{`"Thing"`, `"apps"`}},
		"KindName":        {"a kind begins with a capital", kinds("{group: a.example.com, kind: engine}"), []string{`"engine"`}},
		"KindKnown":       {"sluice knows how it rests", kinds("{group: apps.kruise.io, kind: CloneSet}"), []string{`"CloneSet"`, "is known"}},
		"KindTwice":       {"which of the two counts?", kinds("{group: a.example.com, kind: Engine}, {group: a.example.com, kind: Engine}"), []string{`"Engine"`, "is known"}},
		"KindTemplate":    {"a path is below spec", kinds("{group: a.example.com, kind: Engine, template: status.pods}"), []string{`"Engine"`, `"status.pods"`}},
		"KindRuns":        {"what runs pods says how they stop", kinds("{group: a.example.com, kind: Engine, template: spec.pods}"), []string{`"Engine"`, "how they stop"}},
		"KindField":       {"a path is below spec", kinds(`{group: a.example.com, kind: Engine, suspend: {field: "spec.a[0]", value: 0}}`), []string{`"Engine"`, `"spec.a[0]"`}},
		"KindValue":       {"a value is plain", kinds("{group: a.example.com, kind: Engine, suspend: {field: spec.size, value: {min: 0}}}"), []string{`"Engine"`, "plain value"}},
		"KindNoValue":     {"nothing stops nothing", kinds("{group: a.example.com, kind: Engine, suspend: {field: spec.size}}"), []string{`"Engine"`, "plain value"}},
		"IgnoreNoName":    {"one object at a time", ignores(`{group: apps, kind: Deployment, jsonPointers: [/spec/a]}`), []string{`"ca-init"`, "no one object"}},
		"IgnorePattern":   {"Argo CD takes names as patterns", ignores(`{group: apps, kind: Deployment, name: "*", jsonPointers: [/spec/a]}`), []string{`"*"`, "no one object"}},
		"IgnoreNothing":   {"an entry without a field ignores all, or nothing", ignores(`{kind: Service, name: a}`), []string{`"a"`, "no field"}},
		"IgnoreEmpty":     {"an empty pointer is the whole object", ignores(`{kind: Service, name: a, jsonPointers: [""]}`), []string{`"" is no pointer`}},
		"IgnoreRoot":      {"so is a slash, to people", ignores(`{kind: Service, name: a, jsonPointers: [/]}`), []string{`"/" is no pointer`}},
		"IgnoreSpec":      {"a whole spec is no field", ignores(`{kind: Service, name: a, jsonPointers: [/spec]}`), []string{`"spec" is too wide`}},
		"IgnoreSpecJQ":    {"nor by an expression", ignores(`{kind: Service, name: a, jqPathExpressions: [.spec]}`), []string{`"spec" is too wide`}},
		"IgnoreEntry":     {"a whole entry is no field", ignores(`{kind: Role, name: a, jsonPointers: [/rules/0]}`), []string{`"rules.*" is too wide`}},
		"IgnoreEntries":   {"all of them are not", ignores(`{kind: Role, name: a, jqPathExpressions: ['.rules[]']}`), []string{`"rules.*" is too wide`}},
		"IgnoreSelected":  {"a selected entry is not", ignores(`{kind: Role, name: a, jqPathExpressions: ['.rules[] | select(.a == "b")']}`), []string{`"rules.*" is too wide`}},
		"IgnoreLabels":    {"all labels are too many", ignores(`{kind: Service, name: a, jsonPointers: [/metadata/labels]}`), []string{`"metadata.labels" is too wide`}},
		"IgnoreName":      {"an object has its name", ignores(`{kind: Service, name: a, jsonPointers: [/metadata/name]}`), []string{`"metadata.name" is too wide`}},
		"IgnoreMark":      {"marks are sluice's", ignores(`{kind: Service, name: a, jsonPointers: [/metadata/labels/gatorcloud.io~1version]}`), []string{"gatorcloud.io/version"}},
		"IgnoreMarkJQ":    {"marks are sluice's", ignores(`{kind: Service, name: a, jqPathExpressions: ['.metadata.annotations["argocd.argoproj.io/sync-wave"]']}`), []string{"argocd.argoproj.io/sync-wave"}},
		"IgnoreProgram":   {"programs are not seen through", ignores(`{kind: Service, name: a, jqPathExpressions: ['..']}`), []string{`".."`, "more than a path"}},
		"IgnoreUnion":     {"programs are not seen through", ignores(`{kind: Service, name: a, jqPathExpressions: ['.spec.a, .spec']}`), []string{"more than a path"}},
		"IgnoreHidden":    {"a text ends no selection", ignores(`{kind: Service, name: a, jqPathExpressions: ['.spec.a[] | select(.b == ")") | .c']}`), []string{"more than a path"}},
		"IgnoreArray":     {"an array is no path", ignores(`{kind: Service, name: a, jqPathExpressions: ['["spec"]']}`), []string{"more than a path"}},
		"IgnoreInRef":     {"a reference has no objects", edit(`version: "3"`, `version: "3"`+"\n  ignoreDifferences: [{kind: Service, name: a, jsonPointers: [/spec/a]}]"), []string{`"identity"`, "ignoreDifferences"}},
		"IgnoreInShared":  {"it has no Application of its own", good().with("shared/identity/3/component.yaml", identity3+"  ignoreDifferences: [{kind: Service, name: a, jsonPointers: [/spec/a]}]\n"), []string{"shared/identity/3", "products only"}},
		"MissingFile":     {"a version has a product.yaml", good().with("products/swg/203/README.md", "x"), []string{"products/swg/203", "product.yaml"}},
		"BadProduct":      {"folders pass the gate", good().with("products/SWG/1/product.yaml", swg202), []string{"SWG", "product name"}},
		"BadVersion":      {"folders pass the gate", good().with("products/swg/a..b/product.yaml", swg202), []string{"a..b"}},
		"LinkOut":         {"links leave the tree", good().with("products/swg/202/components/engine/secret.yaml", "->/etc/passwd"), []string{"components/engine/secret.yaml", "symbolic link"}},
		"LinkInside":      {"a link inside is a second name", good().with("products/swg/202/copy.yaml", "->product.yaml"), []string{"copy.yaml", "symbolic link"}},
		"LinkVersion":     {"a version is no link", good().with("products/swg/203", "->202"), []string{"products/swg/203", "symbolic link"}},
		"LinkProducts":    {"the catalog is no link", files{"products": "->/etc"}, []string{"products", "symbolic link"}},
		"Device":          {"only files and folders", good().with("products/swg/202/pipe", "|"), []string{"pipe"}},
		"DeviceName":      {"a checkout on Windows", good().with("products/swg/202/Com1.yaml", "x: 1\n"), []string{`"Com1.yaml"`, "device"}},
		"FileName":        {"names are plain", good().with("products/swg/202/a b.yaml", "x: 1\n"), []string{`"a b.yaml"`}},
		"HiddenFile":      {"nothing hides", good().with("products/swg/202/.env", "x"), []string{`".env"`}},
		"LargeFile":       {"files are bounded", good().with("products/swg/202/big.bin", strings.Repeat("x", 1<<20+1)), []string{"big.bin", "1048576"}},
		"LargeVersion":    {"versions are bounded", manyFiles(9, 1<<20), []string{"8388608"}},
		"ManyFiles":       {"files are counted", manyFiles(2001, 1), []string{"2000 files"}},
		"Deep":            {"depth is bounded", good().with("products/swg/202/"+strings.Repeat("d/", 20)+"x", "x"), []string{"deeper than 16"}},
		"Archive":         {"archives hide what they hold", good().with("products/swg/202/components/store/charts/x-1.0.tgz", "x"), []string{"x-1.0.tgz", "archive"}},
		"ArchiveZip":      {"archives hide what they hold", good().with("products/swg/202/x.zip", "x"), []string{"x.zip", "archive"}},
		"ArchiveTar":      {"archives hide what they hold", good().with("products/swg/202/x.tar", "x"), []string{"x.tar", "archive"}},
		"ArchiveGzip":     {"archives hide what they hold, however it is spelt", good().with("products/swg/202/x.GZ", "x"), []string{"x.GZ", "archive"}},
		"BombInTemplates": {"only a chart has templates that are no YAML", good().with("products/swg/202/components/engine/templates/x.yaml", bomb), []string{"engine/templates/x.yaml", "anchors"}},
		"Remote":          {"nothing is fetched", kustomization("resources: [https://example.com/x.yaml]\n"), []string{"components/engine/kustomization.yaml", "https://example.com/x.yaml"}},
		"RemoteGit":       {"nothing is cloned", kustomization("resources: ['git@example.com:a/b.git?ref=main']\n"), []string{"git@example.com"}},
		"RemoteGitHub":    {"no shorthand of a host", kustomization("resources: ['github.com/a/b//c?ref=v1']\n"), []string{"github.com/a/b"}},
		"RemoteComponent": {"components are references too", kustomization("components: [https://example.com/x]\n"), []string{"components", "https://example.com/x"}},
		"RemotePatch":     {"patches are references too", kustomization("patches: [{path: 'https://example.com/p.yaml'}]\n"), []string{"patches", "https://example.com/p.yaml"}},
		"RemoteReplace":   {"replacements are references too", kustomization("replacements: [{path: 'https://example.com/r.yaml'}]\n"), []string{"replacements", "https://example.com/r.yaml"}},
		"AbsoluteRef":     {"a path begins where it is written", kustomization("resources: [/all.yaml]\n"), []string{"resources", `"/all.yaml"`}},
		"OutsideRef":      {"references stay inside", kustomization("resources: [../../../../../etc/passwd]\n"), []string{"etc/passwd"}},
		"GeneratorFile":   {"generators read files too", kustomization("configMapGenerator: [{name: a, files: [x=../../../../x]}]\n"), []string{"configMapGenerator", "../../../../x"}},
		"GeneratorEnv":    {"generators read files too", kustomization("secretGenerator: [{name: a, envs: [/etc/passwd]}]\n"), []string{"secretGenerator", "/etc/passwd"}},
		"ManagedBy":       {"another program would write another label", kustomization("buildMetadata: [originAnnotations, managedByLabel]\n"), []string{"managedByLabel names the program"}},
		"TemplateRoutes":  {"a template is not checked", edit("routes: routes", "routes: components/store/templates/r").with("products/swg/202/components/store/templates/r/kustomization.yaml", "openapi: {path: x}\n"), []string{"routes", "templates of a chart"}},
		"OldHelmCharts":   {"kustomize would run helm", kustomization("helmChartInflationGenerator: [{chartName: x}]\n"), []string{"helmChartInflationGenerator"}},
		"OpenAPI":         {"it leaks into other builds", kustomization("openapi: {path: schema.json}\n"), []string{"openapi"}},
		"Transformers":    {"transformers run code", kustomization("transformers: [x.yaml]\n"), []string{"transformers"}},
		"Namespace":       {"the overlay sets it", kustomization("namespace: kube-system\nresources: [all.yaml]\n"), []string{"namespace"}},
		"TextResource":    {"what is parsed is checked", kustomization("resources: [all.txt]\n").with("products/swg/202/components/engine/all.txt", bomb), []string{"all.txt"}},
		"Bomb":            {"aliases are never expanded", good().with(product, bomb), []string{product, "anchors"}},
		"BombInManifest":  {"in manifests they are bounded", good().with("products/swg/202/components/engine/all.yaml", bomb), []string{"components/engine/all.yaml", "anchors"}},
		"BombInValues":    {"nor in a chart's values", good().with("products/swg/202/components/store/values.yaml", bomb), []string{"components/store/values.yaml", "anchors"}},
		"RefDependsRef":   {"the order of shared parts is not a product's to say", edit("version: \"3\"", "version: \"3\"\n  dependsOn: [license]"), []string{`"identity"`, "depends on nothing"}},
		"Tag":             {"a tag changes a type unseen", good().with(product, swg202+"x: !!binary aGk=\n"), []string{product, "!!binary"}},
		"DeepValues":      {"depth is bounded", good().with(product, swg202+"x: "+strings.Repeat("[", 70)+strings.Repeat("]", 70)+"\n"), []string{product, "deeper"}},
		"TwoDocuments":    {"only the first would be read", edit("routes: routes\n", "routes: routes\n---\na: 1\n"), []string{"document"}},
		"EmptyCatalog":    {"an empty catalog is a mistake", files{"README.md": "x"}, []string{"no version"}},
		"SharedSharing":   {"a shared component serves somebody", good().with("shared/identity/3/component.yaml", strings.Replace(identity3, "sharing: tenant\n", "", 1)), []string{"shared/identity/3", "sharing"}},
		"SharedFewer": {"all tenants cannot wait for one", good().with("shared/license/1/component.yaml", license1+"- {name: identity, sharing: tenant, version: \"3\"}\n"),
			[]string{"shared/license/1", "serves fewer"}},
		"SharedCycle": {"shared components cannot wait for each other", good().
			with("shared/identity/3/component.yaml", identity3+"- {name: keys, sharing: tenant, version: \"1\"}\n").
			with("shared/keys/1/component.yaml", strings.ReplaceAll(strings.Replace(identity3, "identity", "keys", 1), `"3"`, `"1"`)+"- {name: identity, sharing: tenant, version: \"3\"}\n").
			with("shared/keys/1/components/server/kustomization.yaml", plainKustomization).
			with("shared/keys/1/components/server/all.yaml", configMap), []string{"identity -> keys -> identity"}},
		"SharingChanges": {"versions of a shared component serve the same", good().
			with("shared/license/2/component.yaml", strings.NewReplacer("environment", "tenant", `"1"`, `"2"`).Replace(license1)).
			with("shared/license/2/components/server/kustomization.yaml", plainKustomization).
			with("shared/license/2/components/server/all.yaml", configMap), []string{"shared/license/2", `"tenant"`, `"environment"`}},
	} {
		t.Run(name, func(t *testing.T) {
			tc.check(t)
		})
	}
}

// refusal is what some fault of files says, all in one.
type refusal struct {
	reason string
	files  files
	want   []string
}

func (tc refusal) check(t *testing.T) {
	t.Helper()
	_, err := catalog.LoadUnlocked(tc.files.fsys())
	faults := catalog.Faults(err)
	if len(faults) == 0 {
		t.Fatalf("%s: LoadUnlocked = no fault", tc.reason)
	}
	matched := slices.ContainsFunc(faults, func(f error) bool {
		text := f.Error() + " / " + fault.HintOf(f)
		return !slices.ContainsFunc(tc.want, func(w string) bool { return !strings.Contains(text, w) })
	})
	if !matched {
		t.Errorf("%s: LoadUnlocked = %q, want one that names %q", tc.reason, faults, tc.want)
	}
	for _, f := range faults {
		if strings.Contains(f.Error(), "\n") || fault.HintOf(f) == "" {
			t.Errorf("fault %q with hint %q, want one line and a hint", f, fault.HintOf(f))
		}
	}
}

func manyFiles(n, size int) files {
	f := good()
	for i := range n {
		f["products/swg/202/files/"+strconv.Itoa(i)] = strings.Repeat("x", size)
	}
	return f
}

// What people usually write is no fault.
func TestLoadAccepts(t *testing.T) {
	const dir = "products/swg/202/components/engine/"
	for name, tc := range map[string]struct {
		reason string
		files  files
	}{
		"Generator": {"generators of local files", good().with(dir+"kustomization.yaml",
			"resources: [all.yaml, ../ca-init]\nconfigMapGenerator: [{name: a, files: [app.conf, key=app.conf], envs: [app.env], literals: [a=b]}]\n").
			with(dir+"app.conf", "x").with(dir+"app.env", "A=b\n")},
		"Patches":   {"patches inline and from files", good().with(dir+"kustomization.yaml", "resources: [all.yaml]\npatches: [{path: p.yaml}, {patch: '[]', target: {kind: A}}]\n").with(dir+"p.yaml", "a: 1\n")},
		"Component": {"kustomize's own components", good().with(dir+"kustomization.yaml", "resources: [all.yaml]\ncomponents: [mixin]\n").with(dir+"mixin/kustomization.yaml", "kind: Component\n")},
		"Digest":    {"a digest pins too", good().with("products/swg/202/product.yaml", strings.Replace(swg202, `newTag: "3.10"`, "digest: "+someDigest, 1))},
		"Charts": {"a vendored chart, whose templates are no YAML", good().with(dir+"kustomization.yaml", "helmGlobals: {chartHome: ../engine/vendor}\nhelmCharts: [{name: web, version: 1.0.0, releaseName: r, valuesFile: ./v.yaml, additionalValuesFiles: [app.yaml], includeCRDs: false}]\n").
			with(dir+"v.yaml", "a: 1\n").with(dir+"app.yaml", "a: 2\n").
			with(dir+"vendor/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n").with(dir+"vendor/web/templates/a.yaml", "{{ x }}\n&notyaml: *x\n")},
		"Helmignore": {"a chart may keep it", good().with("products/swg/202/components/store/.helmignore", "*.bak\n")},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := catalog.LoadUnlocked(tc.files.fsys()); err != nil {
				t.Errorf("%s: LoadUnlocked = %v", tc.reason, err)
			}
		})
	}
}

// Every fault of every version is reported in one run, and the good versions
// are there all the same.
func TestLoadReportsEverything(t *testing.T) {
	f := good().
		with("products/swg/203/product.yaml", strings.NewReplacer(`"202"`, `"203"`, "kind: Product", "kind: Prodct", "[store, license]", "[none, nowhere]").Replace(swg202)).
		with("products/dsa/1/product.yaml", "kind: [").
		with("shared/identity/4/component.yaml", "")
	f["shared/identity/4/component.yaml"] = "x: 1\n"
	c, err := catalog.LoadUnlocked(f.fsys())
	for _, want := range []string{"Prodct", `"none"`, `"nowhere"`, "components/store", "products/dsa/1", "shared/identity/4"} {
		if !slices.ContainsFunc(catalog.Faults(err), func(f error) bool { return strings.Contains(f.Error(), want) }) {
			t.Errorf("LoadUnlocked = %v, want a fault that names %q", err, want)
		}
	}
	if _, err := c.Version(ident.Must[ident.ProductKind]("swg"), ident.Must[ident.VersionKind]("202")); err != nil {
		t.Errorf("Version(swg, 202) = %v beside faulty versions", err)
	}
	if _, err := c.Version(ident.Must[ident.ProductKind]("swg"), ident.Must[ident.VersionKind]("203")); err == nil || !strings.Contains(err.Error(), "has faults") {
		t.Errorf("Version(swg, 203) = %v, want one that says it has faults", err)
	}
}

// A version whose shared component is faulty cannot be deployed, and says why.
func TestFaultySharedComponentTakesItsDependents(t *testing.T) {
	c, err := catalog.LoadUnlocked(good().with("shared/license/1/component.yaml", "x: 1\n").fsys())
	if len(c.All()) != 1 {
		t.Errorf("All = %d versions, want identity only", len(c.All()))
	}
	if !strings.Contains(err.Error(), "refers to shared/license/1, which has faults") {
		t.Errorf("LoadUnlocked = %v, want one that blames the shared component", err)
	}

	// A long way up, too: from a, which is not in the lock, to swg.
	f := good().with("products/swg/202/product.yaml", strings.Replace(swg202, "- name: license\n", "- {name: g, sharing: environment, version: \"1\"}\n- name: license\n", 1))
	for i, name := range "abcdefg" {
		text := strings.Replace(license1, "license", string(name), 1)
		if i > 0 {
			text += fmt.Sprintf("- {name: %c, sharing: environment, version: \"1\"}\n", name-1)
		}
		f[fmt.Sprintf("shared/%c/1/component.yaml", name)] = text
		f[fmt.Sprintf("shared/%c/1/components/server/kustomization.yaml", name)] = "resources: []\n"
	}
	f = f.locked(t)
	lines := strings.SplitAfter(f[catalog.LockFile], "\n")
	f[catalog.LockFile] = strings.Join(slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, "shared/a/1 ") }), "")
	c, err = catalog.Load(f.fsys())
	if len(catalog.Faults(err)) != 1 || len(c.All()) != 2 {
		t.Errorf("Load = %v with %d versions, want one fault, and identity and license only", err, len(c.All()))
	}
}

func TestVersionNamesWhatThereIs(t *testing.T) {
	c, err := catalog.LoadUnlocked(good().fsys())
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ product, version, want, hint string }{
		"Version": {"swg", "203", `no version "203"`, `"202"`},
		"Product": {"swgg", "202", `"swgg"`, `did you mean "swg"?`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.Version(ident.Must[ident.ProductKind](tc.product), ident.Must[ident.VersionKind](tc.version))
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(fault.HintOf(err), tc.hint) {
				t.Errorf("Version(%s, %s) = %v (hint %q), want %s (hint %s)", tc.product, tc.version, err, fault.HintOf(err), tc.want, tc.hint)
			}
		})
	}
}

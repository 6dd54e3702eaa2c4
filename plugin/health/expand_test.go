package health_test

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/plugin/health"
)

// folder returns files with two fragments, an and bee, and the given ones.
func folder(files map[string]string) fstest.MapFS {
	tree := fstest.MapFS{"fragments/an.lua": {Data: []byte("-- a\nlocal a = 1\n")}, "fragments/bee.lua": {Data: []byte("local b = a\n")}}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return tree
}

func TestScript(t *testing.T) {
	const an, bee = "-- begin an\nlocal a = 1\n-- end an\n", "-- begin bee\nlocal b = a\n-- end bee\n"
	for name, tc := range map[string]struct {
		reason string
		source string
		want   string
	}{
		"Nothing":  {"a source without instructions is a script", "-- why\n--\nreturn {}\n", "-- why\n--\nreturn {}\n"},
		"InOrder":  {"a fragment may use those before it", "x()\n--fragments an bee\ny()\n", "x()\n" + an + bee + "y()\n"},
		"Anywhere": {"the last line may lack its end", "--fragments bee", bee},
		"Inside":   {"an instruction begins its line", "x() --fragments an\n", "x() --fragments an\n"},
		"Prose":    {"a comment has a blank after its dashes", "-- fragments an\n", "-- fragments an\n"},
		"Comments": {"the sources say why, the head what it is", "-- what\n--\nx()\n  -- why\n\n-- why\ny() -- z\n", "-- what\n--\nx()\n\ny() -- z\n"},
		"Kind":     {"kinds of one source differ in their name", "--kinds A B\n-- an <Kind>\nreturn \"<Kind>\"\n", "-- an B\nreturn \"B\"\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := health.Script(folder(map[string]string{"g/health.lua": tc.source}), "g/health.lua", "B")
			if diff := cmp.Diff(tc.want, got); diff != "" || err != nil {
				t.Errorf("Script(%q) = %v, (-want +got): %s\n%s", tc.source, err, tc.reason, diff)
			}
		})
	}
}

// A check has an entry for its folder's kind, or for each that it lists.
func TestCustomizeKinds(t *testing.T) {
	got, err := health.Customize(folder(map[string]string{
		"Core/health.lua":      "core()\n",
		"group/health.lua":     "--kinds One Two\n--fragments an\n-- <Kind>\n",
		"group/Own/health.lua": "own()\n",
	}))
	want := map[string]string{
		"resource.customizations.health.Core":      "core()\n",
		"resource.customizations.health.group_One": "-- begin an\nlocal a = 1\n-- end an\n-- One\n",
		"resource.customizations.health.group_Two": "-- begin an\nlocal a = 1\n-- end an\n-- Two\n",
		"resource.customizations.health.group_Own": "own()\n",
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("Customize = %v, (-want +got):\n%s", err, diff)
	}
}

// A slip of the pen is no comment, and nothing is handed out with it.
func TestCustomizeRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		files map[string]string
		want  string
	}{
		"NoSuchFragment":    {map[string]string{"g/K/health.lua": "--fragments an cee\n"}, `g/K/health.lua: no fragment "cee"`},
		"OutsideTheFolder":  {map[string]string{"g/K/health.lua": "--fragments ../fragments/an\n"}, `g/K/health.lua: no fragment "../fragments/an"`},
		"NoSuchInstruction": {map[string]string{"g/K/health.lua": "--fragment an\n"}, `g/K/health.lua: no instruction "--fragment"`},
		"InAnAction": {map[string]string{"g/K/actions/discovery.lua": "return {}\n", "g/K/actions/go/action.lua": "--fragments cee\n"},
			`g/K/actions/go/action.lua: no fragment "cee"`},
		"Twice": {map[string]string{"g/health.lua": "--kinds K L\n", "g/K/health.lua": "own()\n"}, `g/health.lua: g/K has another check`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := health.Customize(folder(tc.files))
			if got != nil || err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Customize(%q) = %v, %v, want an error that contains %s", tc.files, got, err, tc.want)
			}
		})
	}
}

// scriptFiles returns the paths of the scripts' sources, without the fragments.
func scriptFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".lua" && filepath.Dir(path) != "fragments" {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// fragmentFiles returns the paths of the fragments.
func fragmentFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("fragments/*")
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// What only one source uses stands there.
func TestFragmentsAreShared(t *testing.T) {
	users := map[string]int{}
	for _, file := range scriptFiles(t) {
		for line := range strings.Lines(read(t, file)) {
			if names, ok := strings.CutPrefix(line, "--fragments "); ok {
				for name := range strings.FieldsSeq(names) {
					users["fragments/"+name+".lua"]++
				}
			}
		}
	}
	for _, file := range fragmentFiles(t) {
		if users[file] < 2 {
			t.Errorf("%s is named by %d sources, want at least two", file, users[file])
		}
	}
}

// Scripts and fragments survive the way into a YAML block scalar and back.
func TestScriptsAreTidy(t *testing.T) {
	for _, file := range append(scriptFiles(t), fragmentFiles(t)...) {
		text := read(t, file)
		for i, line := range strings.Split(text, "\n") {
			if strings.TrimRight(line, " \t\r") != line || strings.Contains(line, "\t") {
				t.Errorf("%s:%d: tab or blank at the end: %q", file, i+1, line)
			}
			if len(line) > 140 {
				t.Errorf("%s:%d: longer than 140 bytes", file, i+1)
			}
		}
		if !strings.HasSuffix(text, "\n") || strings.HasSuffix(text, "\n\n") {
			t.Errorf("%s: want exactly one newline at the end", file)
		}
	}
}

package health_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "copy the fragments into the scripts")

// block finds a place for a fragment: the line "-- fragment x" or an earlier copy.
var block = regexp.MustCompile(`(?ms)^-- fragment (\w+)$|^-- begin (\w+)$.*?^-- end \w+$`)

// scriptFiles returns the paths of the Lua scripts, without the fragments.
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

// A shared block is the same text everywhere: a mistake that is mended in one
// script is mended in all.
func TestFragmentsEqual(t *testing.T) {
	for _, file := range scriptFiles(t) {
		old, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := block.ReplaceAllStringFunc(string(old), func(found string) string {
			name := strings.Fields(found)[2]
			text, err := os.ReadFile(filepath.Join("fragments", name+".lua"))
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			return strings.TrimSuffix(string(text), "\n")
		})
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(want, string(old)); diff != "" {
			t.Errorf("%s is not up to date (-fragments +file); run with -update:\n%s", file, diff)
		}
	}
}

// The scripts survive the way into a YAML block scalar and back.
func TestScriptsAreTidy(t *testing.T) {
	for _, file := range scriptFiles(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if strings.TrimRight(line, " \t\r") != line || strings.Contains(line, "\t") {
				t.Errorf("%s:%d: tab or blank at the end: %q", file, i+1, line)
			}
			if len(line) > 140 {
				t.Errorf("%s:%d: longer than 140 bytes", file, i+1)
			}
		}
		if !strings.HasSuffix(string(text), "\n") || strings.HasSuffix(string(text), "\n\n") {
			t.Errorf("%s: want exactly one newline at the end", file)
		}
	}
}

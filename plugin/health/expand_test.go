package health_test

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/plugin/health"
)

func TestExpand(t *testing.T) {
	block := func(name string) string {
		return "-- begin " + name + "\n" + read(t, "fragments/"+name+".lua") + "-- end " + name + "\n"
	}
	for name, tc := range map[string]struct {
		reason string
		source string
		want   string
	}{
		"Nothing":  {"a source without instructions is a script", "-- why\n--\nreturn {}\n", "-- why\n--\nreturn {}\n"},
		"InOrder":  {"a fragment may use those before it", "a()\n--fragments values clock\nb()\n", "a()\n" + block("values") + block("clock") + "b()\n"},
		"Anywhere": {"the last line may lack its end", "--fragments versions", block("versions")},
		"Inside":   {"an instruction begins its line", "x() --fragments values\n", "x() --fragments values\n"},
		"Prose":    {"a comment has a blank after its dashes", "-- fragments values\n", "-- fragments values\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := health.Expand(tc.source)
			if diff := cmp.Diff(tc.want, got); diff != "" || err != nil {
				t.Errorf("Expand(%q) = %v, (-want +got): %s\n%s", tc.source, err, tc.reason, diff)
			}
		})
	}
}

// A slip of the pen in an instruction is no comment.
func TestExpandRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		source string
		want   string
	}{
		"NoSuchFragment":    {"--fragments values clok\n", `no fragment "clok" in plugin/health/fragments`},
		"OutsideTheFolder":  {"--fragments ../fragments/clock\n", `no fragment "../fragments/clock" in plugin/health/fragments`},
		"NoSuchInstruction": {"--fragment values\n", `no instruction "--fragment"; a comment has a blank after its dashes`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := health.Expand(tc.source)
			if got != "" || err == nil || err.Error() != tc.want {
				t.Errorf("Expand(%q) = %q, %v, want the error %q", tc.source, got, err, tc.want)
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

// Scripts and fragments survive the way into a YAML block scalar and back.
func TestScriptsAreTidy(t *testing.T) {
	fragments, err := filepath.Glob("fragments/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(scriptFiles(t), fragments...) {
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

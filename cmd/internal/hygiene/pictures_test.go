package hygiene_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the pages say of pictures anew")

const pictures = "cmd/lab/e2e/pictures/"

// A row of the page of pictures, linked or not.
var picture = regexp.MustCompile(`(?m)^\| \[?(\w+)(?:\]\(\w+\.svg\))? \| `)

// The page of pictures links each one that is there, and is the only one that
// does. A picture is small enough for a page.
func TestPictures(t *testing.T) {
	const most = 300 << 10
	found, err := filepath.Glob(filepath.Join(root, pictures, "*.svg"))
	if err != nil || len(found) == 0 {
		t.Fatalf("there are no pictures (%v)", err)
	}
	there := map[string]bool{}
	for _, name := range found {
		there[strings.TrimSuffix(filepath.Base(name), ".svg")] = true
		if info, err := os.Stat(name); err != nil || info.Size() > most {
			t.Errorf("%s has more than %d bytes (%v)", name, most, err)
		}
	}
	page := read(t, pictures+"README.md")
	linked := picture.ReplaceAllStringFunc(page, func(row string) string {
		name := picture.FindStringSubmatch(row)[1]
		if !there[name] {
			return "| " + name + " | "
		}
		delete(there, name)
		return fmt.Sprintf("| [%[1]s](%[1]s.svg) | ", name)
	})
	for name := range there {
		t.Errorf("%s.svg has no row in %sREADME.md", name, pictures)
	}
	asWritten(t, pictures+"README.md", page, linked)
	for _, p := range pages(t) {
		if strings.Contains(p.text, "pictures/") && strings.Contains(p.text, ".svg)") {
			t.Errorf("%s links pictures: their own page does", p.path)
		}
	}
}

// Below its mark, README shows what `sluice rollout watch` told of a bump when
// the pictures were drawn.
func TestWatchedRollout(t *testing.T) {
	const mark = "<!-- the scenario bump, watched -->\n"
	page := read(t, "README.md")
	before, after, found := strings.Cut(page, mark)
	if !found {
		t.Fatalf("README.md has no %q", mark)
	}
	told, err := os.ReadFile(filepath.Join(root, pictures, "watch.txt"))
	if os.IsNotExist(err) {
		t.Skip("no run has told of it yet")
	}
	if err != nil {
		t.Fatal(err)
	}
	if block := fence.FindStringIndex(after); block != nil && block[0] == 0 {
		after = after[block[1]+1:]
	}
	asWritten(t, "README.md", page, before+mark+"```text\n$ sluice rollout watch web --env bump\n"+string(told)+"```\n"+after)
}

// asWritten demands that a page is as it is made from what is there, and makes
// it so on -update.
func asWritten(t *testing.T, name, is, want string) {
	t.Helper()
	if is == want {
		return
	}
	if !*update {
		t.Errorf("%s is not what is there; -update writes it anew", name)
		return
	}
	if err := os.WriteFile(filepath.Join(root, name), []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

package hygiene_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// page is one Markdown file of the project.
type page struct{ path, text string }

// pages returns every page that people read.
func pages(t *testing.T) []page {
	t.Helper()
	var all []page
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, name)
		if d.IsDir() {
			hidden := strings.HasPrefix(d.Name(), ".") && rel != "." && rel != ".gitlab"
			if hidden || slices.Contains([]string{"testdata", "bin", "dist", "sluice-demo"}, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(name, ".md") {
			all = append(all, page{filepath.ToSlash(rel), read(t, filepath.ToSlash(rel))})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 8 {
		t.Fatalf("found %d pages, want all", len(all))
	}
	return all
}

// read returns a file of the project.
func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var (
	fence = regexp.MustCompile("(?ms)^```.*?^```$")
	span  = regexp.MustCompile("`([^`\n]+)`")
	link  = regexp.MustCompile(`\]\(([^)\s]+)\)`)
)

// prose returns a page without its blocks.
func (p page) prose() string { return fence.ReplaceAllString(p.text, "") }

// anchors returns what a link may name after "#": the page's headings.
func (p page) anchors() []string {
	var all []string
	for line := range strings.Lines(p.prose()) {
		if title := strings.TrimLeft(line, "#"); title != line {
			word := regexp.MustCompile(`[^\pL\pN_ -]`).ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), "")
			all = append(all, strings.ReplaceAll(word, " ", "-"))
		}
	}
	return all
}

func TestLinksResolve(t *testing.T) {
	all := pages(t)
	for _, p := range all {
		for _, m := range link.FindAllStringSubmatch(p.prose(), -1) {
			name, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(name, "://") {
				continue
			}
			target := p.path
			if name != "" {
				target = path.Join(path.Dir(p.path), name)
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s: link %q leads to nothing", p.path, m[1])
			}
			i := slices.IndexFunc(all, func(o page) bool { return o.path == target })
			if anchor != "" && (i < 0 || !slices.Contains(all[i].anchors(), anchor)) {
				t.Errorf("%s: link %q names no heading of %s", p.path, m[1], target)
			}
		}
	}
}

// A path in the text is there, "<name>" standing for any name; one that is
// marked as planned is not there yet.
func TestPathsAreThere(t *testing.T) {
	planned := regexp.MustCompile("`([^`\n]+)`( \\(planned\\))?")
	ours := regexp.MustCompile(`^(\.gitlab|cmd|catalog|environments|plugin|renderer)(/[^ ]*)?$`)
	placeholder := regexp.MustCompile(`<[a-zA-Z]+>`)
	for _, p := range pages(t) {
		for _, m := range planned.FindAllStringSubmatch(p.prose(), -1) {
			if !ours.MatchString(m[1]) || named.MatchString(m[1]) {
				continue
			}
			found, err := filepath.Glob(filepath.Join(root, placeholder.ReplaceAllString(m[1], "*")))
			switch {
			case err != nil:
				t.Errorf("%s: path %q: %v", p.path, m[1], err)
			case len(found) == 0 && m[2] == "":
				t.Errorf("%s: %q is not there", p.path, m[1])
			case len(found) > 0 && m[2] != "":
				t.Errorf("%s: %q is there and no longer planned", p.path, m[1])
			}
		}
	}
}

// named is how pages name a test: folder, function and perhaps a part of it.
var named = regexp.MustCompile(`^([\w/.-]+)\.((?:Test|Fuzz)\w+)(?:/(\w+))?$`)

func TestNamedTestsExist(t *testing.T) {
	tests := map[string]string{} // folder to the text of its tests
	for _, f := range source(t) {
		if f.test {
			tests[f.dir] += read(t, f.path)
		}
	}
	for _, p := range pages(t) {
		for _, m := range span.FindAllStringSubmatch(p.prose(), -1) {
			if n := named.FindStringSubmatch(m[1]); n != nil && !(strings.Contains(tests[n[1]], "func "+n[2]+"(") &&
				(n[3] == "" || strings.Contains(tests[n[1]], `"`+n[3]+`"`))) {
				t.Errorf("%s: there is no test %s", p.path, m[1])
			}
		}
	}
}

package hygiene_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/strict"
)

// rows returns the cells of the rows of the tables below a heading, without
// the tables' own headings.
func rows(t *testing.T, name, heading string) [][]string {
	t.Helper()
	_, section, found := strings.Cut(read(t, name), "\n## "+heading)
	if !found {
		t.Fatalf("%s has no heading %q", name, heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var all [][]string
	for line := range strings.Lines(section) {
		if cells := strings.Split(strings.TrimSpace(line), "|"); len(cells) > 2 && cells[0] == "" {
			all = append(all, cells[1:len(cells)-1])
		}
	}
	if len(all) < 3 {
		t.Fatalf("%s has no table below %q", name, heading)
	}
	return all[2:]
}

// spans returns what a cell has in code quotes.
func spans(cell string) []string {
	var all []string
	for _, m := range span.FindAllStringSubmatch(cell, -1) {
		all = append(all, m[1])
	}
	return all
}

const architecture = "renderer/README.md"

func TestPageOfWings(t *testing.T) {
	told := map[string]bool{}
	for _, row := range rows(t, architecture, "Wings") {
		for _, dir := range spans(row[0]) {
			told[dir] = true
			r := roomOf(dir)
			if r == nil || r.dir != dir {
				t.Errorf("%s is no room", dir)
			} else if got := spans(row[2]); !slices.Equal(got, r.reach) {
				t.Errorf("%s may reach %q on the page, %q in rooms", dir, got, r.reach)
			}
		}
	}
	wings, err := filepath.Glob(filepath.Join(root, "renderer", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wings {
		dir := "renderer/" + filepath.Base(w)
		if info, err := os.Stat(w); err == nil && info.IsDir() && !told[dir] {
			t.Errorf("the page of wings does not tell of %s", dir)
		}
	}
}

func TestPageOfInvariants(t *testing.T) {
	all := rows(t, architecture, "Invariants")
	if len(all) < 8 {
		t.Errorf("%d invariants, want 8", len(all))
	}
	for _, row := range all {
		if !slices.ContainsFunc(spans(row[2]), named.MatchString) {
			t.Errorf("invariant%s: no test holds it", row[0])
		}
	}
}

func TestPageOfTrailers(t *testing.T) {
	var told, have []string
	for _, row := range rows(t, architecture, "Trailers") {
		told = append(told, spans(row[0])...)
	}
	for _, m := range regexp.MustCompile(`Trailer\w+ += "([^"]+)"`).FindAllStringSubmatch(read(t, "renderer/run/publish/commit.go")+read(t, "renderer/run/publish/moves.go"), -1) {
		have = append(have, m[1])
	}
	slices.Sort(told)
	slices.Sort(have)
	if len(have) < 8 || !slices.Equal(told, have) {
		t.Errorf("trailers on the page are %q, of the code %q", told, have)
	}
}

func TestPageOfRecords(t *testing.T) {
	examples := regexp.MustCompile("(?s)```json (\\S+)\n(.*?)```").FindAllStringSubmatch(read(t, architecture), -1)
	for _, m := range examples {
		var err error
		if strings.HasPrefix(m[1], "/tenant/status/") {
			var record map[string]string
			err = strict.JSON([]byte(m[2]), 1<<10, &record)
			code := strings.ReplaceAll(read(t, "renderer/etcd/status/status.go"), ",omitempty", "")
			for field := range record {
				if !strings.Contains(code, `json:"`+field+`"`) {
					t.Errorf("a status record has no field %q", field)
				}
			}
		} else if key, bad := authz.ParseKey(authz.DefaultPrefix, m[1]); bad != nil {
			err = bad
		} else if key.Product.IsZero() {
			_, err = authz.DecodeTenant(key, []byte(m[2]))
		} else {
			_, err = authz.DecodeAuthorisation(key, []byte(m[2]))
		}
		if err != nil {
			t.Errorf("the record of %s on the page: %v", m[1], err)
		}
	}
	if len(examples) < 3 {
		t.Errorf("%d records on the page, want tenant, authorisation and status", len(examples))
	}
}

func TestPageOfHealth(t *testing.T) {
	var told []string
	for _, row := range rows(t, "plugin/README.md", "Health of an Application") {
		told = append(told, spans(row[0])...)
	}
	m := regexp.MustCompile(`(?s)for _, check in ipairs\(\{(.*?)\}\)`).FindStringSubmatch(read(t, "plugin/health/argoproj.io/Application/health.lua"))
	if m == nil {
		t.Fatal("the health check has no list of checks")
	}
	if have := strings.FieldsFunc(m[1], func(r rune) bool { return strings.ContainsRune(", \n", r) }); !slices.Equal(told, have) {
		t.Errorf("checks on the page are %q, of the script %q", told, have)
	}
}

// What the page of style calls good stands in the code.
func TestPageOfStyle(t *testing.T) {
	var code strings.Builder
	for _, f := range source(t) {
		code.WriteString(read(t, f.path))
	}
	for _, row := range rows(t, ".gitlab/CONTRIBUTING.md", "Style") {
		good := spans(row[1])
		if len(good) != 1 || !strings.Contains(code.String(), good[0]) {
			t.Errorf("style %q: %q stands nowhere in the code", strings.TrimSpace(row[0]), good)
		}
	}
}

// Owners own what is there.
func TestOwners(t *testing.T) {
	for line := range strings.Lines(read(t, ".gitlab/CODEOWNERS.example")) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == '[' {
			continue
		}
		pattern, _, _ := strings.Cut(line, " ")
		if found, err := filepath.Glob(filepath.Join(root, pattern)); err != nil || len(found) == 0 {
			t.Errorf("%q owns nothing: %v", pattern, err)
		}
	}
}

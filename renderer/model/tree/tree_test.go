package tree_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/tree"
	"pgregory.net/rapid"
)

// FromFiles keeps every file and fails exactly when one path is a file and a
// directory, or has an empty segment; entries are in the order of `git mktree`.
func TestFromFilesKeepsAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		paths := rapid.SliceOfNDistinct(rapid.StringMatching(`[ab][.\-0]?(/[ab]){0,2}`), 0, 6, rapid.ID).Draw(t, "paths")
		if rapid.IntRange(0, 3).Draw(t, "odd") == 0 {
			paths = append(paths, rapid.SampledFrom([]string{"", "/", "a/", "/a", "a//b", "./a", "a/..", "."}).Draw(t, "path"))
		}
		files, good := map[string][]byte{}, true
		for _, p := range paths {
			files[p] = []byte(p)
			for segment := range strings.SplitSeq(p, "/") {
				good = good && segment != "" && segment != "." && segment != ".."
			}
			for _, other := range paths {
				good = good && !strings.HasPrefix(other, p+"/")
			}
		}
		d, err := tree.FromFiles(files)
		if (err == nil) != good {
			t.Fatalf("FromFiles(%q) = %v, want success %v", paths, err, good)
		}
		if err != nil {
			return
		}
		if got := d.Files(); !maps.EqualFunc(got, files, bytes.Equal) {
			t.Errorf("FromFiles(%q).Files() = %q", paths, got)
		}
		inOrder(t, d)
	})
}

func inOrder(t *rapid.T, d *tree.Dir) {
	var names []string
	for _, e := range d.Entries() {
		names = append(names, e.Name)
		if e.Dir != nil {
			names[len(names)-1] += "/"
			inOrder(t, e.Dir)
		}
	}
	if !slices.IsSorted(names) {
		t.Errorf("entries are in the order %q", names)
	}
}

// A file and a directory of one name do not sort side by side.
func TestNewRefusesTwice(t *testing.T) {
	sub := &tree.Dir{}
	for _, between := range []string{"a-b", "a.b", "a0"} {
		if d, err := tree.New(tree.Entry{Name: "a"}, tree.Entry{Name: between}, tree.Entry{Name: "a", Dir: sub}); err == nil {
			t.Errorf("New(a, %s, a/) = %v, nil, want an error", between, d)
		}
	}
}

package tree_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/tree"
	"pgregory.net/rapid"
)

// The golden value was computed with
// `find -type f | sort | xargs sha256sum | sha256sum` (LC_ALL=C, "./" cut).
func TestDigestGolden(t *testing.T) {
	d, err := tree.FromFiles(map[string][]byte{"a/b": []byte("x\n"), "a.txt": []byte("y\n"), "c": nil})
	if err != nil {
		t.Fatal(err)
	}
	const want = "sha256:6d1a3f2d7bbf696798e178e5f020ef52749074c7bb8978700033df890e6fbde4"
	if got := tree.Digest(d); got != want {
		t.Errorf("Digest = %s, want %s", got, want)
	}
}

func TestSameButLineEnds(t *testing.T) {
	dir := func(text string) *tree.Dir {
		d, err := tree.FromFiles(map[string][]byte{"a": []byte(text), "b/c": []byte("x\n")})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for name, tc := range map[string]struct {
		reason, here, there string
		want                bool
	}{
		"CRLFHere":  {"a checkout on Windows", "a\r\nb\r\n", "a\nb\n", true},
		"Mixed":     {"an editor on Windows added a line", "a\nb\r\n", "a\nb\n", true},
		"Edited":    {"a word changed too", "a\r\nc\r\n", "a\nb\n", false},
		"Blanks":    {"a blank is no line end", "a \nb\n", "a\nb\n", false},
		"LostBreak": {"a line end less", "a\r\nb", "a\nb\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tree.SameButLineEnds(dir(tc.here), tree.Digest(dir(tc.there))); got != tc.want {
				t.Errorf("SameButLineEnds(%q, %q) = %t, want %t: %s", tc.here, tc.there, got, tc.want, tc.reason)
			}
		})
	}
	converted, err := tree.FromFiles(map[string][]byte{"a": []byte("a\r\n"), "b/c": []byte("x\r\n")})
	if err != nil {
		t.Fatal(err)
	}
	if !tree.SameButLineEnds(dir("a\n"), tree.Digest(converted)) {
		t.Error("SameButLineEnds = false for what was published with CRLF, want true")
	}
}

func TestDigestIsOverSortedPaths(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Short names over a small alphabet make siblings like "a", "a-", "a.b", "a/b".
		segment := rapid.StringMatching(`[ab.\-0]{1,3}`).Filter(func(s string) bool { return s != "." && s != ".." })
		paths := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
			return strings.Join(rapid.SliceOfN(segment, 1, 3).Draw(t, "segments"), "/")
		}), 0, 12).Draw(t, "paths")
		files := map[string][]byte{}
		for _, p := range paths {
			files[p] = rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "data")
		}
		d, err := tree.FromFiles(files)
		if err != nil {
			t.Skip("a path is both a file and a directory")
		}
		var lines strings.Builder
		for _, p := range slices.Sorted(maps.Keys(files)) {
			fmt.Fprintf(&lines, "%x  %s\n", sha256.Sum256(files[p]), p)
		}
		sum := sha256.Sum256([]byte(lines.String()))
		if got, want := tree.Digest(d), "sha256:"+hex.EncodeToString(sum[:]); got != want {
			t.Fatalf("Digest(%q) = %s, want %s", lines.String(), got, want)
		}
	})
}

func TestDigestSeesNameAndContent(t *testing.T) {
	digest := func(path, data string) string {
		d, err := tree.FromFiles(map[string][]byte{path: []byte(data)})
		if err != nil {
			t.Fatal(err)
		}
		return tree.Digest(d)
	}
	seen := map[string]string{}
	for _, c := range [][2]string{{"a", "x"}, {"b", "x"}, {"a", "y"}, {"a", ""}, {"d/a", "x"}} {
		got := digest(c[0], c[1])
		if other, ok := seen[got]; ok {
			t.Errorf("Digest of %v and %v are both %s", c, other, got)
		}
		seen[got] = c[0] + "=" + c[1]
	}
}

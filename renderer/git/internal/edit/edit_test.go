package edit

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestInsert(t *testing.T) {
	cases := map[string]struct {
		reason string
		edits  []string // "path=value"
		want   error
	}{
		"Apart":     {"neighbours do not mind each other", []string{"a/b=1", "a/c=2", "d=3"}, nil},
		"SameTwice": {"the same content twice is one edit", []string{"a/b=1", "a/b=1"}, nil},
		"Twice":     {"one of them would be lost", []string{"a/b=1", "a/b=2"}, errTwice},
		"Below":     {"the directory above says what is in it", []string{"a=1", "a/b=2"}, errAbove},
		"FarBelow":  {"the directory above says what is in it", []string{"a=1", "a/b/c/d=2"}, errAbove},
		"Above":     {"the file below would be lost", []string{"a/b=2", "a=1"}, errBelow},
		"FarAbove":  {"the file below would be lost", []string{"a/b/c/d=2", "a=1"}, errBelow},
		"Prefix":    {"a name that begins like another is another", []string{"a=1", "ab=2", "ab.c=3"}, nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var s Set[string]
			var err error
			for _, e := range tc.edits {
				path, value, _ := strings.Cut(e, "=")
				if _, err = s.Insert(strings.Split(path, "/"), value); err != nil {
					break
				}
			}
			if !errors.Is(err, tc.want) {
				t.Errorf("%s: error = %v, want %v", tc.reason, err, tc.want)
			}
		})
	}
}

// TestOrderDoesNotMatter inserts paths in two orders: both fail or both give
// the same tree.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		paths := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "a/b", "a/c", "a/b/d", "b", "b/a", "c"}), 1, 6).Draw(t, "paths")
		seed := rapid.Uint64().Draw(t, "seed")
		resets := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "a/b", "z"}), 0, 2).Draw(t, "resets")
		shuffled := slices.Clone(paths)
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		one, ok1 := build(paths, resets, false)
		two, ok2 := build(shuffled, resets, true)
		if ok1 != ok2 || ok1 && !equal(one.Root(), two.Root()) {
			t.Fatalf("%q and %q: %v, %v, or different trees", paths, shuffled, ok1, ok2)
		}
	})
}

func build(paths, resets []string, resetLast bool) (*Set[string], bool) {
	var s Set[string]
	reset := func() {
		for _, r := range resets {
			s.Reset(strings.Split(r, "/"))
		}
	}
	if !resetLast {
		reset()
	}
	for _, p := range paths {
		if _, err := s.Insert(strings.Split(p, "/"), "value of "+p); err != nil {
			return nil, false
		}
	}
	if resetLast {
		reset()
	}
	return &s, true
}

func equal(a, b *Node[string]) bool {
	if a.Put != b.Put || a.Puts != b.Puts || a.Value != b.Value || a.Reset != b.Reset || len(a.Children) != len(b.Children) {
		return false
	}
	for name, child := range a.Children {
		if other := b.Children[name]; other == nil || !equal(child, other) {
			return false
		}
	}
	return true
}

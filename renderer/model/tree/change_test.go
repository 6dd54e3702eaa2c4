package tree

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDiff(t *testing.T) {
	shared := build(t, map[string][]byte{"x": []byte("1")})
	cases := map[string]struct {
		reason        string
		before, after map[string][]byte
		want          []Change
	}{
		"Equal": {
			reason: "equal content is no difference",
			before: map[string][]byte{"a/b": []byte("1")},
			after:  map[string][]byte{"a/b": []byte("1")},
		},
		"AllKinds": {
			reason: "each file is named once, sorted by path, with its new content",
			before: map[string][]byte{"a/gone": []byte("1"), "a/kept": []byte("2"), "z": []byte("3")},
			after:  map[string][]byte{"a/kept": []byte("2"), "b/new": []byte("4"), "z": []byte("5")},
			want:   []Change{{"a/gone", Removed, nil}, {"b/new", Added, []byte("4")}, {"z", Changed, []byte("5")}},
		},
		"FileBecomesDirectory": {
			reason: "a path that changes its kind is removed and added",
			before: map[string][]byte{"a": []byte("1")},
			after:  map[string][]byte{"a/b": []byte("1")},
			want:   []Change{{"a", Removed, nil}, {"a/b", Added, []byte("1")}},
		},
		"Renamed": {
			reason: "equal content under another name is a difference",
			before: map[string][]byte{"a/b": []byte("1")},
			after:  map[string][]byte{"a/c": []byte("1")},
			want:   []Change{{"a/b", Removed, nil}, {"a/c", Added, []byte("1")}},
		},
		"Longer": {
			reason: "a file more at the end is a difference",
			before: map[string][]byte{"a/b": []byte("1")},
			after:  map[string][]byte{"a/b": []byte("1"), "a/c": {}},
			want:   []Change{{"a/c", Added, []byte{}}},
		},
		"FromNothing": {
			reason: "an absent directory counts as empty",
			after:  map[string][]byte{"a": []byte("1")},
			want:   []Change{{"a", Added, []byte("1")}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := Diff(build(t, tc.before), build(t, tc.after))
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("%s: Diff(...): -want +got\n%s", tc.reason, d)
			}
			if got, want := Equal(build(t, tc.before), build(t, tc.after)), len(tc.want) == 0; got != want {
				t.Errorf("%s: Equal(...) = %v, want %v", tc.reason, got, want)
			}
		})
	}
	if got := Diff(shared, shared); got != nil {
		t.Errorf("Diff(d, d) = %v, want nothing", got)
	}
}

func build(t *testing.T, files map[string][]byte) *Dir {
	t.Helper()
	if files == nil {
		return nil
	}
	d, err := FromFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

package impact

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gatorcloud/sluice/renderer/render"
)

// texts draws texts of few different lines, so that they have much in common.
func texts(t *rapid.T, label string) []byte {
	long := strings.Repeat("long ", block/2) + "1000006\n"
	line := rapid.SampledFrom([]string{"\n", "a\n", "b\n", "id: 1000006\n", long, "x" + long})
	return []byte(strings.Join(rapid.SliceOfN(line, 0, 9).Draw(t, label), "") + rapid.SampledFrom([]string{"", "a", "ab"}).Draw(t, label+" end"))
}

// keyOf is the key of a part's object before and after, of a tenant with an id.
func keyOf(id string, before, after []byte) [sha256.Size]byte {
	who := render.Who{ID: id, Namespace: "tenant-" + id}
	p := &pair{was: render.Part{Of: "swg"}, is: render.Part{Of: "swg"}, words: wordsOf(who, who)}
	return key(p, &buffers{before: before, after: after, hash: sha256.New()})
}

// What two texts have in common is whole lines, all that there are; the keys of
// two changes are equal exactly when before and after are but for the tenant.
func TestCommonLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := texts(t, "a"), texts(t, "b")
		n := common(a, b)
		if !bytes.Equal(a[:n], b[:n]) || n > 0 && a[n-1] != '\n' {
			t.Errorf("common(%q, %q) = %d, want whole lines of both", a, b, n)
		}
		if first, _, whole := bytes.Cut(a[n:], []byte("\n")); whole && bytes.HasPrefix(b[n:], a[n:n+len(first)+1]) {
			t.Errorf("common(%q, %q) = %d, and the next line is equal", a, b, n)
		}
		was, is := a[n:], b[n:]
		m := commonEnd(was, is)
		if !bytes.HasSuffix(was, is[len(is)-m:]) || m > 0 && m < len(is) && is[len(is)-m-1] != '\n' {
			t.Errorf("commonEnd(%q, %q) = %d, want whole lines of both", was, is, m)
		}
		c, d := texts(t, "c"), b
		if rapid.Bool().Draw(t, "other way") {
			c, d = a, texts(t, "d")
		}
		if same := bytes.Equal(a, c) && bytes.Equal(b, d); (keyOf("1000006", a, b) == keyOf("1000006", c, d)) != same {
			t.Errorf("the keys of %q, %q and %q, %q are equal = %t, want %t", a, b, c, d, !same, same)
		}
		other := func(text []byte) []byte { return bytes.ReplaceAll(text, []byte("1000006"), []byte("2000017")) }
		if keyOf("1000006", a, b) != keyOf("2000017", other(a), other(b)) {
			t.Errorf("the keys of %q, %q differ for another tenant", a, b)
		}
	})
}

// A stream is cut where a line is a separator and nowhere else.
func TestDocuments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.SampledFrom([]string{"---\n", "--- \n", " ---\n", "----\n", "kind: A\n", "metadata:\n", "  name: a\n", "  name: b\n", "\n"})
		lines := rapid.SliceOf(line).Draw(t, "lines")
		var want []string
		begun := false
		for _, l := range lines {
			switch {
			case l == "---\n":
				begun = false
			case begun:
				want[len(want)-1] += l
			default:
				want, begun = append(want, l), true
			}
		}
		left := []document{{name: []byte("left"), marks: [][2]int{{1, 2}}}} // of another stream
		var got []string
		for _, d := range documents(left, []byte(strings.Join(lines, ""))) {
			got = append(got, string(d.text))
			if len(d.marks) > 0 || string(d.name) == "left" {
				t.Errorf("%q has the name %q and marks %v", d.text, d.name, d.marks)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("documents(%q) = %q, want %q", lines, got, want)
		}
	})
}

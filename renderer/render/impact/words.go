package impact

import (
	"bytes"
	"hash"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gatorcloud/sluice/renderer/render"
)

// words are a tenant's own, longer ones first as the folder and the namespace
// hold the id, and what they read as. Before and after they are the same, but
// where a namespace's prefix was edited.
type words [6]struct{ word, name string }

// shortest is how long a word must be to be taken for the tenant's own: what is
// shorter stands everywhere by chance.
const shortest = 4

func wordsOf(was, is render.Who) words {
	if is.ID == "" {
		return words{}
	}
	old := was.Namespace
	if old == is.Namespace {
		old = "" // it is looked for once
	}
	return words{{is.Path, "<folder>"}, {is.Namespace, "<namespace>"}, {old, "<namespace>"}, {is.Name, "<name>"}, {is.Code, "<code>"}, {is.ID, "<tenant>"}}
}

// split calls plain for what is not the tenant's own in a text and own for the
// words that are, by their number.
func (w *words) split(text []byte, plain func([]byte), own func(int)) {
	var next [len(words{})]int
	find := func(i, from int) {
		next[i] = len(text)
		if len(w[i].word) >= shortest {
			if n := bytes.Index(text[from:], []byte(w[i].word)); n >= 0 {
				next[i] = from + n
			}
		}
	}
	for i := range w {
		find(i, 0)
	}
	for from := 0; from < len(text); {
		first := 0
		for i := range w {
			if next[i] < from {
				find(i, from)
			}
			if next[i] < next[first] {
				first = i
			}
		}
		plain(text[from:next[first]])
		if from = next[first]; from < len(text) {
			own(first)
			from += len(w[first].word)
		}
	}
}

// hide writes a text so that it is equal for all tenants who differ in nothing
// but their words: no text holds what stands for them.
func (w *words) hide(h hash.Hash, text []byte) {
	w.split(text, func(b []byte) { h.Write(b) }, func(i int) { h.Write([]byte{0, byte(i), 0}) })
}

// block is how many bytes are compared at once.
const block = 64

// common returns how many bytes of whole lines two texts have in common at the beginning.
func common(a, b []byte) int {
	n := 0
	for least := min(len(a), len(b)); n < least && a[n] == b[n]; {
		if end := n + block; end <= least && bytes.Equal(a[n:end], b[n:end]) {
			n = end
		} else {
			n++
		}
	}
	return bytes.LastIndexByte(a[:n], '\n') + 1
}

// commonEnd is common at the end.
func commonEnd(a, b []byte) int {
	n := 0
	for least := min(len(a), len(b)); n < least && a[len(a)-n-1] == b[len(b)-n-1]; {
		if end := n + block; end <= least && bytes.Equal(a[len(a)-end:len(a)-n], b[len(b)-end:len(b)-n]) {
			n = end
		} else {
			n++
		}
	}
	if at := bytes.IndexByte(a[len(a)-n:], '\n'); at >= 0 {
		return n - at - 1
	}
	return 0
}

// show writes a text for people.
func (w *words) show(text string) string {
	var b strings.Builder
	w.split([]byte(text), func(p []byte) { b.Write(p) }, func(i int) { b.WriteString(w[i].name) })
	return b.String()
}

// longest is how many bytes of a value are shown.
const longest = 160

// say writes a value for people: in one line, and of a long one both ends.
func (w *words) say(v string) string { return clip(w.show(v)) }

func clip(v string) string { return within(v, longest) }

// within writes a text in one line of at most some bytes, of a longer one both ends.
func within(v string, most int) string {
	if strings.ContainsFunc(v, func(r rune) bool { return !strconv.IsPrint(r) }) {
		quoted := strconv.Quote(v[:min(len(v), 4*most)])
		v = quoted[1 : len(quoted)-1]
	}
	if len(v) <= most {
		return v
	}
	head, tail := most/2, len(v)-most/2
	for !utf8.RuneStart(v[head]) {
		head--
	}
	for tail < len(v) && !utf8.RuneStart(v[tail]) {
		tail++
	}
	return v[:head] + "…" + v[tail:]
}

package impact

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gatorcloud/sluice/renderer/render"
)

// words are what a tenant's own words read as.
type words struct {
	hide *strings.Replacer // for comparing: no text can hold what stands for them
	show *strings.Replacer // for people
}

// shortest is how long a word must be to be taken for the tenant's own: what is
// shorter stands everywhere by chance.
const shortest = 4

// wordsOf returns the words of a tenant before and after, which are the same
// but where a namespace's prefix was edited. Longer ones come first, as the
// namespace holds the id.
func wordsOf(was, is render.Who) words {
	var hide, show []string
	for i, w := range [][2]string{{is.Namespace, "namespace"}, {was.Namespace, "namespace"}, {is.Name, "name"}, {is.Code, "code"}, {is.ID, "tenant"}} {
		if len(w[0]) >= shortest && is.ID != "" {
			hide, show = append(hide, w[0], "\x00"+strconv.Itoa(i)+"\x00"), append(show, w[0], "<"+w[1]+">")
		}
	}
	return words{strings.NewReplacer(hide...), strings.NewReplacer(show...)}
}

// longest is how many bytes of a value are shown.
const longest = 160

// say writes a value for people: in one line, and of a long one both ends.
func (w words) say(v string) string { return clip(w.show.Replace(v)) }

func clip(v string) string {
	if strings.ContainsFunc(v, func(r rune) bool { return !strconv.IsPrint(r) }) {
		quoted := strconv.Quote(v[:min(len(v), 4*longest)])
		v = quoted[1 : len(quoted)-1]
	}
	if len(v) <= longest {
		return v
	}
	head, tail := longest/2, len(v)-longest/2
	for !utf8.RuneStart(v[head]) {
		head--
	}
	for tail < len(v) && !utf8.RuneStart(v[tail]) {
		tail++
	}
	return v[:head] + "…" + v[tail:]
}

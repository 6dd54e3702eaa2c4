package base

import (
	"regexp/syntax"
	"slices"
	"strings"
)

// patterned returns texts that a pattern matches, at its ends: the first and the
// last character of each class, the fewest and a few repetitions, the first and
// the last alternative. A pattern that Go does not read gives none; what does
// not match after all, the schema sorts out.
func patterned(pattern string) []any {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil
	}
	var out []any
	for _, last := range []bool{false, true} {
		for _, times := range []int{0, 1, 5} {
			var b strings.Builder
			ends{last, times}.write(&b, re)
			if b.Len() <= 4096 && !slices.Contains(out, any(b.String())) {
				out = append(out, b.String())
			}
		}
	}
	return out
}

// ends is one way through a pattern.
type ends struct {
	last  bool // of classes and alternatives; the first if not
	times int  // beyond the fewest repetitions
}

func (e ends) write(b *strings.Builder, re *syntax.Regexp) {
	if b.Len() > 4096 {
		return
	}
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		b.WriteRune(e.rune(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteRune(e.rune([]rune{'!', '~'}))
	case syntax.OpCapture, syntax.OpConcat:
		for _, sub := range re.Sub {
			e.write(b, sub)
		}
	case syntax.OpAlternate:
		i := 0
		if e.last {
			i = len(re.Sub) - 1
		}
		e.write(b, re.Sub[i])
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		least, most := bounds(re)
		n := least + e.times
		if most >= 0 {
			n = min(n, most)
		}
		for range n {
			e.write(b, re.Sub[0])
		}
	}
}

// rune returns an end of a class, of what prints.
func (e ends) rune(pairs []rune) rune {
	var shown []rune
	for i := 0; i+1 < len(pairs); i += 2 {
		if lo, hi := max(pairs[i], ' '), min(pairs[i+1], '~'); lo <= hi {
			shown = append(shown, lo, hi)
		}
	}
	switch {
	case len(shown) == 0:
		return 'x'
	case e.last:
		return shown[len(shown)-1]
	}
	return shown[0]
}

// bounds returns how often something repeats; most is -1 without an end.
func bounds(re *syntax.Regexp) (least, most int) {
	switch re.Op {
	case syntax.OpStar:
		return 0, -1
	case syntax.OpPlus:
		return 1, -1
	case syntax.OpQuest:
		return 0, 1
	}
	return re.Min, re.Max
}

package stencil

import "strings"

// Replacements may split values at delimiters, so what becomes of a value
// depends on where delimiters stand in it. Its shape says so: delimiters as
// they are, and 'x' for each longest run of other characters, a token. Values
// of equal shapes are split alike, whatever their tokens are.

// delimiters is the set of characters that occur in some delimiter.
type delimiters [256]bool

// shape appends the shape of v to dst.
func (d *delimiters) shape(dst []byte, v string) []byte {
	run := false
	for i := range len(v) {
		switch {
		case d[v[i]]:
			dst = append(dst, v[i])
			run = false
		case !run:
			dst = append(dst, 'x')
			run = true
		}
	}
	return dst
}

// token returns the n-th token of v, counted from 0.
func (d *delimiters) token(v string, n int) string {
	for i := 0; i < len(v); {
		if d[v[i]] {
			i++
			continue
		}
		end := i
		for end < len(v) && !d[v[end]] {
			end++
		}
		if n == 0 {
			return v[i:end]
		}
		n--
		i = end
	}
	return ""
}

// fill returns a value of the given shape whose tokens are those of next.
func fill(shape string, next func() string) string {
	var b strings.Builder
	for i := range len(shape) {
		if shape[i] == 'x' {
			b.WriteString(next())
		} else {
			b.WriteByte(shape[i])
		}
	}
	return b.String()
}

package plugin

import "bytes"

// risky are the bytes with one of which begins what is not just indented: texts
// in quotes, collections in brackets, blocks of lines, comments, anchors, tags
// and aliases.
const risky = "\"'[{|>#&!*"

// risks finds the risky bytes of a text.
type risks struct {
	text  []byte
	first int             // the next of all
	next  [len(risky)]int // the next of each
}

// within reports whether there is one from start to end. Start never goes back.
func (r *risks) within(start, end int) bool {
	if r.first < start {
		r.first = len(r.text)
		for i := range r.next {
			if r.next[i] < start {
				r.next[i] = len(r.text)
				if n := bytes.IndexByte(r.text[start:], risky[i]); n >= 0 {
					r.next[i] = start + n
				}
			}
			r.first = min(r.first, r.next[i])
		}
	}
	return r.first < end
}

// look looks at a line before it is passed over.
func (s *scanner) look(column int, text []byte) bool {
	if s.node.value() || s.depth == 0 {
		return false
	}
	s.node = nodeOther
	item := false
	for ; isItem(text); item = true {
		s.parent = column
		rest := bytes.TrimLeft(text[1:], " ")
		if len(rest) == 0 {
			return true
		}
		column, text = column+len(text)-len(rest), rest
	}
	if _, value, found := cut(text); found {
		s.parent = column
		return s.value(value)
	}
	return (item || text[0] != '|' && text[0] != '>') && s.value(text)
}

// value looks at what follows a key or a dash in its line.
func (s *scanner) value(text []byte) bool {
	switch {
	case len(text) == 0:
		s.sure = true
		return true
	case plain(text):
		s.sure = false
		return true
	}
	switch text[0] {
	case '"', '\'':
		s.inside = text[0]
		return s.quoted(text[1:]) && (s.sure || s.inside == 0)
	case '|', '>':
		s.inside = '|'
		return s.header(text[1:])
	}
	return string(text) == "{}" || string(text) == "[]"
}

// quoted reads on in a text in quotes, which nothing may follow.
func (s *scanner) quoted(text []byte) bool {
	n, ok := closing(text, s.inside)
	if n < len(text) {
		s.inside = 0
		return n == len(text)-1
	}
	return ok
}

// header reads how a block is indented and ended.
func (s *scanner) header(text []byte) bool {
	switch string(text) {
	case "", "-", "+":
		s.margin = 0
	case "2", "2-", "2+": // its first line is empty or indented further
		s.margin = s.parent + 2
	default:
		return false
	}
	return true
}

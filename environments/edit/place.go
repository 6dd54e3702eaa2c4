package edit

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// offset returns where a node begins in the text; its column counts characters.
func (d *document) offset(n *yaml.Node) int {
	at := 0
	for range n.Line - 1 {
		next := bytes.IndexByte(d.text[at:], '\n')
		if next < 0 {
			return len(d.text)
		}
		at += next + 1
	}
	for range n.Column - 1 {
		_, size := utf8.DecodeRune(d.text[at:])
		at += size
	}
	return at
}

// token returns where a scalar on one line begins and ends; -1 for another node.
func (d *document) token(n *yaml.Node) (from, to int) {
	if n == nil || n.Kind != yaml.ScalarNode {
		return -1, -1
	}
	from = d.offset(n)
	rest := string(d.text[from:])
	length := -1
	switch n.Style {
	case yaml.DoubleQuotedStyle:
		length = quoted(rest, '"', '\\')
	case yaml.SingleQuotedStyle:
		length = quoted(rest, '\'', '\'')
	case 0:
		if strings.HasPrefix(rest, n.Value) {
			length = len(n.Value)
		}
	}
	if length < 0 {
		return -1, -1
	}
	return from, from + length
}

// quoted returns how long the quoted string is that s begins with, in which
// escape takes the next character along; -1 if it does not end.
func quoted(s string, quote, escape byte) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == escape && i+1 < len(s) && (escape != quote || s[i+1] == quote):
			i++
		case s[i] == quote:
			return i + 1
		}
	}
	return -1
}

// lineEnd returns where the line of an offset ends, before its line break.
func (d *document) lineEnd(at int) int {
	if at < 0 {
		return -1
	}
	end := bytes.IndexByte(d.text[at:], '\n')
	if end < 0 {
		return len(d.text)
	}
	return at + len(bytes.TrimSuffix(d.text[at:at+end], []byte("\r")))
}

// lineBreak returns the line break of the text.
func (d *document) lineBreak() string {
	if bytes.Contains(d.text, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

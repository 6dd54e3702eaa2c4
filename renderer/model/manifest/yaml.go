package manifest

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Quote returns s as a YAML double-quoted scalar. Go's escapes are a subset of
// YAML's, and what they leave unescaped is printable.
func Quote(s string) string { return strconv.Quote(s) }

// Unquote returns the value of a scalar as Quote writes it.
func Unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return "", false
	}
	if strings.IndexByte(s, '\\') < 0 {
		return s[1 : len(s)-1], true
	}
	v, err := strconv.Unquote(s)
	return v, err == nil
}

// writer appends block YAML to buf; two spaces a level.
type writer struct{ buf []byte }

const spaces = "                "

func (w *writer) line(indent int, parts ...string) {
	w.buf = append(w.buf, spaces[:indent]...)
	for _, p := range parts {
		w.buf = append(w.buf, p...)
	}
	w.buf = append(w.buf, '\n')
}

// str writes `key: "value"`.
func (w *writer) str(indent int, key, value string) {
	w.buf = append(w.buf, spaces[:indent]...)
	w.buf = append(w.buf, key...)
	w.buf = append(w.buf, ": "...)
	w.buf = strconv.AppendQuote(w.buf, value)
	w.buf = append(w.buf, '\n')
}

// opt writes the pair unless the value is empty.
func (w *writer) opt(indent int, key, value string) {
	if value != "" {
		w.str(indent, key, value)
	}
}

func (w *writer) num(indent int, key string, n int) { w.line(indent, key, ": ", strconv.Itoa(n)) }

// strs writes a map of strings in sorted order under key; nothing when empty.
func (w *writer) strs(indent int, key string, m map[string]string) {
	if len(m) == 0 {
		return
	}
	w.line(indent, key, ":")
	for _, k := range slices.Sorted(maps.Keys(m)) {
		w.str(indent+2, plainKey(k), m[k])
	}
}

// plainKey returns k as it is when every YAML parser reads it as that string, else quoted.
func plainKey(k string) string {
	if k == "" || !letter(k[0]) {
		return Quote(k)
	}
	for i := range len(k) {
		if c := k[i]; !letter(c) && (c < '0' || c > '9') && c != '.' && c != '/' && c != '-' && c != '_' {
			return Quote(k)
		}
	}
	switch k {
	case "y", "Y", "n", "N", "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF",
		"true", "True", "TRUE", "false", "False", "FALSE", "null", "Null", "NULL":
		return Quote(k)
	}
	return k
}

func letter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

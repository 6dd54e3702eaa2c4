package git

import (
	"errors"
	"fmt"
	"strings"
)

// encode returns the message as a commit holds it.
func (m Message) encode() (string, error) {
	subject := fold(m.Subject)
	if subject == "" {
		return "", errors.New("the message has no subject")
	}
	var b strings.Builder
	b.WriteString(subject + "\n")
	if body := strings.TrimSpace(strings.Map(printable, m.Body)); body != "" {
		b.WriteString("\n" + body + "\n")
	}
	for i, t := range m.Trailers {
		if !trailerKey(t.Key) {
			return "", fmt.Errorf("trailer key %q is not made of letters, digits and dashes", t.Key)
		}
		if i == 0 {
			b.WriteString("\n")
		}
		b.WriteString(t.Key + ": " + fold(t.Value) + "\n")
	}
	return b.String(), nil
}

// Trailers returns the trailers in their order. Only the last paragraph of a
// message holds trailers, and every line of it is one.
func (h Head) Trailers() []Trailer {
	paragraphs := strings.Split(strings.TrimRight(h.Message, "\n"), "\n\n")
	if len(paragraphs) < 2 {
		return nil
	}
	var all []Trailer
	for line := range strings.SplitSeq(paragraphs[len(paragraphs)-1], "\n") {
		k, v, found := strings.Cut(line, ":")
		if !found || !trailerKey(k) {
			return nil
		}
		all = append(all, Trailer{k, strings.TrimSpace(v)})
	}
	return all
}

// Trailer returns the value of the last trailer with the given key.
func (h Head) Trailer(key string) (value string, ok bool) {
	for _, t := range h.Trailers() {
		if strings.EqualFold(t.Key, key) {
			value, ok = t.Value, true
		}
	}
	return value, ok
}

func trailerKey(s string) bool {
	for _, c := range s {
		if c != '-' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return s != ""
}

// fold makes one line of s.
func fold(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == '\t' {
			return ' '
		}
		return printable(r)
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// printable drops control characters other than line ends and tabs.
func printable(r rune) rune {
	if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
		return -1
	}
	return r
}

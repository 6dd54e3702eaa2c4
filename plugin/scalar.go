package plugin

import (
	"bytes"
	"strings"
)

// letters are bytes with which begins a text without quotes, and nothing else
// that YAML has.
var letters = func() (all [256]bool) {
	for c := range all {
		all[c] = 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '/' || c == '_'
	}
	return all
}()

// plain reports whether a text may stand without quotes, as far as its
// beginning tells.
func plain(text []byte) bool {
	if letters[text[0]] {
		return true
	}
	switch text[0] {
	case '-', '?', ':':
		return len(text) > 1 && text[1] != ' '
	case ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`':
		return false
	}
	return true
}

// isItem reports whether a text is an item of a list.
func isItem(text []byte) bool { return text[0] == '-' && (len(text) == 1 || text[1] == ' ') }

// cut cuts "key: value". It finds no key with escapes in it, and no merge.
func cut(text []byte) (key, value []byte, found bool) {
	var end int
	if quote := text[0]; quote == '"' || quote == '\'' {
		n, _ := closing(text[1:], quote)
		key, end = text[1:1+n], n+2
		found = end < len(text) && colon(text[end:]) == 0 && bytes.IndexByte(key, '\\') < 0
	} else if end = colon(text); end > 0 {
		key = text[:end]
		found = plain(key) && key[end-1] != ' '
	}
	if !found || string(key) == "<<" {
		return nil, nil, false
	}
	for value = text[end+1:]; len(value) > 0 && value[0] == ' '; {
		value = value[1:]
	}
	return key, value, true
}

// colon returns where a text has the colon that ends a key, -1 for nowhere
// before a comment.
func colon(text []byte) int {
	for i, c := range text {
		switch {
		case c > ':':
		case c == ':' && (i+1 == len(text) || text[i+1] == ' '):
			return i
		case c == '#' && (i == 0 || text[i-1] == ' '):
			return -1
		}
	}
	return -1
}

// closing returns where a text in quotes ends, its length if it goes on in the
// next line. It reports false at escapes that are not checked here.
func closing(text []byte, quote byte) (end int, ok bool) {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == quote && quote == '\'' && i+1 < len(text) && text[i+1] == quote:
			i++
		case c == quote:
			return i, true
		case c == '\\' && quote == '"':
			if i++; i < len(text) && strings.IndexByte(`0abtnvfre "'\N_LP`, text[i]) < 0 {
				return len(text), false
			}
		}
	}
	return len(text), true
}

// word reports whether a text without quotes is a string to every reader.
func word(text []byte) bool {
	if c := text[0] | 0x20; c < 'a' || c > 'z' || !printed(text, '!') || text[len(text)-1] == ':' {
		return false
	}
	if len(text) > len("false") {
		return true
	}
	switch strings.ToLower(string(text)) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return false
	}
	return true
}

// printed reports whether a text is of ASCII characters from the first on.
func printed(text []byte, first byte) bool {
	for _, c := range text {
		if c < first || c > '~' {
			return false
		}
	}
	return true
}

// number reports whether a text is a number in the one way to write it.
func number(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) <= 9 && (text[0] != '0' || len(text) == 1)
}

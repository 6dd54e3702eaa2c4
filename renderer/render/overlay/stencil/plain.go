package stencil

import "strings"

// The classes of values decide how a scalar is written. They are deliberately
// narrow: a value outside them is encoded by kustomize's own encoders. The
// rules of both encoders (go.yaml.in/yaml v3 between the stages, v2 for the
// output) were read from resolve.go and yaml_emitter_analyze_scalar; a fuzz
// target compares them with the encoders.

// reserved are the words, in lower case, that some YAML parser does not take for strings.
var reserved = map[string]bool{
	"y": true, "yes": true, "n": true, "no": true, "on": true, "off": true, "true": true, "false": true,
	"null": true, "nan": true, "inf": true, "infinity": true,
}

// number reports whether s is a decimal integer in canonical form that every
// parser takes for an int of the same digits.
func number(s string) bool {
	return digits(s) && len(s) <= 15 && (s[0] != '0' || len(s) == 1)
}

// quoted reports whether s is a text that every parser would take for a number
// or a boolean without quotes, so that both encoders put it into double ones.
func quoted(s string) bool {
	whole, part, fraction := strings.Cut(s, ".")
	if fraction {
		return len(s) <= 15 && digits(whole) && digits(part)
	}
	return number(s) || s == "true" || s == "false"
}

// digits reports whether s is made of decimal digits.
func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// plain reports whether s, written without quotes, is that string for both
// encoders. Blanks between words are allowed; lines are broken at them.
func plain(s string) bool {
	if s == "" || len(s) > 1024 {
		return false
	}
	switch c := s[0]; {
	case letter(c), c == '/':
	case c >= '0' && c <= '9':
		// No number, timestamp or sexagesimal contains one of these letters.
		if !strings.ContainsAny(s, "ghjklmqrsuvwyGHJKLMQRSUVWY") {
			return false
		}
	default:
		return false
	}
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case letter(c), c >= '0' && c <= '9':
		case c == '.', c == '_', c == '-', c == '/', c == '=', c == '@', c == '+', c == '%', c == '~':
		case c == ' ', c == ':', c == ',':
			// Neither at the end nor before a blank.
			if i+1 == len(s) || s[i+1] == ' ' {
				return false
			}
		default:
			return false
		}
	}
	return len(s) > 8 || !reserved[strings.ToLower(s)]
}

func letter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

package stencil

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"slices"
	"strings"
)

// alphabet is one set of sentinels. Two alphabets differ in length, in letters
// and in order: a result that depends on any of these is not a stencil.
type alphabet struct {
	prefix  string
	length  int
	falling bool // later sentinels sort before earlier ones
}

var alphabets = []alphabet{{"zq", 22, false}, {"bjx", 17, true}}

// sentinel is one token of one value, and the text that stands for it.
type sentinel struct {
	text   string
	source int // index into the values of a form: namespace, tenant, parameters
	token  int
}

// sentinels returns values of the given shapes made of sentinels. The texts
// are derived from seed, so that they occur nowhere else and are the same
// every time.
func (a alphabet) sentinels(seed string, shapes []string) ([]string, []sentinel) {
	var all []sentinel
	values := make([]string, len(shapes))
	for source, shape := range shapes {
		if shape == same {
			values[source] = values[0]
			continue
		}
		token := 0
		values[source] = fill(shape, func() string {
			text := a.text(seed, len(all))
			all = append(all, sentinel{text, source, token})
			token++
			return text
		})
	}
	return values, all
}

// text returns the n-th sentinel: the prefix, two letters that give the order,
// and a hash.
func (a alphabet) text(seed string, n int) string {
	if a.falling {
		n = 26*26 - 1 - n
	}
	order := string([]byte{'a' + byte(n/26%26), 'a' + byte(n%26)})
	sum := sha256.Sum256(binary.BigEndian.AppendUint32([]byte(a.prefix+seed), uint32(n)))
	hash := strings.ToLower(base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:]))
	return (a.prefix + order + hash)[:a.length]
}

// maxSentinels is how many can be told apart by the two letters of their order.
const maxSentinels = 26 * 26

// part is a piece of a scalar: text, or the token of a value.
type part struct {
	text   string
	source int
	token  int // -1 for text
}

// split takes the sentinels out of a scalar; nil if there are none.
func (a alphabet) split(s string, all []sentinel) []part {
	var parts []part
	from := 0
	for i := 0; i+a.length <= len(s); i++ {
		if !strings.HasPrefix(s[i:], a.prefix) {
			continue
		}
		n := slices.IndexFunc(all, func(x sentinel) bool { return x.text == s[i:i+a.length] })
		if n < 0 {
			continue
		}
		if i > from {
			parts = append(parts, part{s[from:i], 0, -1})
		}
		parts = append(parts, part{"", all[n].source, all[n].token})
		i += a.length - 1
		from = i + 1
	}
	if parts != nil && from < len(s) {
		parts = append(parts, part{s[from:], 0, -1})
	}
	return parts
}

// left reports whether the beginning of a sentinel is left in a text.
func (a alphabet) left(text string, all []sentinel) bool {
	lower := strings.ToLower(text)
	return slices.ContainsFunc(all, func(x sentinel) bool {
		return strings.Contains(lower, x.text[:len(a.prefix)+8])
	})
}

package caller

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Tokens are callers by their bearer tokens, of a file with one a line: the
// caller's name and its token. A caller may have several, while they rotate.
type Tokens struct{ *reread[[]token] }

// token is a caller with the digest of its token.
type token struct {
	name   string
	digest [sha256.Size]byte
}

// leastToken is how many bytes a token has to have.
const leastToken = 32

// OpenTokens reads the file of tokens.
func OpenTokens(path string, now time.Time) (*Tokens, error) {
	r, err := open(now, func() ([]token, error) {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fault.Hintf("check that the file is there and ours to read", "reading tokens: %w", err)
		}
		return parseTokens(path, string(data))
	})
	if err != nil {
		return nil, err
	}
	return &Tokens{r}, nil
}

// parseTokens reads the lines of a file; its errors hold no token.
func parseTokens(path, text string) ([]token, error) {
	var all []token
	n := 0
	for line := range strings.Lines(text) {
		n++
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		switch {
		case len(words) != 2:
			return nil, fault.Hintf("write the caller's name and its token", "tokens %q, line %d: has %d words, want two", path, n, len(words))
		case !ident.IsDNSName(words[0]):
			return nil, fault.Hintf("use letters a-z, digits, hyphens and dots", "tokens %q, line %d: the name is not usable", path, n)
		case len(words[1]) < leastToken:
			return nil, fault.Hintf("make one with: openssl rand -hex 32", "tokens %q, line %d: the token of %q has %d bytes, want %d at least", path, n, words[0], len(words[1]), leastToken)
		}
		all = append(all, token{words[0], sha256.Sum256([]byte(words[1]))})
	}
	if len(all) == 0 {
		return nil, fault.Hintf("write a line for each caller", "tokens %q: holds none", path)
	}
	return all, nil
}

// find returns whose token it is. It looks at all of them, whichever it is.
func (t *Tokens) find(presented string, now time.Time) (string, bool) {
	digest := sha256.Sum256([]byte(presented))
	all, found := t.get(now), -1
	for i := range all {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(digest[:], all[i].digest[:]), i, found)
	}
	if found < 0 {
		return "", false
	}
	return all[found].name, true
}

// certified returns the name of a certificate that was verified: its first DNS
// name, or its common name.
func certified(c *x509.Certificate, names []string) (string, bool) {
	name := c.Subject.CommonName
	if len(c.DNSNames) > 0 {
		name = c.DNSNames[0]
	}
	return name, name != "" && (len(names) == 0 || slices.Contains(names, name))
}

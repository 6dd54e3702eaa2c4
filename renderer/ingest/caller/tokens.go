package caller

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Tokens are callers of a file with one a line: the caller's name, its bearer
// token, and perhaps what it is limited to. A caller may have several, while
// they rotate. A hyphen in place of the token limits who has that name by its
// certificate.
type Tokens struct{ all *Files[[]token] }

// token is a caller with the digest of its token.
type token struct {
	Caller
	digest    [sha256.Size]byte
	certified bool // and then there is no token
}

// leastToken is how many bytes a token has to have.
const leastToken = 32

// OpenTokens reads the file of callers. Later readings that fail leave them as
// they were, and are told to failed, which may be nil.
func OpenTokens(path string, now time.Time, failed func(error)) (*Tokens, error) {
	all, err := Open(now, func() ([]token, error) {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fault.Hintf("check that the file is there and ours to read", "reading tokens: %w", err)
		}
		return parseTokens(path, string(data))
	}, failed)
	if err != nil {
		return nil, err
	}
	return &Tokens{all}, nil
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
		t, err := parseToken(words)
		if err != nil {
			return nil, fmt.Errorf("tokens %q, line %d: %w", path, n, err)
		}
		all = append(all, t)
	}
	if len(all) == 0 {
		return nil, fault.Hintf("write a line for each caller", "tokens %q: holds none", path)
	}
	return all, nil
}

func parseToken(words []string) (token, error) {
	if len(words) < 2 {
		return token{}, fault.Hintf("write the caller's name and its token", "has %d word, want two at least", len(words))
	}
	t := token{Caller: Caller{Name: words[0]}, certified: words[1] == "-"}
	switch {
	case !ident.IsDNSName(t.Name):
		return t, fault.Hintf("use letters a-z, digits, hyphens and dots", "the name is not usable")
	case !t.certified && len(words[1]) < leastToken:
		return t, fault.Hintf("make one with: openssl rand -hex 32", "the token of %q has %d bytes, want %d at least", t.Name, len(words[1]), leastToken)
	case !t.certified:
		t.digest = sha256.Sum256([]byte(words[1]))
	}
	for _, word := range words[2:] {
		if err := t.Scope.limit(word); err != nil {
			return t, err
		}
	}
	if t.certified && !t.Scope.Limited() {
		return t, fault.Hintf("write tenants=ID,ID or products=NAME,NAME behind the hyphen", "the certificate of %q is limited to nothing", t.Name)
	}
	return t, nil
}

// find returns whose token it is. It looks at all of them, whichever it is.
func (t *Tokens) find(presented string, now time.Time) (Caller, bool) {
	digest := sha256.Sum256([]byte(presented))
	all, found := t.all.Get(now), -1
	for i := range all {
		if !all[i].certified {
			found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(digest[:], all[i].digest[:]), i, found)
		}
	}
	if found < 0 {
		return Caller{}, false
	}
	return all[found].Caller, true
}

// scope returns what a name that is known by its certificate is limited to.
func (t *Tokens) scope(name string, now time.Time) Scope {
	for _, one := range t.all.Get(now) {
		if one.certified && one.Name == name {
			return one.Scope
		}
	}
	return Scope{}
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

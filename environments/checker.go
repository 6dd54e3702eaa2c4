package environments

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/strict"
)

// checker collects faults of one file, or of one item of a list in it.
type checker struct {
	file   string
	lines  strict.Lines
	faults *[]error
	path   []any  // of the item
	who    string // what people call the item, with ": " behind it
}

// item returns the checker of the item at a path.
func (c checker) item(who string, path ...any) checker {
	c.path, c.who = path, who+": "
	return c
}

// addf adds a fault of a field, such as "etcd.prefix".
func (c checker) addf(field, hint, format string, args ...any) {
	path := slices.Clone(c.path)
	for key := range strings.FieldsFuncSeq(field, func(r rune) bool { return r == '.' || r == ' ' }) {
		path = append(path, key)
	}
	*c.faults = append(*c.faults, fault.Hintf(hint, "checking %s: %s%w", place(c.file, c.lines, path), c.who, fmt.Errorf(format, args...)))
}

func place(file string, lines strict.Lines, path []any) string {
	if line := lines.Of(path...); line > 0 {
		return fmt.Sprintf("%s: line %d", file, line)
	}
	return file
}

// add keeps what a gate says of a field, with its hint; nil is no fault.
func (c checker) add(field string, err error) {
	if err != nil {
		c.addf(field, fault.HintOf(err), "%s %w", field, err)
	}
}

func (c checker) match(field, value string, fits func(string) bool, hint string) {
	if !fits(value) {
		c.addf(field, hint, "%s %+q is not allowed", field, value)
	}
}

func (c checker) within(field string, n, least, most int) {
	if n < least || n > most {
		c.addf(field, fmt.Sprintf("use %d to %d", least, most), "%s %d is out of range", field, n)
	}
}

func (c checker) header(apiVersion, kind, want string) {
	if apiVersion != APIVersion || kind != want {
		c.addf("kind", fmt.Sprintf("begin the file with apiVersion: %s and kind: %s", APIVersion, want),
			"apiVersion %q, kind %q", apiVersion, kind)
	}
}

// server checks the URL of a server, which must not contain credentials.
func (c checker) server(field, value, keep string, schemes ...string) {
	switch u, err := url.Parse(value); {
	case err != nil || !slices.Contains(schemes, u.Scheme) || u.Host == "":
		c.addf(field, "use "+schemes[0]+"://host[:port]", "%s %+q is no server URL", field, value)
	case u.User != nil:
		c.addf(field, keep, "%s at %q contains credentials", field, u.Host)
	}
}

// reason asks for a line that tells whoever meets the item why it is there.
func (c checker) reason(reason string) {
	const most = 300
	if strings.TrimSpace(reason) == "" {
		c.addf("", "add reason: for whoever meets it", "it is not complete: it has no reason")
	}
	if len(reason) > most || strings.ContainsFunc(reason, unicode.IsControl) {
		c.addf("reason", fmt.Sprintf("use one line of at most %d bytes", most), "reason %s is no line", fault.Clip(reason))
	}
}

// needs asks for a field of the item.
func (c checker) needs(field string, zero bool) {
	if zero {
		c.addf("", "add "+field, "it is not complete: it has no %s", field)
	}
}

// once refuses a key that seen has already.
func once[K comparable](c checker, seen map[K]bool, key K, what string) {
	if seen[key] {
		c.addf("", "remove one of them", "%s is there twice", what)
	}
	seen[key] = true
}

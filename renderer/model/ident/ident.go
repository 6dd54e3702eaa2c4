// Package ident is the one gate through which names from outside pass before
// they become a path, a Kubernetes name, a label or a word in YAML.
//
// A value of type Name can only be made by Parse (or by decoding, which calls
// it), so a function that takes a Name needs no check of its own. All kinds
// are lower-case ASCII: no name differs from another by case, script or
// direction marks, none contains a path separator, a dot segment or a leading
// dash, and none is a word that Git, Windows or sluice itself gives a meaning.
// The zero Name is empty and never valid input.
package ident

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Kind selects the rule of a name; its implementations are the kinds below.
type Kind interface{ rule() rule }

// rule is one row of the gate's table.
type rule struct {
	what     string   // what errors call it
	max      int      // length in bytes
	dots     bool     // versions may contain dots
	reserved []string // words refused whole
	prefixes []string // prefixes refused
}

type (
	// TenantKind names a tenant, e.g. 1000006.
	TenantKind struct{}
	// ProductKind names a product, e.g. swg.
	ProductKind struct{}
	// VersionKind names a published version, e.g. 202 or 3.10.0-133.
	VersionKind struct{}
	// ComponentKind names a component, e.g. policy-store.
	ComponentKind struct{}
	// EnvironmentKind names an environment, e.g. pop-sha1.
	EnvironmentKind struct{}
	// RingKind names a ring, e.g. canary.
	RingKind struct{}
)

// Names by kind.
type (
	// Tenant is the id of a tenant.
	Tenant = Name[TenantKind]
	// Product is the name of a product.
	Product = Name[ProductKind]
	// Version is a published version of a product or shared component.
	Version = Name[VersionKind]
	// Component is the name of a component.
	Component = Name[ComponentKind]
	// Environment is the name of an environment.
	Environment = Name[EnvironmentKind]
	// Ring is the name of a ring.
	Ring = Name[RingKind]
)

// The lengths keep "<env>-<tenant>-<product>" within the 63 bytes of a label
// value: 16 + 1 + 30 + 1 + 15. Devices are reserved for every kind.
func (TenantKind) rule() rule {
	return rule{what: "tenant id", max: 30, reserved: []string{"shared"}, prefixes: []string{"shared-"}}
}

func (ProductKind) rule() rule {
	return rule{what: "product name", max: 15, reserved: []string{"base", "shared"}}
}
func (VersionKind) rule() rule { return rule{what: "version", max: 32, dots: true} }
func (ComponentKind) rule() rule {
	return rule{what: "component name", max: 40, reserved: []string{"routes", "kustomization"}}
}
func (EnvironmentKind) rule() rule { return rule{what: "environment name", max: 16} }

func (RingKind) rule() rule {
	return rule{what: "ring name", max: 20, reserved: []string{"shared"}, prefixes: []string{"shared-"}}
}

// Name is a checked name of kind K. Names are comparable and may be map keys.
type Name[K Kind] struct{ s string }

// String returns the name as it was given; it is empty for the zero Name.
func (n Name[K]) String() string { return n.s }

// IsZero reports whether n is the empty, invalid name.
func (n Name[K]) IsZero() bool { return n.s == "" }

// Compare orders names bytewise, as Git and kubectl do.
func (n Name[K]) Compare(o Name[K]) int { return strings.Compare(n.s, o.s) }

// MarshalText returns the name.
func (n Name[K]) MarshalText() ([]byte, error) { return []byte(n.s), nil }

// UnmarshalText parses the name; it fails as Parse does.
func (n *Name[K]) UnmarshalText(text []byte) error {
	p, err := Parse[K](string(text))
	if err != nil {
		return err
	}
	*n = p
	return nil
}

// Parse returns s as a name of kind K. The error names the kind, the value,
// the rule that it breaks and a hint.
func Parse[K Kind](s string) (Name[K], error) {
	var k K
	if err := k.rule().check(s); err != nil {
		return Name[K]{}, err
	}
	return Name[K]{s}, nil
}

// Must returns s as a name of kind K and panics if it is none. It is for
// constants in tests and demos.
func Must[K Kind](s string) Name[K] {
	n, err := Parse[K](s)
	if err != nil {
		panic(err)
	}
	return n
}

func (r rule) check(s string) error {
	const form = "use 1 to %d characters a-z, 0-9 and '-', beginning and ending with a letter or digit"
	bad := func(why string) error {
		return fault.Hintf(fmt.Sprintf(form, r.max), "%s %s: %s", r.what, fault.Clip(s), why)
	}
	switch {
	case s == "":
		return bad("is empty")
	case len(s) > r.max:
		return bad(fmt.Sprintf("has %d bytes, at most %d are allowed", len(s), r.max))
	}
	for i, c := range s {
		if !r.allows(c) {
			return bad(fmt.Sprintf("character %d is %s", utf8.RuneCountInString(s[:i])+1, describe(c)))
		}
	}
	switch {
	case !alphanumeric(s[0]):
		return bad("begins with " + fmt.Sprintf("%q", s[:1]))
	case !alphanumeric(s[len(s)-1]):
		return bad("ends with " + fmt.Sprintf("%q", s[len(s)-1:]))
	case strings.Contains(s, ".."):
		return bad(`contains ".."`)
	case strings.HasSuffix(s, ".lock"):
		return bad(`ends with ".lock"`)
	}
	return r.checkReserved(s, bad)
}

func (r rule) checkReserved(s string, bad func(string) error) error {
	if slices.Contains(r.reserved, s) {
		return bad("is a reserved word")
	}
	if IsDevice(s) {
		return bad("is reserved: Windows has a device of that name")
	}
	for _, p := range r.prefixes {
		if strings.HasPrefix(s, p) {
			return bad(fmt.Sprintf("begins with the reserved prefix %q", p))
		}
	}
	return nil
}

func (r rule) allows(c rune) bool {
	return c == '-' || c < utf8.RuneSelf && alphanumeric(byte(c)) || r.dots && c == '.'
}

func alphanumeric(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }

// describe names a character so that look-alikes and invisible marks are seen.
func describe(c rune) string {
	if c == utf8.RuneError {
		return "not valid UTF-8"
	}
	return fmt.Sprintf("%+q (%U)", c, c)
}

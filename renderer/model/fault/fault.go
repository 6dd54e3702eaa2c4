// Package fault classifies errors by their consequence and carries the hint
// that tells a person how to mend them.
//
// It adds two facts to an error and nothing else: the class, which callers
// branch on (exit codes, retries), and the hint, which the command line and
// the Argo CD user interface print on a line of its own. Errors are wrapped
// with fmt.Errorf as everywhere; class and hint are found through any depth
// of wrapping. The package prints nothing and retries nothing.
package fault

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Class says what has to happen before the same call can succeed.
type Class int

const (
	// Unknown is the class of an error that nobody classified.
	Unknown Class = iota
	// Person marks an error that a person must mend: bad input, refused rights.
	Person
	// Wait marks an error that ends by itself at a known event: a hold, a lease of another replica.
	Wait
	// Retry marks an error that a later identical call may not meet: a lost race, a broken connection.
	Retry
	// Skipped marks one input that was left out while the others went on.
	Skipped
)

// String returns the word that logs and metrics use for c.
func (c Class) String() string {
	switch c {
	case Person:
		return "person"
	case Wait:
		return "wait"
	case Retry:
		return "retry"
	case Skipped:
		return "skipped"
	default:
		return "unknown"
	}
}

// Error is an error with its class and a hint. The hint is one sentence
// without a full stop; it may be empty.
type Error struct {
	Class Class
	Hint  string
	Err   error
}

// Error returns the message of the wrapped error; the hint is not part of it.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the wrapped error.
func (e *Error) Unwrap() error { return e.Err }

// New returns an error of class c with a formatted message and a hint.
func New(c Class, hint, format string, args ...any) error {
	return &Error{Class: c, Hint: hint, Err: fmt.Errorf(format, args...)}
}

// Hintf returns an error that a person can mend, with the hint that says how.
func Hintf(hint, format string, args ...any) error {
	return New(Person, hint, format, args...)
}

// ClassOf returns the class of the outermost classified error in err's tree,
// and Unknown if there is none.
func ClassOf(err error) Class {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Class
	}
	return Unknown
}

// HintOf returns the first non-empty hint in err's tree, outermost first.
func HintOf(err error) string {
	for err != nil {
		var e *Error
		if !errors.As(err, &e) {
			return ""
		}
		if e.Hint != "" {
			return e.Hint
		}
		err = e.Err
	}
	return ""
}

// maxListed is how many items of a list an error message names.
const maxListed = 3

// List returns the sorted, quoted items cut at three: `"a", "b", "c" and 4 more`.
func List[S ~string](items []S) string {
	sorted := slices.Sorted(slices.Values(items))
	var b strings.Builder
	for i, s := range sorted {
		if i == maxListed {
			fmt.Fprintf(&b, " and %d more", len(sorted)-maxListed)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", string(s))
	}
	return b.String()
}

// maxShown is how many bytes of a hostile value an error shows.
const maxShown = 48

// maxLine bounds what Line leaves, in bytes.
const maxLine = 200

// Line returns what a foreign system says as one line of printable characters,
// of bounded length.
func Line(s string) string {
	s = strings.ToValidUTF8(s[:min(len(s), 16*maxLine)], "")
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if len(s) <= maxLine {
		return s
	}
	return strings.ToValidUTF8(s[:maxLine], "") + "..."
}

// Clip quotes a hostile value for an error message: what is not ASCII is
// escaped, and its length is bounded.
func Clip(s string) string {
	if len(s) > maxShown {
		return fmt.Sprintf("%+q...", s[:maxShown])
	}
	return fmt.Sprintf("%+q", s)
}

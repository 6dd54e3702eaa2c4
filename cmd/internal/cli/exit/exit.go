// Package exit is the table from errors to exit codes, and the form in which
// the command line prints an error. No other place decides either.
package exit

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Exit codes.
const (
	OK        = 0  // done
	Different = 1  // --check or diff found a difference, or a rollout failed
	Failed    = 2  // a person must act; nothing was written
	Skipped   = 3  // done, but some input was left out
	Waiting   = 3  // a rollout is under way
	Refused   = 3  // a plan has changes that break something and are not declared
	Later     = 75 // the same command may succeed later (EX_TEMPFAIL)
)

// ErrDifferent is returned by commands that found a difference and have
// printed it already.
var ErrDifferent = errors.New("differences found")

// ErrHalted and ErrWaiting are returned by commands that looked at rollouts and
// have printed what they found: one failed, or one is under way.
var (
	ErrHalted  = errors.New("a rollout failed")
	ErrWaiting = errors.New("a rollout is under way")
)

// ErrRefused is returned with the errors that say which changes a plan refuses.
var ErrRefused = errors.New("the plan is refused")

// silent reports whether an error is an exit code only.
func silent(err error) bool {
	return errors.Is(err, ErrDifferent) || errors.Is(err, ErrHalted) || errors.Is(err, ErrWaiting) || errors.Is(err, ErrRefused)
}

// Code returns the exit code for err.
func Code(err error) int {
	switch {
	case err == nil:
		return OK
	case errors.Is(err, ErrDifferent), errors.Is(err, ErrHalted):
		return Different
	case errors.Is(err, ErrWaiting):
		return Waiting
	case errors.Is(err, ErrRefused):
		return Refused
	}
	switch fault.ClassOf(err) {
	case fault.Skipped:
		return Skipped
	case fault.Retry, fault.Wait:
		return Later
	default:
		return Failed
	}
}

// Print writes err for people: a line that says what is wrong and, where a
// person can mend it, a line that says how. Each part of a joined error has
// its own lines. What stands for an exit code alone prints nothing.
func Print(w io.Writer, err error) {
	for _, e := range parts(err) {
		if silent(e) {
			continue
		}
		fmt.Fprintf(w, "sluice: error: %s\n", oneLine(e.Error()))
		if hint := fault.HintOf(e); hint != "" {
			fmt.Fprintf(w, "sluice: hint: %s\n", oneLine(hint))
		}
	}
}

// parts returns the parts of a joined error, or err itself.
func parts(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error }) // only the outermost join is printed apart
	if !ok {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, parts(e)...)
	}
	return all
}

// oneLine keeps what others said from adding lines or terminal controls.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		if r < ' ' || r == 0x7f || 0x80 <= r && r < 0xa0 {
			return -1
		}
		return r
	}, s)
}

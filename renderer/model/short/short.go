// Package short says what a short run of the tests leaves out.
//
// `go test -short` is for the loop of an edit and its tests: all of it takes
// less than a minute. What starts other programs or an etcd again and again,
// waits, or repeats something for seconds is left to `make test`. A run under
// the race detector is short as well, but only of what says so to package
// testing: such a test takes minutes there.
package short

import "testing"

// Run reports whether this is a short run.
func Run() bool { return testing.Short() && !race }

// Skip skips a test in a short run; why says what takes its time.
func Skip(t testing.TB, why string) {
	t.Helper()
	if Run() {
		t.Skip("not in a short run: " + why)
	}
}

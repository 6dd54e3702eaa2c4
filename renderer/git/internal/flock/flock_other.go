//go:build !unix

package flock

import "os"

// Supported says whether the system has such locks.
const Supported = false

// Try never gets a lock where the system has none: nothing proves an owner
// dead there, and what a dead one left is for people to remove.
func Try(*os.File) (bool, error) { return false, nil }

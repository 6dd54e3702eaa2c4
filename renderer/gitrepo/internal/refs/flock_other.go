//go:build !unix

package refs

import "os"

// canFlock says that the system has flock(2).
const canFlock = false

// flock never gets a lock where the system has none: stale locks are then
// left to people, as git does.
func flock(*os.File) (bool, error) { return false, nil }

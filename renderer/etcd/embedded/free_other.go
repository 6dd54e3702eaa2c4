//go:build !linux && !darwin

package embedded

// free returns how many bytes may still be written where dir is, which is not
// asked here: a disk that is full says so itself.
func free(string) uint64 { return unknown }

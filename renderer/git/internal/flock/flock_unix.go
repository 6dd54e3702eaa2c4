//go:build unix

package flock

import (
	"errors"
	"os"
	"syscall"
)

// Supported says whether the system has such locks.
const Supported = true

// Try takes the file's lock without waiting and reports whether it got it.
// Closing the file gives it back.
func Try(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

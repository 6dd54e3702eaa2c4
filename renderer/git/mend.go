package git

import (
	"errors"
	"io/fs"
	"syscall"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// mend adds to an error of the disk what a person can do about it. Errors that
// have a class keep it.
func mend(err error) error {
	switch {
	case err == nil || fault.ClassOf(err) != fault.Unknown:
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fault.New(fault.Person, "free some space, then try again: nothing was changed", "%w", err)
	case errors.Is(err, syscall.EFBIG):
		return fault.New(fault.Person, "raise the limit on the size of files (ulimit -f), then try again: nothing was changed", "%w", err)
	case errors.Is(err, syscall.EROFS):
		return fault.New(fault.Person, "mount the file system for writing, or name a directory on another one", "%w", err)
	case errors.Is(err, fs.ErrPermission):
		return fault.New(fault.Person, "give this user the right to write there", "%w", err)
	}
	return err
}

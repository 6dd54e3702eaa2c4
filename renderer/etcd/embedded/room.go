package embedded

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

const (
	// segment is what etcd allots to a file of its log before it writes to it.
	segment = 64 << 20
	// crumbs are what a directory with a log needs for a start.
	crumbs = 1 << 20
	// unknown is the room on a disk that does not tell.
	unknown = 1 << 62
)

// room refuses to start where etcd would run out of room while it makes its
// files: it leaves half of one behind then, over which the next start falls.
func room(dir string, free uint64) error {
	least := uint64(segment + crumbs)
	if logs, _ := filepath.Glob(filepath.Join(dir, "member", "wal", "*.wal")); len(logs) > 0 {
		least = crumbs
	}
	if free >= least {
		return nil
	}
	return full(dir, fmt.Errorf("%d KiB are free, %d are needed", free>>10, least>>10))
}

// explain words why etcd could not be started. No hint makes anybody move or
// remove data for want of room.
func explain(dir string, err error, free uint64) error {
	const noSpace, quota = syscall.ENOSPC, syscall.EDQUOT
	switch {
	case errors.Is(err, noSpace), errors.Is(err, quota), strings.Contains(err.Error(), noSpace.Error()):
		return full(dir, err)
	case errors.Is(err, os.ErrPermission), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EROFS):
		return fault.Hintf("name a directory that you may write with --etcd-dir", "starting etcd in %q: %w", dir, err)
	case free < segment:
		return fault.Hintf("make room first: the disk is almost full; leave the directory as it is", "starting etcd in %q: %w", dir, err)
	}
	hint := "keep the directory as it is; restore a copy of it, or fill another --etcd-dir with `sluice authz import` from a list"
	return fault.Hintf(cmp.Or(fault.HintOf(err), hint), "starting etcd in %q: %w", dir, err)
}

// full says that the disk is.
func full(dir string, err error) error {
	return fault.Hintf("make room on that disk, or name another with --etcd-dir; the directory is not damaged, leave it as it is",
		"starting etcd in %q: its disk is full: %w", dir, err)
}

package pack

import (
	"os"
	"syscall"
)

// startWriteback asks the kernel to begin writing a range, so that the fsync
// at the end finds little to do. Failing is harmless.
func startWriteback(f *os.File, at, n int64) {
	const write = 2 // SYNC_FILE_RANGE_WRITE: start, do not wait
	_ = syscall.SyncFileRange(int(f.Fd()), at, n, write)
}

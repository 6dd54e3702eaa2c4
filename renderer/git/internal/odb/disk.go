package odb

import (
	"os"
	"path/filepath"

	"github.com/gatorcloud/sluice/renderer/git/internal/flock"
	"github.com/gatorcloud/sluice/renderer/git/internal/pack"
)

// tempPrefix begins the names of temporary files: git prune removes old ones
// that begin with tmp_, and Sweep those of dead processes of this program.
const tempPrefix = "tmp_sluice_"

// Disk is the real disk below one object directory.
type Disk string

// CreateTemp returns a new temporary file in the pack directory, where git
// prune looks for leftovers. It removes those that could not be removed when
// they were of no use any more: the disk may have been read-only.
func (d Disk) CreateTemp(prefix string) (*os.File, error) {
	dir := filepath.Join(string(d), "pack")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	sweep(dir)
	return flock.CreateTemp(dir, tempPrefix+prefix)
}

// Write is f.Write.
func (d Disk) Write(f *os.File, b []byte) (int, error) { return f.Write(b) }

// Rename is os.Rename.
func (d Disk) Rename(from, to string) error { return os.Rename(from, to) }

// Disk returns the disk that temporary files of the store are made on.
func (s *Store) Disk() pack.Disk { return s.disk }

// Sweep removes temporary files that dead processes of this program left.
func (s *Store) Sweep() {
	dirs := []string{filepath.Join(s.dir, "pack")}
	if s.ledger != "" {
		dirs = append(dirs, filepath.Dir(s.ledger))
	}
	for _, dir := range dirs {
		sweep(dir)
	}
}

func sweep(dir string) { flock.Sweep(dir, tempPrefix, func(*os.File) error { return nil }) }

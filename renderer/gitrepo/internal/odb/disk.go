package odb

import (
	"os"
	"path/filepath"

	"github.com/gatorcloud/sluice/renderer/gitrepo/internal/pack"
)

// Disk is the real disk below one object directory.
type Disk string

// CreateTemp returns a new temporary file in the pack directory, where git
// prune looks for leftovers.
func (d Disk) CreateTemp(prefix string) (*os.File, error) {
	dir := filepath.Join(string(d), "pack")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	return os.CreateTemp(dir, prefix)
}

// Write is f.Write.
func (d Disk) Write(f *os.File, b []byte) (int, error) { return f.Write(b) }

// Disk returns the disk that temporary files of the store are made on.
func (s *Store) Disk() pack.Disk { return s.disk }

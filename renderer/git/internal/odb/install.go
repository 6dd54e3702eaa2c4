package odb

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gatorcloud/sluice/renderer/git/internal/flock"
	"github.com/gatorcloud/sluice/renderer/git/internal/pack"
)

// Install makes p part of the store. A durable install is on the disk when it
// returns. After an error nothing of p is visible.
//
// Small commits are packs too: two files to create and to flush, where loose
// objects would be one for each object, of 4 KiB on most disks. That the packs
// stay few is the work of Compact.
func (s *Store) Install(p *pack.Pack, durable bool) error {
	if err := s.install(p, durable); err != nil {
		return fmt.Errorf("storing objects: %w", err)
	}
	return nil
}

// install gives a pack its final name, index last: a pack without an index is
// not seen.
func (s *Store) install(p *pack.Pack, durable bool) error {
	dir := filepath.Join(s.dir, "pack")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	data, err := s.packFile(p)
	if err != nil {
		return err
	}
	defer drop(data)
	index, err := s.writeTemp(dir, "idx_", func(b *bytes.Buffer) error { b.Write(p.Index()); return nil })
	if err != nil {
		return err
	}
	defer drop(index)
	if durable {
		if err := errors.Join(data.Sync(), index.Sync()); err != nil {
			return err
		}
	}
	final := s.packPath(p.Checksum.String())
	if err := s.disk.Rename(data.Name(), final); err != nil {
		return err
	}
	if err := s.disk.Rename(index.Name(), indexPath(final)); err != nil {
		return err
	}
	return s.adopt(final)
}

// adopt opens a pack that this process installed.
func (s *Store) adopt(path string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.list() {
		if p.Path() == path {
			return nil
		}
	}
	p, err := pack.Open(path)
	if err != nil {
		return err
	}
	packs := append([]*pack.File{p}, s.list()...) // what is new is asked for first
	s.packs.Store(&packs)
	return nil
}

func (s *Store) packPath(checksum string) string {
	return filepath.Join(s.dir, "pack", "pack-"+checksum+".pack")
}

func indexPath(packPath string) string { return strings.TrimSuffix(packPath, ".pack") + ".idx" }

// drop closes a temporary file and deletes it unless it has its final name by now.
func drop(f *os.File) {
	_ = f.Close()
	_ = os.Remove(f.Name())
}

// packFile returns the temporary file of p, which lies in the pack directory.
func (s *Store) packFile(p *pack.Pack) (*os.File, error) {
	if f := p.File(); f != nil {
		return f, f.Chmod(0o444)
	}
	return s.writeTemp(filepath.Join(s.dir, "pack"), "pack_", func(b *bytes.Buffer) error {
		_, err := b.ReadFrom(p.Reader())
		return err
	})
}

// writeTemp returns a read-only temporary file that holds what fill gives.
func (s *Store) writeTemp(dir, prefix string, fill func(*bytes.Buffer) error) (*os.File, error) {
	var b bytes.Buffer
	if err := fill(&b); err != nil {
		return nil, err
	}
	f, err := flock.CreateTemp(dir, tempPrefix+prefix)
	if err != nil {
		return nil, err
	}
	if _, err = s.disk.Write(f, b.Bytes()); err == nil {
		err = f.Chmod(0o444)
	}
	if err != nil {
		drop(f)
		return nil, err
	}
	return f, nil
}

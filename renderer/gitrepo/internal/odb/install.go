package odb

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/gatorcloud/sluice/renderer/gitrepo/internal/object"
	"github.com/gatorcloud/sluice/renderer/gitrepo/internal/pack"
)

// unpackLimit is the number of objects up to which a pack is stored as loose
// objects. It is git receive-pack's own limit (receive.unpackLimit), for its
// own reason: a lookup slows down with every pack and not with loose objects,
// and a fleet's daily changes are thousands of tiny commits.
const unpackLimit = 100

// Install makes the objects of p part of the store. A durable install is on
// the disk when it returns. On an error some complete objects may have been
// stored, which nothing refers to.
func (s *Store) Install(p *pack.Pack, durable bool) error {
	var err error
	if p.Count <= unpackLimit && p.File() == nil {
		err = s.installLoose(p, durable)
	} else {
		err = s.installPack(p, durable)
	}
	if err != nil {
		return fmt.Errorf("storing objects: %w", err)
	}
	return nil
}

// looseFile is a loose object that has no final name yet.
type looseFile struct {
	hash object.Hash
	file *os.File
}

func (s *Store) installLoose(p *pack.Pack, durable bool) error {
	var files []looseFile
	defer func() {
		for _, f := range files { // those without a final name
			_ = f.file.Close()
			_ = os.Remove(f.file.Name())
		}
	}()
	err := p.Each(func(k object.Kind, h object.Hash, data []byte) error {
		f, err := s.writeTemp(s.dir, "tmp_obj_", func(b *bytes.Buffer) error { return pack.WriteLoose(b, k, data) })
		if err == nil {
			files = append(files, looseFile{h, f})
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := syncAll(files, durable); err != nil {
		return err
	}
	for len(files) > 0 {
		if err := s.nameLoose(files[0]); err != nil {
			return err
		}
		files = files[1:]
	}
	return nil
}

// syncAll flushes the files side by side: a journal commits them together.
func syncAll(files []looseFile, durable bool) error {
	if !durable {
		return nil
	}
	var g errgroup.Group
	g.SetLimit(16)
	for _, f := range files {
		g.Go(f.file.Sync)
	}
	return g.Wait()
}

func (s *Store) nameLoose(f looseFile) error {
	path := s.loosePath(f.hash)
	if !s.looseDirs[f.hash[0]].Load() {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		s.looseDirs[f.hash[0]].Store(true)
	}
	if err := os.Rename(f.file.Name(), path); err != nil {
		return err
	}
	return f.file.Close()
}

// writeTemp returns a read-only temporary file that holds what fill gives.
func (s *Store) writeTemp(dir, prefix string, fill func(*bytes.Buffer) error) (*os.File, error) {
	var b bytes.Buffer
	if err := fill(&b); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(dir, prefix)
	if err != nil {
		return nil, err
	}
	if _, err = s.disk.Write(f, b.Bytes()); err == nil {
		err = f.Chmod(0o444)
	}
	if err != nil {
		_ = f.Close()
		_ = os.Remove(f.Name())
		return nil, err
	}
	return f, nil
}

// installPack gives a pack its final name, index last: a pack without an
// index is not seen.
func (s *Store) installPack(p *pack.Pack, durable bool) error {
	dir := filepath.Join(s.dir, "pack")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	data, err := s.packFile(p)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(data.Name()) }() // gone once it has its final name
	index, err := s.writeTemp(dir, "tmp_idx_", func(b *bytes.Buffer) error { b.Write(p.Index()); return nil })
	if err != nil {
		return err
	}
	defer func() {
		_ = index.Close()
		_ = os.Remove(index.Name())
	}()
	if err := syncAll([]looseFile{{file: data}, {file: index}}, durable); err != nil {
		return err
	}
	final := filepath.Join(dir, "pack-"+p.Checksum.String()+".pack")
	if err := os.Rename(data.Name(), final); err != nil {
		return err
	}
	if err := os.Rename(index.Name(), strings.TrimSuffix(final, ".pack")+".idx"); err != nil {
		return err
	}
	return s.Refresh()
}

// packFile returns the temporary file of p, which lies in the pack directory.
func (s *Store) packFile(p *pack.Pack) (*os.File, error) {
	if f := p.File(); f != nil {
		return f, f.Chmod(0o444)
	}
	return s.writeTemp(filepath.Join(s.dir, "pack"), "tmp_pack_", func(b *bytes.Buffer) error {
		_, err := b.ReadFrom(p.Reader())
		return err
	})
}

package odb

import (
	"bytes"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"strings"

	"github.com/gatorcloud/sluice/renderer/gitrepo/internal/object"
	"github.com/gatorcloud/sluice/renderer/gitrepo/internal/pack"
)

const (
	// fanIn is how many packs of one level are joined into one of the next, so
	// that n commits leave about fanIn * log(n) packs and an object is copied
	// once for each level.
	fanIn = 16
	// levels bounds the joining: larger packs are left to git gc.
	levels = 4
)

// level classes packs by their number of objects: 1-7, 8-127, 128-2047 ...
func level(objects int) int { return bits.Len(uint(objects)) / 4 }

// small is a line of the ledger: a pack that this program wrote.
type small struct {
	checksum string
	objects  int
}

// Compact takes note of a pack that was installed and joins small packs of
// this program's making when there are many. Packs of others are never
// touched, nor any pack while git keeps a multi-pack index.
//
// The joined pack is in place before the old ones go, so a reader finds each
// object at any time: git looks for new packs when one is gone, as it must
// with git repack -d.
func (s *Store) Compact(installed *pack.Pack, durable bool) error {
	if s.ledger == "" || level(installed.Count) >= levels {
		return nil
	}
	s.compacting.Lock()
	defer s.compacting.Unlock()
	all, err := s.readLedger()
	if err != nil {
		return fmt.Errorf("joining packs: %w", err)
	}
	now := small{installed.Checksum.String(), installed.Count}
	joined, err := s.join(append(all, now), durable)
	if err == nil && len(joined.gone) == 0 {
		err = s.noteLedger(now)
	} else if err == nil {
		err = s.writeLedger(joined.kept)
	}
	if err != nil {
		return fmt.Errorf("joining packs: %w", err)
	}
	return s.forget(joined.gone)
}

// plan says which packs stay and which may go.
type plan struct{ kept, gone []small }

// join joins the packs of every level that is full.
func (s *Store) join(all []small, durable bool) (plan, error) {
	if _, err := os.Lstat(filepath.Join(s.dir, "pack", "multi-pack-index")); err == nil {
		return plan{kept: all}, nil
	}
	var p plan
	for l := range levels {
		var full []small
		for _, e := range all {
			if level(e.objects) == l {
				full = append(full, e)
			}
		}
		if len(full) < fanIn {
			p.kept = append(p.kept, full...)
			continue
		}
		made, err := s.joinAll(full, durable)
		if err != nil {
			return p, err
		}
		p.gone = append(p.gone, full...)
		if level(made.objects) < levels {
			all = append(all, made)
		}
		if level(made.objects) == l { // equal objects: no larger than its parts
			p.kept = append(p.kept, made)
		}
	}
	return p, nil
}

// joinAll writes one pack of all objects of the given packs.
func (s *Store) joinAll(packs []small, durable bool) (small, error) {
	w := pack.NewWriter(s.disk, nil)
	defer w.Discard()
	for _, e := range packs {
		f, err := pack.Open(s.packPath(e.checksum))
		if errors.Is(err, os.ErrNotExist) {
			continue // git gc was here
		}
		if err != nil {
			return small{}, err
		}
		err = f.CopyTo(w)
		f.Close()
		if err != nil {
			return small{}, err
		}
	}
	p, err := w.Finish()
	if err != nil || p.Count == 0 {
		return small{}, err
	}
	defer p.Discard()
	return small{p.Checksum.String(), p.Count}, s.install(p, durable)
}

// forget deletes packs whose objects are in another one now.
func (s *Store) forget(packs []small) error {
	if len(packs) == 0 {
		return nil
	}
	var errs []error
	for _, e := range packs {
		path := s.packPath(e.checksum)
		for _, f := range []string{indexPath(path), path} {
			if err := os.Remove(f); err != nil && !errors.Is(err, os.ErrNotExist) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(append(errs, s.Refresh())...)
}

// line returns the ledger's line.
func (e small) line() string { return fmt.Sprintf("%s %d\n", e.checksum, e.objects) }

// noteLedger adds one line.
func (s *Store) noteLedger(e small) error {
	if err := os.MkdirAll(filepath.Dir(s.ledger), 0o777); err != nil {
		return err
	}
	f, err := os.OpenFile(s.ledger, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	_, err = f.WriteString(e.line())
	return errors.Join(err, f.Close())
}

// readLedger returns the packs that this program wrote and may join. A line
// that makes no sense is dropped: its pack is left to git gc.
func (s *Store) readLedger() ([]small, error) {
	b, err := os.ReadFile(s.ledger)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var all []small
	for line := range strings.Lines(string(b)) {
		var e small
		if n, _ := fmt.Sscanf(line, "%40s %d\n", &e.checksum, &e.objects); n != 2 || e.objects < 1 {
			continue
		}
		if _, err := object.Parse(e.checksum); err == nil {
			all = append(all, e)
		}
	}
	return all, nil
}

func (s *Store) writeLedger(all []small) error {
	dir := filepath.Dir(s.ledger)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	f, err := s.writeTemp(dir, "packs_", func(b *bytes.Buffer) error {
		for _, e := range all {
			b.WriteString(e.line())
		}
		return nil
	})
	if err != nil {
		return err
	}
	defer drop(f)
	return s.disk.Rename(f.Name(), s.ledger)
}

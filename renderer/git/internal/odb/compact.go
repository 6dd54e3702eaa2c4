package odb

import (
	"bytes"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
	"github.com/gatorcloud/sluice/renderer/git/internal/pack"
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
	p := s.join(append(all, now), durable)
	if p.err == nil && len(p.gone) == 0 {
		err = s.noteLedger(now)
	} else {
		err = s.writeLedger(p.kept)
	}
	if err == nil { // only what the ledger lists no more may go
		err = s.forget(p.gone)
	}
	if err = errors.Join(p.err, err); err != nil {
		return fmt.Errorf("joining packs: %w", err)
	}
	return nil
}

// plan says which packs stay listed and which may go.
type plan struct {
	kept, gone []small
	err        error // why some packs were not joined
}

// join joins the packs of every level that is full.
func (s *Store) join(all []small, durable bool) plan {
	if _, err := os.Lstat(filepath.Join(s.dir, "pack", "multi-pack-index")); err == nil {
		return plan{kept: all}
	}
	var p plan
	for l := range levels {
		full := slices.DeleteFunc(slices.Clone(all), func(e small) bool { return level(e.objects) != l })
		if len(full) >= fanIn {
			full = s.present(full)
		}
		if len(full) < fanIn {
			p.kept = append(p.kept, full...)
			continue
		}
		made, err := s.joinAll(full, durable)
		if err != nil {
			p.err = err
			p.kept = append(p.kept, readable(full, err)...)
			continue
		}
		p.gone = append(p.gone, full...)
		all = append(all, made)
		if level(made.objects) <= l { // the parts held the same objects
			p.kept = append(p.kept, made)
		}
	}
	// Packs are named by content: one that was made may be one of its parts.
	p.gone = slices.DeleteFunc(p.gone, func(e small) bool { return slices.Contains(p.kept, e) })
	return p
}

// badPack is the error of a pack that cannot be read.
type badPack struct {
	pack small
	err  error
}

// Error names the pack.
func (e *badPack) Error() string { return fmt.Sprintf("pack %s: %v", e.pack.checksum, e.err) }

// Unwrap returns what is wrong with it.
func (e *badPack) Unwrap() error { return e.err }

// readable returns packs without the one that made joining fail: it is left
// to git, so that it fails once and not at every commit.
func readable(packs []small, err error) []small {
	var bad *badPack
	if !errors.As(err, &bad) {
		return packs
	}
	return slices.DeleteFunc(packs, func(e small) bool { return e == bad.pack })
}

// present returns the packs that are still there, each once.
func (s *Store) present(packs []small) []small {
	seen := map[string]bool{}
	return slices.DeleteFunc(packs, func(e small) bool {
		_, err := os.Lstat(s.packPath(e.checksum))
		known := seen[e.checksum]
		seen[e.checksum] = true
		return known || err != nil
	})
}

// joinAll writes one pack of all objects of the given packs.
func (s *Store) joinAll(packs []small, durable bool) (small, error) {
	w := pack.NewWriter(s.disk, nil)
	defer w.Discard()
	for _, e := range packs {
		f, err := pack.Open(s.packPath(e.checksum))
		if err == nil {
			err = f.CopyTo(w)
			f.Close()
		}
		if err != nil {
			return small{}, &badPack{e, err}
		}
	}
	p, err := w.Finish()
	if err != nil {
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
		checksum, count, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		objects, err := strconv.Atoi(count)
		if _, bad := object.Parse(checksum); err == nil && bad == nil && objects > 0 {
			all = append(all, small{checksum, objects})
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

package odb

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
	"github.com/gatorcloud/sluice/renderer/git/internal/pack"
)

// Read returns the object h. Its error is ErrMissing or ErrDamaged.
func (s *Store) Read(h object.Hash) (object.Kind, []byte, error) {
	k, data, err := s.find(h)
	if err != nil {
		return 0, nil, fmt.Errorf("reading object %s: %w", h, err)
	}
	hasher := s.hashers.Get().(*object.Hasher)
	defer s.hashers.Put(hasher)
	if got := hasher.Sum(k, data); got != h {
		return 0, nil, fmt.Errorf("reading object %s: %w: its bytes are those of %s", h, ErrDamaged, got)
	}
	return k, data, nil
}

// ReadKind returns the content of the object h, which must be of kind k.
func (s *Store) ReadKind(k object.Kind, h object.Hash) ([]byte, error) {
	got, data, err := s.Read(h)
	if err == nil && got != k {
		err = fmt.Errorf("reading object %s: it is a %s, want a %s", h, got, k)
	}
	return data, err
}

// find reads an object, which git gc or Compact may move at any time. A listing
// of the packs that goes on meanwhile can miss both the old pack and the new
// one, so an object is missing only if two listings after another are the same.
func (s *Store) find(h object.Hash) (object.Kind, []byte, error) {
	for same := 0; ; {
		before := s.changes.Load()
		k, data, err := s.read(h)
		if !errors.Is(err, ErrMissing) || same == 2 {
			return k, data, err
		}
		if err := s.Refresh(); err != nil {
			return 0, nil, err
		}
		if same++; s.changes.Load() != before {
			same = 0
		}
	}
}

func (s *Store) read(h object.Hash) (object.Kind, []byte, error) {
	for _, p := range s.list() {
		k, data, err := p.Read(h, s.Read)
		switch {
		case errors.Is(err, pack.ErrMissing):
			continue
		case err != nil:
			return 0, nil, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		return k, data, nil
	}
	if k, data, err := s.readLoose(h); !errors.Is(err, ErrMissing) {
		return k, data, err
	}
	for _, a := range s.alternates {
		if k, data, err := a.read(h); !errors.Is(err, ErrMissing) {
			return k, data, err
		}
	}
	return 0, nil, ErrMissing
}

func (s *Store) readLoose(h object.Hash) (object.Kind, []byte, error) {
	if !s.looseDirs[h[0]].Load() {
		return 0, nil, ErrMissing
	}
	f, err := os.Open(s.loosePath(h))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil, ErrMissing
	}
	if err != nil {
		return 0, nil, err
	}
	defer f.Close()
	r := s.inflaters.Get().(*pack.LooseReader)
	defer s.inflaters.Put(r)
	k, data, err := r.Read(f)
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return k, data, nil
}

// Has reports whether the store holds h, without looking for packs that came since.
func (s *Store) Has(h object.Hash) bool { return s.where(h) != "" }

// where returns the file that holds h, or nothing.
func (s *Store) where(h object.Hash) string {
	for _, p := range s.list() {
		if p.Has(h) {
			return p.Path()
		}
	}
	if s.looseDirs[h[0]].Load() {
		path := s.loosePath(h)
		if _, err := os.Lstat(path); err == nil {
			return path
		}
	}
	for _, a := range s.alternates {
		if path := a.where(h); path != "" {
			return path
		}
	}
	return ""
}

// Freshen reports whether the store holds h, and if so makes its file look
// new, so that a git prune that runs meanwhile keeps an object that a commit
// is about to use again. An object that cannot be freshened counts as absent
// and is written once more, which is what git does.
func (s *Store) Freshen(h object.Hash) bool {
	for range 2 {
		path := s.where(h)
		if path == "" {
			return false
		}
		now := time.Now() // the disk's time, not that of a render
		err := os.Chtimes(path, now, now)
		if !errors.Is(err, os.ErrNotExist) || s.Refresh() != nil {
			return err == nil
		}
	}
	return false
}

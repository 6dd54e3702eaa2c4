// Package odb is a repository's object directory: loose objects, packs and
// alternates, read in place.
//
// Reading touches only what is asked for, so a lookup costs the same in a
// repository of a hundred tenants and of a hundred thousand. Every object that
// is read is hashed again and compared with its name: what the disk damaged is
// never returned. Installing is atomic for each object or pack and leaves
// nothing half-written under a final name; temporary files begin with tmp_,
// which git prune removes too.
package odb

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
	"github.com/gatorcloud/sluice/renderer/git/internal/pack"
)

var (
	// ErrMissing is the error of an object that the store does not hold.
	ErrMissing = errors.New("object is missing")
	// ErrDamaged is the error of an object whose stored bytes are not those of its name.
	ErrDamaged = errors.New("object is damaged")
)

// Store is an object directory. It is safe for concurrent use, also by other
// processes: git gc may run at any time.
type Store struct {
	dir        string
	disk       pack.Disk
	alternates []*Store
	looseDirs  [256]atomic.Bool // objects/xx is known to exist
	hashers    sync.Pool
	inflaters  sync.Pool
	ledger     string     // the list of packs that may be joined; "" for none
	compacting sync.Mutex // held while they are

	mu      sync.Mutex // held to replace packs
	packs   atomic.Pointer[[]*pack.File]
	seen    []string     // the names that Refresh found last
	changes atomic.Int64 // how often it found others
	readDir func(path string) []os.DirEntry
}

// Open opens the directory, usually <repository>/objects. The ledger is a file
// that lists the packs which Compact may join; without one none are.
func Open(dir, ledger string, d pack.Disk) (*Store, error) {
	s, err := open(dir, d, 5)
	if err != nil {
		return nil, err
	}
	s.ledger = ledger
	s.Sweep()
	return s, nil
}

// open follows alternates to the depth that git allows.
func open(dir string, d pack.Disk, depth int) (*Store, error) {
	s := &Store{dir: dir, disk: d, readDir: readDir}
	s.hashers.New = func() any { return object.NewHasher() }
	s.inflaters.New = func() any { return pack.NewLooseReader() }
	s.packs.Store(new([]*pack.File))
	if err := s.Refresh(); err != nil {
		return nil, err
	}
	if err := s.openAlternates(depth); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Store) openAlternates(depth int) error {
	f, err := os.Open(filepath.Join(s.dir, "info", "alternates"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading alternates: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		path := lines.Text()
		if path == "" || strings.HasPrefix(path, "#") {
			continue
		}
		if !filepath.IsAbs(path) {
			path = filepath.Join(s.dir, path)
		}
		if depth == 0 {
			return fmt.Errorf("reading alternates: %q is nested too deeply", path)
		}
		a, err := open(path, s.disk, depth-1)
		if err != nil {
			return fmt.Errorf("opening alternate %q: %w", path, err)
		}
		s.alternates = append(s.alternates, a)
	}
	return lines.Err()
}

// Close closes the files of the store.
func (s *Store) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.list() {
		p.Close()
	}
	s.packs.Store(new([]*pack.File))
	for _, a := range s.alternates {
		a.Close()
	}
}

func (s *Store) list() []*pack.File { return *s.packs.Load() }

// Refresh looks for packs and directories that came since and forgets packs
// that went, here and in the alternates. Packs are not closed, because another
// goroutine may be reading them; the garbage collector closes them.
func (s *Store) Refresh() error {
	if err := s.refresh(); err != nil {
		return err
	}
	for _, a := range s.alternates {
		if err := a.Refresh(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) refresh() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, e := range s.readDir(s.dir) {
		if n, ok := looseDir(e.Name()); ok {
			s.looseDirs[n].Store(true)
			names = append(names, e.Name())
		}
	}
	known := map[string]*pack.File{}
	for _, p := range s.list() {
		known[p.Path()] = p
	}
	var packs []*pack.File
	for _, e := range s.readDir(filepath.Join(s.dir, "pack")) {
		name, ok := strings.CutSuffix(e.Name(), ".idx") // the last of a pack to come, the first to go
		if !ok || !strings.HasPrefix(name, "pack-") {
			continue
		}
		names = append(names, name)
		path := filepath.Join(s.dir, "pack", name+".pack")
		if p := known[path]; p != nil {
			packs = append(packs, p)
			continue
		}
		p, err := pack.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			continue // it went since the directory was listed
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		packs = append(packs, p)
	}
	s.packs.Store(&packs)
	if !slices.Equal(names, s.seen) {
		s.seen = names
		s.changes.Add(1)
	}
	return nil
}

// readDir lists a directory; one that cannot be listed has no entries, and
// what is missed is reported as a missing object.
func readDir(path string) []os.DirEntry {
	entries, _ := os.ReadDir(path)
	return entries
}

// looseDir returns the first byte of the names of the loose objects in a directory.
func looseDir(name string) (byte, bool) {
	const digits = "0123456789abcdef"
	if len(name) != 2 {
		return 0, false
	}
	hi, lo := strings.IndexByte(digits, name[0]), strings.IndexByte(digits, name[1])
	return byte(hi<<4 | lo&15), hi >= 0 && lo >= 0
}

// loosePath returns where a loose object lies.
func (s *Store) loosePath(h object.Hash) string {
	name := h.String()
	return s.dir + string(filepath.Separator) + name[:2] + string(filepath.Separator) + name[2:]
}

package object

import (
	"bytes"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Mode is the mode of a tree entry, in Git's own numbers.
type Mode uint32

// The modes that Git writes.
const (
	ModeDir        Mode = 0o40000
	ModeFile       Mode = 0o100644
	ModeExecutable Mode = 0o100755
	ModeSymlink    Mode = 0o120000
	ModeSubmodule  Mode = 0o160000
)

// IsDir reports whether m is the mode of a tree.
func (m Mode) IsDir() bool { return m == ModeDir }

// Entry is one entry of a tree. The zero Entry stands for an absent one.
type Entry struct {
	Name string
	Mode Mode
	Hash Hash
}

// IsZero reports whether e is the absent entry.
func (e Entry) IsZero() bool { return e.Mode == 0 }

// Same reports whether e and o name the same content, whatever they are called.
func (e Entry) Same(o Entry) bool { return e.Mode == o.Mode && e.Hash == o.Hash }

// AppendEntry appends the encoding of e to a tree's encoding. Entries must be
// appended in the order of Compare.
func AppendEntry(b []byte, e Entry) []byte {
	b = strconv.AppendUint(b, uint64(e.Mode), 8)
	b = append(b, ' ')
	b = append(b, e.Name...)
	b = append(b, 0)
	return append(b, e.Hash[:]...)
}

// Compare orders entries as a tree holds them: a directory sorts as if its
// name ended in a slash.
func Compare(a, b Entry) int {
	n := min(len(a.Name), len(b.Name))
	if c := strings.Compare(a.Name[:n], b.Name[:n]); c != 0 {
		return c
	}
	return int(a.at(n)) - int(b.at(n))
}

// at returns the byte of the name as it sorts, at its end and beyond.
func (e Entry) at(i int) byte {
	switch {
	case i < len(e.Name):
		return e.Name[i]
	case e.Mode.IsDir():
		return '/'
	default:
		return 0
	}
}

// Encoded is the content of a tree object, which may be hostile: the methods
// read it in place and fail rather than guess.
type Encoded []byte

// Find returns the entry called name, or the zero Entry.
func (t Encoded) Find(name string) (Entry, error) {
	for len(t) > 0 {
		raw, rest, err := t.cut()
		if err != nil {
			return Entry{}, err
		}
		if string(raw.name) == name {
			return raw.entry()
		}
		t = rest
	}
	return Entry{}, nil
}

// All yields the entries in order, and stops after the first error.
func (t Encoded) All() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for len(t) > 0 {
			raw, rest, err := t.cut()
			if err != nil {
				yield(Entry{}, err)
				return
			}
			if e, err := raw.entry(); !yield(e, err) || err != nil {
				return
			}
			t = rest
		}
	}
}

// Entries returns all entries.
func (t Encoded) Entries() ([]Entry, error) {
	var entries []Entry
	for e, err := range t.All() {
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// Placed is an entry of a tree with the place of its hash in the encoding.
// Plain says that its mode is encoded as AppendEntry does, and not in one of
// the forms of old repositories.
type Placed struct {
	Entry
	At    int
	Plain bool
}

// Select returns the entries whose names wanted accepts; others are not decoded.
func (t Encoded) Select(wanted func(name []byte) bool) ([]Placed, error) {
	var found []Placed
	for rest := t; len(rest) > 0; {
		raw, next, err := rest.cut()
		if err != nil {
			return nil, err
		}
		if wanted(raw.name) {
			e, err := raw.entry()
			if err != nil {
				return nil, err
			}
			plain := string(raw.mode) == strconv.FormatUint(uint64(e.Mode), 8)
			found = append(found, Placed{e, len(t) - len(next) - Size, plain})
		}
		rest = next
	}
	return found, nil
}

// Replace returns the tree with other hashes at the given places.
func (t Encoded) Replace(places []Placed) Encoded {
	out := bytes.Clone(t)
	for _, p := range places {
		copy(out[p.At:], p.Hash[:])
	}
	return out
}

// Splice returns the tree without the entries whose names drop accepts, and
// with the given ones, which are sorted. What stays is copied as it is.
func (t Encoded) Splice(add []Entry, drop func(name []byte) bool) (Encoded, error) {
	size := len(t)
	for _, e := range add {
		size += len(e.Name) + Size + 8
	}
	out := make(Encoded, 0, size)
	for len(t) > 0 {
		raw, rest, err := t.cut()
		if err != nil {
			return nil, err
		}
		for len(add) > 0 && add[0].before(raw) {
			out, add = AppendEntry(out, add[0]), add[1:]
		}
		if !drop(raw.name) {
			out = append(out, raw.all...)
		}
		t = rest
	}
	for _, e := range add {
		out = AppendEntry(out, e)
	}
	return out, nil
}

// before reports whether e sorts before an encoded entry.
func (e Entry) before(raw rawEntry) bool {
	n := min(len(e.Name), len(raw.name))
	if c := strings.Compare(e.Name[:n], string(raw.name[:n])); c != 0 {
		return c < 0
	}
	theirs := byte(0)
	if n < len(raw.name) {
		theirs = raw.name[n]
	} else if raw.isDir() {
		theirs = '/'
	}
	return e.at(n) < theirs
}

// isDir reports whether the entry's mode is that of a tree; old repositories
// also have 040000 and 40755.
func (r rawEntry) isDir() bool {
	m := bytes.TrimLeft(r.mode, "0")
	return len(m) == 5 && m[0] == '4'
}

// rawEntry is an entry that still points into the tree's encoding.
type rawEntry struct{ all, mode, name, hash []byte }

// cut splits the first entry off. Trees are read by scanning, so this is
// called more often than anything else.
func (t Encoded) cut() (rawEntry, Encoded, error) {
	space := 0
	for space < len(t) && t[space] != ' ' && space < 8 {
		space++
	}
	nul := -1
	if space < len(t) && t[space] == ' ' {
		nul = bytes.IndexByte(t[space+1:], 0)
	}
	end := space + 1 + nul + 1 + Size
	if nul <= 0 || end > len(t) {
		return rawEntry{}, nil, fmt.Errorf("reading tree: bad or truncated entry %s", fault.Clip(string(t[:min(len(t), 32)])))
	}
	return rawEntry{t[:end], t[:space], t[space+1 : space+1+nul], t[end-Size : end]}, t[end:], nil
}

func (r rawEntry) entry() (Entry, error) {
	var mode Mode
	for _, c := range r.mode {
		if c < '0' || c > '7' || mode > 1<<20 {
			return Entry{}, fmt.Errorf("reading tree: bad mode %s of %s", fault.Clip(string(r.mode)), fault.Clip(string(r.name)))
		}
		mode = mode<<3 | Mode(c-'0')
	}
	if bytes.IndexByte(r.name, '/') >= 0 {
		return Entry{}, fmt.Errorf("reading tree: bad name %s", fault.Clip(string(r.name)))
	}
	e := Entry{Name: string(r.name), Mode: mode.canonical()}
	copy(e.Hash[:], r.hash)
	return e, nil
}

// canonical maps the modes of old repositories (100664, 40755) to today's.
func (m Mode) canonical() Mode {
	switch m & 0o170000 {
	case 0o40000:
		return ModeDir
	case 0o120000:
		return ModeSymlink
	case 0o160000:
		return ModeSubmodule
	case 0o100000:
		if m&0o100 != 0 {
			return ModeExecutable
		}
		return ModeFile
	default:
		return ModeSubmodule // unknown: never read, never written over
	}
}

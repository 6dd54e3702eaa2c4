package pack

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
)

// CopyTo adds every object of the pack to w, deflated as it is. Packs with
// deltas are refused.
func (p *File) CopyTo(w *Writer) error {
	entries, err := p.index.all()
	if err != nil {
		return fmt.Errorf("reading pack %q: %w", p.path, err)
	}
	src := io.ReaderAt(p.file)
	if p.size <= chunkSize {
		whole := make([]byte, p.size)
		if _, err := p.file.ReadAt(whole, 0); err != nil {
			return fmt.Errorf("reading pack %q: %w", p.path, err)
		}
		src = bytes.NewReader(whole)
	}
	slices.SortFunc(entries, func(a, b indexEntry) int { return cmp.Compare(a.offset, b.offset) })
	for i, e := range entries {
		end := p.size
		if i+1 < len(entries) {
			end = entries[i+1].offset
		}
		if end <= e.offset || end-e.offset > maxObject {
			return fmt.Errorf("reading pack %q: object at offset %d has no length", p.path, e.offset)
		}
		raw := make([]byte, end-e.offset)
		if _, err := src.ReadAt(raw, e.offset); err != nil {
			return fmt.Errorf("reading pack %q: %w", p.path, err)
		}
		if k := object.Kind(raw[0] >> 4 & 7); k == ofsDelta || k == refDelta {
			return fmt.Errorf("reading pack %q: it has deltas", p.path)
		}
		if got := crc32.ChecksumIEEE(raw); got != e.crc {
			return fmt.Errorf("reading pack %q: object at offset %d is damaged", p.path, e.offset)
		}
		if err := w.addRaw(e, raw); err != nil {
			return err
		}
	}
	return nil
}

// all returns every entry of an index.
func (x *index) all() ([]indexEntry, error) {
	names, err := x.at(namesAt, x.count*object.Size)
	if err != nil {
		return nil, err
	}
	sums, err := x.at(namesAt+x.count*object.Size, x.count*4)
	if err != nil {
		return nil, err
	}
	entries := make([]indexEntry, x.count)
	for i := range entries {
		e := &entries[i]
		copy(e.hash[:], names[i*object.Size:])
		e.crc = binary.BigEndian.Uint32(sums[4*i:])
		if e.offset, err = x.offset(int64(i)); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// addRaw adds an object that is deflated already, unless the pack holds it.
func (w *Writer) addRaw(e indexEntry, raw []byte) error {
	if !w.claim(e.hash) {
		return nil
	}
	at, err := w.append(raw, 1)
	if err != nil {
		return err
	}
	e.offset = at
	s := w.shard(e.hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.index = append(s.index, e)
	return nil
}

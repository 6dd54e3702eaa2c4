package pack

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
)

// ErrThin is the error of a received pack that leans on objects outside of it.
var ErrThin = errors.New("deltas have no base in the pack")

// Receive stores the pack that a server sends up to the end of r, checks it
// and builds its index. Thin packs are refused with ErrThin.
func Receive(r io.Reader, d Disk) (*Pack, error) {
	f, err := d.CreateTemp("pack_")
	if err != nil {
		return nil, fmt.Errorf("receiving pack: %w", err)
	}
	p, err := receive(r, d, f)
	if err != nil {
		remove(f)
		return nil, fmt.Errorf("receiving pack: %w", err)
	}
	return p, nil
}

func receive(r io.Reader, d Disk, f *os.File) (*Pack, error) {
	p := &Pack{file: f}
	n, err := io.Copy(diskWriter{d, f}, r)
	if err != nil {
		return nil, err
	}
	if p.Size = n; n < headerSize+object.Size {
		return nil, fmt.Errorf("it ends after %d bytes: %w", n, io.ErrUnexpectedEOF)
	}
	if p.Checksum, err = checkTrailer(f, n); err != nil {
		return nil, err
	}
	s := &scan{file: f, end: n - object.Size, inflater: newInflater(), hasher: object.NewHasher()}
	if err := s.all(); err != nil {
		return nil, err
	}
	if err := s.resolve(); err != nil {
		return nil, err
	}
	if err := s.checksums(); err != nil {
		return nil, err
	}
	p.Count = len(s.entries)
	sortIndex(s.entries)
	p.index = encodeIndex(s.entries, p.Checksum[:])
	return p, nil
}

// diskWriter is Disk.Write to one file.
type diskWriter struct {
	disk Disk
	file *os.File
}

// Write writes b.
func (w diskWriter) Write(b []byte) (int, error) { return w.disk.Write(w.file, b) }

// checkTrailer compares the checksum at the end of the pack with its bytes.
func checkTrailer(f *os.File, n int64) (object.Hash, error) {
	d := newDigest()
	if _, err := io.Copy(d, io.NewSectionReader(f, 0, n-object.Size)); err != nil {
		return object.Hash{}, err
	}
	var want object.Hash
	if _, err := f.ReadAt(want[:], n-object.Size); err != nil {
		return want, err
	}
	if got := d.sum(); got != want {
		return want, fmt.Errorf("its checksum is %s, want %s", got, want)
	}
	return want, nil
}

// scan is the state of indexing one received pack.
type scan struct {
	file     *os.File
	end      int64
	inflater *inflater
	hasher   *object.Hasher

	entries []indexEntry    // in the order of offsets
	byBase  map[int64][]int // deltas, as places in entries, by the offset of their base
	byName  map[object.Hash][]int
	deltas  int // not resolved yet
}

// all reads every object in order and names those that are no deltas.
func (s *scan) all() error {
	s.byBase, s.byName = map[int64][]int{}, map[object.Hash][]int{}
	in := &counted{r: io.NewSectionReader(s.file, 0, s.end)}
	buffered := bufio.NewReaderSize(in, 1<<16)
	head := make([]byte, headerSize)
	if _, err := io.ReadFull(buffered, head); err != nil {
		return err
	}
	count, err := parseHeader(head)
	if err != nil {
		return err
	}
	s.entries = make([]indexEntry, 0, min(count, 1<<16))
	for range count {
		at := in.n - int64(buffered.Buffered())
		if err := s.one(buffered, at); err != nil {
			return fmt.Errorf("object at offset %d: %w", at, err)
		}
	}
	if at := in.n - int64(buffered.Buffered()); at != s.end {
		return fmt.Errorf("%d bytes follow its last object", s.end-at)
	}
	return nil
}

func (s *scan) one(in *bufio.Reader, at int64) error {
	o, err := readHeader(in)
	if err != nil {
		return err
	}
	if o.data, err = s.inflater.Inflate(in, o.size); err != nil {
		return err
	}
	e, d := indexEntry{offset: at}, len(s.entries)
	switch o.kind {
	case ofsDelta:
		s.deltas++
		s.byBase[at-o.back] = append(s.byBase[at-o.back], d)
	case refDelta:
		s.deltas++
		s.byName[o.base] = append(s.byName[o.base], d)
	default:
		e.hash = s.hasher.Sum(o.kind, o.data)
	}
	s.entries = append(s.entries, e)
	return nil
}

// counted counts the bytes read from r.
type counted struct {
	r io.Reader
	n int64
}

// Read reads from r.
func (c *counted) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// resolve names the deltas, from their bases outwards.
func (s *scan) resolve() error {
	for i := range s.entries {
		if s.deltas == 0 {
			return nil
		}
		e := s.entries[i]
		if e.hash.IsZero() || len(s.byBase[e.offset]) == 0 && len(s.byName[e.hash]) == 0 {
			continue
		}
		o, err := s.inflater.readAt(s.file, e.offset, s.end)
		if err != nil {
			return err
		}
		if o.kind == ofsDelta || o.kind == refDelta {
			continue // done when its own base was
		}
		if err := s.children(i, o.kind, o.data, maxChain); err != nil {
			return err
		}
	}
	if s.deltas > 0 {
		return fmt.Errorf("%w: %d", ErrThin, s.deltas)
	}
	return nil
}

// children names the deltas against entry i, whose content is base.
func (s *scan) children(i int, k object.Kind, base []byte, depth int) error {
	if depth == 0 {
		return fmt.Errorf("a chain of more than %d deltas", maxChain)
	}
	e := s.entries[i]
	children := slices.Concat(s.byBase[e.offset], s.byName[e.hash])
	delete(s.byBase, e.offset)
	delete(s.byName, e.hash)
	for _, c := range children {
		child := &s.entries[c]
		o, err := s.inflater.readAt(s.file, child.offset, s.end)
		if err != nil {
			return err
		}
		data, err := applyDelta(base, o.data)
		if err != nil {
			return fmt.Errorf("object at offset %d: %w", child.offset, err)
		}
		child.hash = s.hasher.Sum(k, data)
		s.deltas--
		if err := s.children(c, k, data, depth-1); err != nil {
			return err
		}
	}
	return nil
}

// checksums gives every entry the CRC of its bytes as the pack holds them.
func (s *scan) checksums() error {
	in := bufio.NewReaderSize(io.NewSectionReader(s.file, headerSize, s.end-headerSize), 1<<16)
	var b bytes.Buffer
	for i := range s.entries {
		next := s.end
		if i+1 < len(s.entries) {
			next = s.entries[i+1].offset
		}
		b.Reset()
		if _, err := io.CopyN(&b, in, next-s.entries[i].offset); err != nil {
			return err
		}
		s.entries[i].crc = crc32.ChecksumIEEE(b.Bytes())
	}
	return nil
}

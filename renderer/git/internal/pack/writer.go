package pack

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
)

const (
	// chunkSize is how much of a pack is gathered in memory before it goes to
	// the temporary file; a smaller pack has no file.
	chunkSize = 1 << 20
	// shards is a power of two: each holds the names with the same first bits.
	shards = 64
)

// ErrClosed is the error of a Writer that was finished or discarded.
var ErrClosed = errors.New("the pack is closed")

// Disk makes temporary files and gives them their final names. It is the one
// door to the disk, so that a full disk and a killed process can be tested.
type Disk interface {
	// CreateTemp returns a new file open for reading and writing.
	CreateTemp(prefix string) (*os.File, error)
	// Write is f.Write.
	Write(f *os.File, b []byte) (int, error)
	// Rename is os.Rename.
	Rename(from, to string) error
}

// Writer collects the objects of one pack. Batches may be used from many
// goroutines, one goroutine each.
type Writer struct {
	disk    Disk
	batches *Batches

	shards [shards]shard

	mu    sync.Mutex
	chunk []byte   // the tail of the pack that is not in file
	file  *os.File // nil while everything is in chunk
	size  int64    // of file and chunk
	count uint32
	err   error // the first failure; everything after it fails too
}

// shard holds the objects whose names begin with the same bits.
type shard struct {
	mu    sync.Mutex
	seen  map[object.Hash]struct{}
	index []indexEntry
}

// indexEntry is one line of the pack's index.
type indexEntry struct {
	hash   object.Hash
	crc    uint32
	offset int64
}

// NewWriter returns an empty pack. It must be finished or discarded. Batches
// may be shared by any number of writers.
func NewWriter(d Disk, b *Batches) *Writer {
	return &Writer{disk: d, batches: b, chunk: header(0), size: headerSize}
}

// Has reports whether the object is in the pack or about to be.
func (w *Writer) Has(h object.Hash) bool {
	s := w.shard(h)
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.seen[h]
	return ok
}

func (w *Writer) shard(h object.Hash) *shard { return &w.shards[h[0]/(256/shards)] }

// claim reports whether the caller is the first to add h, who must add it then.
func (w *Writer) claim(h object.Hash) bool {
	s := w.shard(h)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.seen[h]; ok {
		return false
	}
	if s.seen == nil {
		s.seen = map[object.Hash]struct{}{}
	}
	s.seen[h] = struct{}{}
	return true
}

// append copies deflated objects to the pack and returns the offset of the first.
func (w *Writer) append(b []byte, objects int) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return 0, w.err
	}
	at := w.size
	w.chunk = append(w.chunk, b...)
	w.size += int64(len(b))
	w.count += uint32(objects)
	if len(w.chunk) >= chunkSize {
		w.err = w.spill()
	}
	return at, w.err
}

// spill moves the chunk to the temporary file. The caller holds w.mu.
func (w *Writer) spill() error {
	if w.file == nil {
		f, err := w.disk.CreateTemp("pack_")
		if err != nil {
			return fmt.Errorf("writing pack: %w", err)
		}
		w.file = f
	}
	n, err := w.disk.Write(w.file, w.chunk)
	if err != nil {
		return fmt.Errorf("writing pack: %w", err)
	}
	startWriteback(w.file, w.size-int64(len(w.chunk)), int64(n))
	w.chunk = w.chunk[:0]
	return nil
}

// Discard removes the temporary file. It may be called more than once and
// after Finish, which it does not undo.
func (w *Writer) Discard() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = ErrClosed
	}
	w.chunk = nil
	remove(w.file)
	w.file = nil
}

// remove closes and deletes a temporary file; there is nobody to tell when
// that fails, and the next run deletes what is left.
func remove(f *os.File) {
	if f != nil {
		_ = f.Close()
		_ = os.Remove(f.Name())
	}
}

// Finish completes the pack. The Writer takes nothing more.
func (w *Writer) Finish() (*Pack, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return nil, w.err
	}
	p := &Pack{Count: int(w.count)}
	if err := w.seal(p); err != nil {
		w.err = err
		return nil, err
	}
	w.buildIndex(p)
	w.err, w.file, w.chunk = ErrClosed, nil, nil
	return p, nil
}

// seal writes the number of objects and the checksum, now that both are known.
func (w *Writer) seal(p *Pack) error {
	digest := newDigest()
	head := header(w.count)
	if w.file == nil {
		copy(w.chunk, head)
		digest.Write(w.chunk)
		p.Checksum = digest.sum()
		p.memory = append(w.chunk, p.Checksum[:]...)
		p.Size = int64(len(p.memory))
		return nil
	}
	if err := w.spill(); err != nil {
		return err
	}
	if _, err := w.file.WriteAt(head, 0); err != nil {
		return fmt.Errorf("writing pack: %w", err)
	}
	if _, err := io.Copy(digest, io.NewSectionReader(w.file, 0, w.size)); err != nil {
		return fmt.Errorf("checking pack: %w", err)
	}
	p.Checksum = digest.sum()
	if _, err := w.disk.Write(w.file, p.Checksum[:]); err != nil {
		return fmt.Errorf("writing pack: %w", err)
	}
	p.file, p.Size = w.file, w.size+object.Size
	return nil
}

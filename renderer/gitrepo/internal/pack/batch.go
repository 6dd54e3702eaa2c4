package pack

import (
	"fmt"
	"hash/crc32"
	"sync"

	"github.com/klauspost/compress/zlib"

	"github.com/gatorcloud/sluice/renderer/gitrepo/internal/object"
)

// level trades size for speed: overlays are small and git gc repacks them
// with deltas later.
const level = zlib.BestSpeed

// Batch gathers objects of one goroutine on their way into a pack.
type Batch struct {
	w       *Writer
	out     buffer
	deflate *zlib.Writer
	added   []indexEntry // offsets count from the start of out until Flush
}

// buffer is an io.Writer that appends.
type buffer []byte

// Write appends b.
func (o *buffer) Write(b []byte) (int, error) {
	*o = append(*o, b...)
	return len(b), nil
}

// Batches recycles batches, whose compressors are large.
type Batches struct{ pool sync.Pool }

// NewBatches returns an empty store of batches.
func NewBatches() *Batches {
	return &Batches{sync.Pool{New: func() any {
		b := &Batch{}
		b.deflate, _ = zlib.NewWriterLevel(&b.out, level) // the level is valid
		return b
	}}}
}

// Batch returns an empty batch; Flush gives it back.
func (w *Writer) Batch() *Batch {
	b := w.batches.pool.Get().(*Batch)
	b.w = w
	return b
}

// Add adds an object unless the pack holds it. The data is not kept.
func (b *Batch) Add(k object.Kind, h object.Hash, data []byte) error {
	if !b.w.claim(h) {
		return nil
	}
	at := len(b.out)
	b.out = appendObjectHeader(b.out, k, len(data))
	b.deflate.Reset(&b.out)
	if _, err := b.deflate.Write(data); err != nil {
		return fmt.Errorf("deflating %s %s: %w", k, h, err)
	}
	if err := b.deflate.Close(); err != nil {
		return fmt.Errorf("deflating %s %s: %w", k, h, err)
	}
	b.added = append(b.added, indexEntry{h, crc32.ChecksumIEEE(b.out[at:]), int64(at)})
	return nil
}

// Flush moves the batch into the pack and ends its use.
func (b *Batch) Flush() error {
	w := b.w
	defer b.release()
	if len(b.added) == 0 {
		return nil
	}
	at, err := w.append(b.out, len(b.added))
	if err != nil {
		return err
	}
	for _, e := range b.added {
		e.offset += at
		s := &w.shards[e.hash[0]]
		s.mu.Lock()
		s.index = append(s.index, e)
		s.mu.Unlock()
	}
	return nil
}

// release empties b and gives it to the next user.
func (b *Batch) release() {
	w := b.w
	b.w, b.out, b.added = nil, b.out[:0], b.added[:0]
	w.batches.pool.Put(b)
}

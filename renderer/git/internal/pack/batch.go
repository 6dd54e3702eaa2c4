package pack

import (
	"errors"
	"fmt"
	"hash/crc32"
	"sync"

	"github.com/klauspost/compress/zlib"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
)

// level trades size for speed: git gc repacks with deltas later.
const level = zlib.BestSpeed

// Batch gathers objects of one goroutine on their way into a pack.
type Batch struct {
	w       *Writer
	out     buffer
	encoder *encoder
	general *zlib.Writer // of objects too large for encoder; made when there is one
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
	return &Batches{sync.Pool{New: func() any { return &Batch{encoder: newEncoder()} }}}
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
	if err := b.deflate(k, data); err != nil {
		return fmt.Errorf("deflating %s %s: %w", k, h, err)
	}
	b.added = append(b.added, indexEntry{h, crc32.ChecksumIEEE(b.out[at:]), int64(at)})
	return nil
}

// deflate appends the zlib stream of an object.
func (b *Batch) deflate(k object.Kind, data []byte) error {
	switch {
	case len(data) > small:
	case k == object.Tree: // most of it is hashes, which do not shrink
		b.out = appendStored(b.out, data)
		return nil
	default:
		b.out = b.encoder.encode(b.out, data)
		return nil
	}
	if b.general == nil {
		b.general, _ = zlib.NewWriterLevel(&b.out, level) // the level is valid
	} else {
		b.general.Reset(&b.out)
	}
	_, err := b.general.Write(data)
	return errors.Join(err, b.general.Close())
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
		s := w.shard(e.hash)
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

package pack

import (
	"bytes"
	"crypto/sha1"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
)

// Pack is a finished pack that is not installed yet.
type Pack struct {
	// Checksum names the pack.
	Checksum object.Hash
	// Count is the number of objects.
	Count int
	// Size is the length in bytes, without the index.
	Size int64

	memory []byte   // the whole pack, or
	file   *os.File // the temporary file that holds it
	index  []byte
}

// Reader returns the bytes of the pack from its start.
func (p *Pack) Reader() io.Reader {
	if p.file == nil {
		return bytes.NewReader(p.memory)
	}
	return io.NewSectionReader(p.file, 0, p.Size)
}

// Index returns the bytes of the pack's index.
func (p *Pack) Index() []byte { return p.index }

// File returns the temporary file that holds the pack, or nil when the pack is in memory.
func (p *Pack) File() *os.File { return p.file }

// Sync makes a pack on disk durable.
func (p *Pack) Sync() error {
	if p.file == nil {
		return nil
	}
	if err := p.file.Sync(); err != nil {
		return fmt.Errorf("writing pack: %w", err)
	}
	return nil
}

// Discard removes the temporary file, if it is still there.
func (p *Pack) Discard() {
	if p != nil {
		remove(p.file)
	}
}

// digest is a running SHA-1.
type digest struct{ hash.Hash }

func newDigest() digest { return digest{sha1.New()} }

func (d digest) sum() (h object.Hash) {
	d.Sum(h[:0])
	return h
}

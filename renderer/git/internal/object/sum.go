package object

import (
	"crypto/sha1"
	"hash"
	"strconv"
)

// Hasher computes object names without allocating. It is not safe for
// concurrent use.
type Hasher struct {
	digest hash.Hash
	buf    [64]byte
}

// NewHasher returns a Hasher.
func NewHasher() *Hasher { return &Hasher{digest: sha1.New()} }

// Sum returns the name of the object of kind k that holds data.
func (h *Hasher) Sum(k Kind, data []byte) Hash {
	h.digest.Reset()
	h.digest.Write(AppendHeader(h.buf[:0], k, len(data)))
	h.digest.Write(data)
	var sum Hash
	h.digest.Sum(sum[:0])
	return sum
}

// AppendHeader appends the header that is hashed, and stored in loose
// objects, before the content: "<kind> <size>\x00".
func AppendHeader(b []byte, k Kind, size int) []byte {
	b = append(b, k.String()...)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(size), 10)
	return append(b, 0)
}

// Sum returns the name of the object of kind k that holds data. Where speed
// matters keep a Hasher.
func Sum(k Kind, data []byte) Hash { return NewHasher().Sum(k, data) }

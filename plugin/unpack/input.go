package unpack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"

	"github.com/gatorcloud/sluice/renderer/fault"
)

// input counts and hashes the compressed stream. It hands out single bytes so
// that gzip reads no further than its own end.
type input struct {
	alive func() error // the context's Err: a reader cannot be handed a context
	r     io.Reader
	sum   hash.Hash
	max   int64
	count int64
	buf   []byte
	rest  []byte // read but not yet consumed
	err   error  // first error of r, io.EOF included
}

func newInput(ctx context.Context, r io.Reader, limit int64) *input {
	return &input{alive: ctx.Err, r: r, sum: sha256.New(), max: limit, buf: make([]byte, 32<<10)}
}

// fill reads the next block; it is called with rest empty.
func (in *input) fill() error {
	for in.err == nil && len(in.rest) == 0 {
		if in.err = in.alive(); in.err != nil {
			break
		}
		var n int
		n, in.err = in.r.Read(in.buf)
		in.rest = in.buf[:n]
		in.sum.Write(in.rest)
		if in.count += int64(n); in.count > in.max {
			in.rest, in.err = nil, fault.Mend(hintPaths, "archive has more than %d bytes", in.max)
		}
	}
	if len(in.rest) == 0 {
		return in.err
	}
	return nil
}

// Read implements io.Reader.
func (in *input) Read(p []byte) (int, error) {
	if err := in.fill(); err != nil {
		return 0, err
	}
	n := copy(p, in.rest)
	in.rest = in.rest[n:]
	return n, nil
}

// ReadByte implements io.ByteReader, which keeps gzip from buffering ahead.
func (in *input) ReadByte() (byte, error) {
	if err := in.fill(); err != nil {
		return 0, err
	}
	b := in.rest[0]
	in.rest = in.rest[1:]
	return b, nil
}

// failed reports whether the stream itself broke, so that nothing more can be read.
func (in *input) failed() bool { return in.err != nil && !errors.Is(in.err, io.EOF) }

// verify reads what is left of the stream and compares it with the
// announcement; decoded says that nothing should be left.
func (in *input) verify(o Options, decoded bool) error {
	left, err := io.Copy(io.Discard, in)
	sum := hex.EncodeToString(in.sum.Sum(nil))
	switch {
	case err != nil:
		return broken("reading the stream", err)
	case o.Size > 0 && in.count < o.Size:
		return fault.New(fault.Retry, hintResend, "archive is truncated: %d of %d bytes arrived", in.count, o.Size)
	case o.Size > 0 && in.count > o.Size:
		return fault.New(fault.Retry, hintResend, "archive has %d bytes, %d were announced", in.count, o.Size)
	case sum != o.SHA256:
		return fault.New(fault.Retry, hintResend, "archive has checksum sha256:%s, announced was %s", sum, clip(o.SHA256))
	case decoded && left > 0:
		return fault.Mend(hintResend, "archive is followed by %d bytes that do not belong to it", left)
	}
	return nil
}

// bounded reads at most left bytes and fails with err beyond.
type bounded struct {
	r     io.Reader
	left  int64
	count int64
	err   error
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.count >= b.left {
		// The end may lie exactly here.
		var one [1]byte
		if n, err := b.r.Read(one[:]); n == 0 && err != nil {
			return 0, err
		}
		return 0, b.err
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left-b.count)])
	b.count += int64(n)
	return n, err
}

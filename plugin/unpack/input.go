package unpack

import (
	"encoding/hex"
	"errors"
	"hash"
	"io"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// input bounds, counts and hashes the compressed stream as it is read.
type input struct {
	alive func() error // the context's Err: a reader cannot be handed a context
	r     io.Reader
	sum   hash.Hash
	max   int64
	count int64
	err   error // first error of r, io.EOF included
}

// Read implements io.Reader.
func (in *input) Read(p []byte) (n int, err error) {
	if in.err == nil {
		in.err = in.alive()
	}
	if in.err != nil {
		return 0, in.err
	}
	n, in.err = in.r.Read(p)
	in.sum.Write(p[:n])
	if in.count += int64(n); in.count > in.max {
		in.err = fault.Hintf(hintPaths, "archive has more than %d bytes", in.max)
		return 0, in.err
	}
	return n, in.err
}

// failed reports whether the stream itself broke, so that nothing more can be read.
func (in *input) failed() bool { return in.err != nil && !errors.Is(in.err, io.EOF) }

// verify reads rest, which is what is left of the stream, and compares the
// whole with the announcement; decoded says that nothing should be left.
func (in *input) verify(rest io.Reader, o Options, decoded bool) error {
	left, err := io.Copy(io.Discard, rest)
	sum := hex.EncodeToString(in.sum.Sum(nil))
	switch {
	case err != nil:
		return broken("reading the stream", err)
	case o.Size > 0 && in.count < o.Size:
		return fault.New(fault.Retry, hintResend, "archive is truncated: %d of %d bytes arrived", in.count, o.Size)
	case o.Size > 0 && in.count > o.Size:
		return fault.New(fault.Retry, hintResend, "archive has %d bytes, %d were announced", in.count, o.Size)
	case sum != o.SHA256:
		return fault.New(fault.Retry, hintResend, "archive has checksum sha256:%s, announced was %s", sum, fault.Clip(o.SHA256))
	case decoded && left > 0:
		return fault.Hintf(hintResend, "archive is followed by %d bytes that do not belong to it", left)
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

package pack

import (
	"encoding/binary"
	"errors"
)

var errDelta = errors.New("reading pack: bad delta")

// applyDelta returns the object that delta makes of base.
func applyDelta(base, delta []byte) ([]byte, error) {
	from, n := binary.Uvarint(delta)
	if n <= 0 || from != uint64(len(base)) {
		return nil, errDelta
	}
	delta = delta[n:]
	to, n := binary.Uvarint(delta)
	if n <= 0 || to > maxObject {
		return nil, errDelta
	}
	delta = delta[n:]
	out := make([]byte, 0, min(to, trusted))
	for len(delta) > 0 {
		piece, rest, err := nextPiece(base, delta)
		if err != nil || uint64(len(out)+len(piece)) > to {
			return nil, errDelta
		}
		out, delta = append(out, piece...), rest
	}
	if uint64(len(out)) != to {
		return nil, errDelta
	}
	return out, nil
}

// nextPiece decodes one instruction: copy from the base, or insert.
func nextPiece(base, delta []byte) (piece, rest []byte, err error) {
	op := delta[0]
	delta = delta[1:]
	if op&0x80 == 0 {
		if n := int(op); n > 0 && n <= len(delta) {
			return delta[:n], delta[n:], nil
		}
		return nil, nil, errDelta
	}
	var at, n uint64
	for i := range 7 {
		if op&(1<<i) == 0 {
			continue
		}
		if len(delta) == 0 {
			return nil, nil, errDelta
		}
		if i < 4 {
			at |= uint64(delta[0]) << (8 * i)
		} else {
			n |= uint64(delta[0]) << (8 * (i - 4))
		}
		delta = delta[1:]
	}
	if n == 0 {
		n = 0x10000
	}
	if at+n > uint64(len(base)) {
		return nil, nil, errDelta
	}
	return base[at : at+n], delta, nil
}

package pack

import (
	"encoding/binary"
	"hash/adler32"
	"math/bits"
)

// small is the size up to which objects are deflated by the encoder below. It
// is how far back a match may lie, so no distance is out of range.
const small = 32 << 10

// encoder is a zlib compressor for small inputs. Most of the time of writing
// a fleet goes into deflating hundreds of thousands of files of a few hundred
// bytes, and most of that time, in general compressors, into the Huffman
// tables of each. This one uses the fixed tables of RFC 1951, finds matches of
// four bytes and more with one probe, and stores what does not shrink. git gc
// compresses everything again, and better, with deltas.
type encoder struct {
	literals  [256]code
	lengths   [maxMatch + 1]code
	distances [30]code

	// last holds where four bytes with a hash were seen last, counted from the
	// start of the first input, so that it need not be cleared for each.
	last  [1 << hashBits]uint32
	start uint32

	out []byte
	acc uint64 // bits that are not in out yet
	n   uint   // how many
}

// code is a bit sequence, the first bit lowest.
type code struct {
	bits uint32
	n    uint8
}

const (
	hashBits = 12
	minMatch = 4
	maxMatch = 258
)

func newEncoder() *encoder {
	e := &encoder{start: 1}
	for i := range e.literals {
		e.literals[i] = fixedCode(i)
	}
	// RFC 1951, 3.2.5: length codes 257-284 in steps that double every four.
	for symbol, length := 257, 3; symbol < 285; symbol++ {
		extra := max(0, (symbol-261)/4)
		for i := 0; i < 1<<extra && length <= maxMatch; i++ {
			c := fixedCode(symbol)
			e.lengths[length] = code{c.bits | uint32(i)<<c.n, c.n + uint8(extra)}
			length++
		}
	}
	e.lengths[maxMatch] = fixedCode(285)
	for i := range e.distances {
		e.distances[i] = code{bits.Reverse32(uint32(i)) >> (32 - 5), 5}
	}
	return e
}

// fixedCode returns the code of a literal or length symbol in the fixed table.
func fixedCode(symbol int) code {
	var value, n int
	switch {
	case symbol < 144:
		value, n = 0x30+symbol, 8
	case symbol < 256:
		value, n = 0x190+symbol-144, 9
	case symbol < 280:
		value, n = symbol-256, 7
	default:
		value, n = 0xc0+symbol-280, 8
	}
	return code{bits.Reverse32(uint32(value)) >> (32 - n), uint8(n)}
}

// encode appends the zlib stream of src, which is at most small bytes long.
func (e *encoder) encode(out, src []byte) []byte {
	e.out, e.acc, e.n = append(out, 0x78, 0x01), 0, 0
	e.put(code{0b011, 3}) // the last block, with the fixed tables
	e.block(src)
	e.put(fixedCode(256))
	for ; e.n > 0; e.n -= min(e.n, 8) {
		e.out = append(e.out, byte(e.acc))
		e.acc >>= 8
	}
	if len(e.out)-len(out) > 2+5+len(src) {
		return appendStored(e.out[:len(out)], src)
	}
	return binary.BigEndian.AppendUint32(e.out, adler32.Checksum(src))
}

// appendStored appends a zlib stream that holds src as it is.
func appendStored(out, src []byte) []byte {
	out = append(out, 0x78, 0x01, 1, byte(len(src)), byte(len(src)>>8), ^byte(len(src)), ^byte(len(src)>>8))
	out = append(out, src...)
	return binary.BigEndian.AppendUint32(out, adler32.Checksum(src))
}

// block writes src as literals and matches.
func (e *encoder) block(src []byte) {
	if e.start > 1<<31 {
		clear(e.last[:])
		e.start = 1
	}
	base := e.start
	e.start += uint32(len(src))
	i := 0
	for i+8 <= len(src) {
		v := binary.LittleEndian.Uint32(src[i:])
		slot := &e.last[v*0x9e3779b1>>(32-hashBits)]
		seen := *slot
		*slot = base + uint32(i)
		if seen < base || binary.LittleEndian.Uint32(src[seen-base:]) != v {
			e.put(e.literals[src[i]])
			i++
			continue
		}
		from := int(seen - base)
		n := minMatch + matching(src[from+minMatch:], src[i+minMatch:])
		e.put(e.lengths[n])
		e.putDistance(uint32(i - from))
		i += n
	}
	for ; i < len(src); i++ {
		e.put(e.literals[src[i]])
	}
}

// matching returns how many bytes two slices begin with in common, up to what
// a match can hold beyond its first four.
func matching(a, b []byte) int {
	n := 0
	for most := min(len(b), maxMatch-minMatch); n < most; n += 8 {
		if most-n < 8 || len(a)-n < 8 {
			for n < most && a[n] == b[n] {
				n++
			}
			return n
		}
		if diff := binary.LittleEndian.Uint64(a[n:]) ^ binary.LittleEndian.Uint64(b[n:]); diff != 0 {
			return n + bits.TrailingZeros64(diff)/8
		}
	}
	return n
}

// putDistance writes a distance from 1 to 32 KiB: RFC 1951, 3.2.5.
func (e *encoder) putDistance(d uint32) {
	d--
	if d < 4 {
		e.put(e.distances[d])
		return
	}
	extra := uint(bits.Len32(d)) - 2
	e.put(e.distances[2*(extra+1)+uint(d>>extra&1)])
	e.put(code{d & (1<<extra - 1), uint8(extra)})
}

// put writes a code.
func (e *encoder) put(c code) {
	e.acc |= uint64(c.bits) << e.n
	e.n += uint(c.n)
	if e.n >= 32 {
		e.out = binary.LittleEndian.AppendUint32(e.out, uint32(e.acc))
		e.acc >>= 32
		e.n -= 32
	}
}

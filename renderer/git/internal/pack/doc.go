// Package pack reads and writes Git packs and their indexes (version 2).
//
// Writer is made for many goroutines that produce small objects: each deflates
// into a Batch of its own, and only the copy into the pack is serialised. An
// object is written once, whatever the number of goroutines that add it. A
// pack of up to a few megabytes never touches the disk before it is installed.
//
// Index and File read packs made by anybody: delta chains are resolved, sizes
// and offsets are checked before they are believed, and nothing is held in
// proportion to the size of a large pack. Receive indexes a pack that arrives
// from a server.
package pack

import (
	"encoding/binary"
	"fmt"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
)

const (
	signature  = "PACK"
	headerSize = 12
	ofsDelta   = object.Kind(6)
	refDelta   = object.Kind(7)
)

// header returns the first bytes of a pack of count objects.
func header(count uint32) []byte {
	b := append(make([]byte, 0, headerSize), signature...)
	b = binary.BigEndian.AppendUint32(b, 2)
	return binary.BigEndian.AppendUint32(b, count)
}

// parseHeader returns the number of objects that a pack's first bytes promise.
func parseHeader(b []byte) (uint32, error) {
	if len(b) < headerSize || string(b[:4]) != signature {
		return 0, fmt.Errorf("reading pack: it does not begin with %q", signature)
	}
	if v := binary.BigEndian.Uint32(b[4:]); v != 2 {
		return 0, fmt.Errorf("reading pack: version %d, want 2", v)
	}
	return binary.BigEndian.Uint32(b[8:]), nil
}

// appendObjectHeader appends the kind and size that precede an object's deflated bytes.
func appendObjectHeader(b []byte, k object.Kind, size int) []byte {
	c := byte(k)<<4 | byte(size&15)
	for size >>= 4; size > 0; size >>= 7 {
		b = append(b, c|0x80)
		c = byte(size & 0x7f)
	}
	return append(b, c)
}

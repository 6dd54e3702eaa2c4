package pack

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// indexMagic begins an index of version 2.
const indexMagic = "\xfftOc"

// large marks an offset that stands in the table of 64-bit offsets.
const large = 1 << 31

// buildIndex gives p its index.
func (w *Writer) buildIndex(p *Pack) {
	sorted := make([]indexEntry, 0, p.Count)
	for i := range w.shards {
		s := &w.shards[i]
		sortIndex(s.index)
		sorted = append(sorted, s.index...)
	}
	p.index = encodeIndex(sorted, p.Checksum[:])
}

func sortIndex(entries []indexEntry) {
	slices.SortFunc(entries, func(a, b indexEntry) int { return bytes.Compare(a.hash[:], b.hash[:]) })
}

// encodeIndex returns the index of a pack with the given checksum. The
// entries are sorted.
func encodeIndex(entries []indexEntry, checksum []byte) []byte {
	b := make([]byte, 0, 8+4*256+len(entries)*28+40)
	b = append(b, indexMagic...)
	b = binary.BigEndian.AppendUint32(b, 2)
	b = appendFanout(b, entries)
	for i := range entries {
		b = append(b, entries[i].hash[:]...)
	}
	for i := range entries {
		b = binary.BigEndian.AppendUint32(b, entries[i].crc)
	}
	b = appendOffsets(b, entries)
	b = append(b, checksum...)
	d := newDigest()
	d.Write(b)
	sum := d.sum()
	return append(b, sum[:]...)
}

// appendFanout appends, for each first byte, how many names begin with it or a smaller one.
func appendFanout(b []byte, entries []indexEntry) []byte {
	var fanout [256]uint32
	for i := range entries {
		fanout[entries[i].hash[0]]++
	}
	var sum uint32
	for _, n := range fanout {
		sum += n
		b = binary.BigEndian.AppendUint32(b, sum)
	}
	return b
}

func appendOffsets(b []byte, entries []indexEntry) []byte {
	var wide []uint64
	for i := range entries {
		at := entries[i].offset
		if at < large {
			b = binary.BigEndian.AppendUint32(b, uint32(at))
			continue
		}
		b = binary.BigEndian.AppendUint32(b, large|uint32(len(wide)))
		wide = append(wide, uint64(at))
	}
	for _, at := range wide {
		b = binary.BigEndian.AppendUint64(b, at)
	}
	return b
}

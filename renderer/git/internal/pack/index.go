package pack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"sync/atomic"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
)

// smallIndex is the size up to which an index is held in memory. Of a larger one
// only the pages that a lookup needs are read, until they are as many bytes as it
// has: then one up to busyIndex is held as well.
const (
	smallIndex = 4 << 20
	busyIndex  = 16 << 20
)

// index finds objects in a pack's index file.
type index struct {
	file   *os.File // nil when a small index is in memory
	memory atomic.Pointer[[]byte]
	pages  atomic.Int64 // bytes that were read of it
	fanout [256]uint32
	count  int64
	size   int64
}

// Where the tables of an index begin.
const (
	fanoutAt = 8
	namesAt  = fanoutAt + 4*256
)

func openIndex(path string) (*index, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	x, err := readIndex(f)
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("reading pack index %q: %w", path, err)
	}
	if x.size <= smallIndex {
		defer x.close()
		return x, x.load()
	}
	return x, nil
}

// readIndex checks the shape of an index without reading all of it.
func readIndex(f *os.File) (*index, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	x := &index{file: f, size: info.Size()}
	head := make([]byte, namesAt)
	if _, err := f.ReadAt(head, 0); err != nil {
		return nil, err
	}
	if string(head[:4]) != indexMagic || binary.BigEndian.Uint32(head[4:]) != 2 {
		return nil, errors.New("it is not of version 2")
	}
	for i := range x.fanout {
		x.fanout[i] = binary.BigEndian.Uint32(head[fanoutAt+4*i:])
		if i > 0 && x.fanout[i] < x.fanout[i-1] {
			return nil, errors.New("its fan-out table decreases")
		}
	}
	x.count = int64(x.fanout[255])
	if least := namesAt + x.count*(object.Size+8) + 2*object.Size; x.size < least {
		return nil, fmt.Errorf("it has %d bytes, want at least %d", x.size, least)
	}
	return x, nil
}

// load moves an index into memory.
func (x *index) load() error {
	data := make([]byte, x.size)
	if _, err := x.file.ReadAt(data, 0); err != nil {
		return err
	}
	x.memory.Store(&data)
	return nil
}

// at returns n bytes of the index from an offset.
func (x *index) at(offset, n int64) ([]byte, error) {
	switch {
	case offset < 0 || offset+n > x.size:
		return nil, io.ErrUnexpectedEOF
	case x.memory.Load() != nil:
		return (*x.memory.Load())[offset : offset+n], nil
	}
	b := make([]byte, n)
	if _, err := x.file.ReadAt(b, offset); err != nil {
		return nil, err
	}
	if before := x.pages.Add(n) - n; x.size <= busyIndex && before < x.size && before+n >= x.size {
		return b, x.load() // one of those who read does it
	}
	return b, nil
}

func (x *index) close() {
	if x.file != nil {
		_ = x.file.Close()
		x.file = nil
	}
}

// find returns the offset of an object in the pack.
func (x *index) find(h object.Hash) (int64, bool, error) {
	lo, hi := int64(0), int64(x.fanout[h[0]])
	if h[0] > 0 {
		lo = int64(x.fanout[h[0]-1])
	}
	for lo < hi {
		first, names, err := x.page(h, lo, hi)
		if err != nil {
			return 0, false, err
		}
		n := len(names) / object.Size
		i := sort.Search(n, func(i int) bool {
			return bytes.Compare(names[i*object.Size:(i+1)*object.Size], h[:]) >= 0
		})
		switch {
		case i < n && bytes.Equal(names[i*object.Size:(i+1)*object.Size], h[:]):
			at, err := x.offset(first + int64(i))
			return at, err == nil, err
		case i == n:
			lo = first + int64(n)
		case i == 0:
			hi = first
		default:
			return 0, false, nil
		}
	}
	return 0, false, nil
}

// page reads the names around the place where h should be: names are hashes
// and so evenly spread that the first guess is nearly always right.
func (x *index) page(h object.Hash, lo, hi int64) (int64, []byte, error) {
	const names = 64
	guess := lo + int64(float64(hi-lo)*float64(binary.BigEndian.Uint32(h[1:]))/(1<<32))
	first := max(lo, guess-names/2)
	last := min(hi, first+names)
	b, err := x.at(namesAt+first*object.Size, (last-first)*object.Size)
	return first, b, err
}

// offset returns where the i-th object begins in the pack.
func (x *index) offset(i int64) (int64, error) {
	table := namesAt + x.count*(object.Size+4)
	b, err := x.at(table+4*i, 4)
	if err != nil {
		return 0, err
	}
	at := binary.BigEndian.Uint32(b)
	if at < large {
		return int64(at), nil
	}
	if b, err = x.at(table+4*x.count+8*int64(at&^large), 8); err != nil {
		return 0, err
	}
	wide := binary.BigEndian.Uint64(b)
	if wide > 1<<62 {
		return 0, fmt.Errorf("reading pack index: offset %d is out of range", wide)
	}
	return int64(wide), nil
}

package pack

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zlib"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
)

const (
	// window is how many bytes are read ahead of an object's header.
	window = 4 << 10
	// trusted is the size up to which memory is taken on an object's word.
	trusted = 1 << 20
	// maxObject bounds what one object may inflate to.
	maxObject = 1 << 30
)

// raw is an object as the pack stores it: a delta still refers to its base.
type raw struct {
	kind object.Kind
	size int64       // what data must be long
	back int64       // ofsDelta: how far before this object the base begins
	base object.Hash // refDelta: the base
	data []byte
}

// inflater reads objects of packs; it is not safe for concurrent use.
type inflater struct {
	in   *bufio.Reader
	zlib io.ReadCloser
}

func newInflater() *inflater { return &inflater{in: bufio.NewReaderSize(nil, window)} }

// readAt reads the object that begins at offset of a pack that is end bytes long.
func (r *inflater) readAt(src io.ReaderAt, offset, end int64) (raw, error) {
	if offset < headerSize || offset >= end {
		return raw{}, fmt.Errorf("reading pack: offset %d is outside of it", offset)
	}
	r.in.Reset(io.NewSectionReader(src, offset, end-offset))
	o, err := readHeader(r.in)
	if err == nil {
		o.data, err = r.Inflate(r.in, o.size)
	}
	if err != nil {
		return raw{}, fmt.Errorf("reading pack: object at offset %d: %w", offset, err)
	}
	return o, nil
}

// Inflate reads a zlib stream of exactly size bytes of content.
func (r *inflater) Inflate(in *bufio.Reader, size int64) ([]byte, error) {
	if size > maxObject {
		return nil, fmt.Errorf("it claims %d bytes, at most %d are read", size, maxObject)
	}
	if err := r.reset(in); err != nil {
		return nil, err
	}
	if size <= trusted {
		data := make([]byte, size)
		if _, err := io.ReadFull(r.zlib, data); err != nil {
			return nil, err
		}
		return data, r.end()
	}
	var data bytes.Buffer
	n, err := io.Copy(&data, io.LimitReader(r.zlib, size))
	if err == nil && n != size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	return data.Bytes(), r.end()
}

// end checks that the stream ends here; it reads the checksum too.
func (r *inflater) end() error {
	var one [1]byte
	switch n, err := r.zlib.Read(one[:]); {
	case n > 0:
		return errors.New("it is longer than it claims")
	case err != nil && err != io.EOF:
		return err
	}
	return nil
}

func (r *inflater) reset(in io.Reader) error {
	if r.zlib == nil {
		z, err := zlib.NewReader(in)
		r.zlib = z
		return err
	}
	return r.zlib.(zlib.Resetter).Reset(in, nil)
}

// readHeader reads what precedes the zlib stream of an object.
func readHeader(in io.ByteReader) (raw, error) {
	c, err := in.ReadByte()
	if err != nil {
		return raw{}, err
	}
	o := raw{kind: object.Kind(c >> 4 & 7), size: int64(c & 15)}
	for shift := 4; c&0x80 != 0; shift += 7 {
		if c, err = in.ReadByte(); err != nil {
			return raw{}, err
		}
		if shift > 50 {
			return raw{}, errors.New("its size is out of range")
		}
		o.size |= int64(c&0x7f) << shift
	}
	switch o.kind {
	case object.Commit, object.Tree, object.Blob, object.Tag:
	case ofsDelta:
		o.back, err = readBack(in)
	case refDelta:
		err = readFull(in, o.base[:])
	default:
		err = fmt.Errorf("unknown kind %d", o.kind)
	}
	return o, err
}

// readBack reads the distance to the base of an ofsDelta.
func readBack(in io.ByteReader) (int64, error) {
	c, err := in.ReadByte()
	if err != nil {
		return 0, err
	}
	back := int64(c & 0x7f)
	for c&0x80 != 0 {
		if c, err = in.ReadByte(); err != nil {
			return 0, err
		}
		if back > 1<<48 {
			return 0, errors.New("its base is out of range")
		}
		back = (back+1)<<7 | int64(c&0x7f)
	}
	return back, nil
}

func readFull(in io.ByteReader, b []byte) error {
	for i := range b {
		c, err := in.ReadByte()
		if err != nil {
			return err
		}
		b[i] = c
	}
	return nil
}

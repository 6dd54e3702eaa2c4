package pack

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
)

// maxChain bounds a chain of deltas; git writes at most 4,095.
const maxChain = 5000

// ErrMissing is the error of reading an object that the pack does not hold.
var ErrMissing = errors.New("no such object")

// File is an installed pack with its index. It is safe for concurrent use.
type File struct {
	path      string // of the .pack
	file      *os.File
	size      int64
	index     *index
	inflaters sync.Pool
}

// Open opens the pack at path, which ends in .pack.
func Open(path string) (*File, error) {
	x, err := openIndex(strings.TrimSuffix(path, ".pack") + ".idx")
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		x.close()
		return nil, err
	}
	p := &File{path: path, file: f, index: x}
	p.inflaters.New = func() any { return newInflater() }
	if err := p.check(); err != nil {
		p.Close()
		return nil, fmt.Errorf("reading pack %q: %w", path, err)
	}
	return p, nil
}

// check compares what the pack says about itself with what its index says.
func (p *File) check() error {
	info, err := p.file.Stat()
	if err != nil {
		return err
	}
	p.size = info.Size() - object.Size
	head := make([]byte, headerSize)
	if _, err := p.file.ReadAt(head, 0); err != nil {
		return err
	}
	n, err := parseHeader(head)
	if err == nil && int64(n) != p.index.count {
		err = fmt.Errorf("it holds %d objects, its index %d", n, p.index.count)
	}
	return err
}

// Path returns the path of the .pack file.
func (p *File) Path() string { return p.path }

// Close closes the files.
func (p *File) Close() {
	p.index.close()
	_ = p.file.Close()
}

// Has reports whether the pack holds h; a damaged index holds nothing.
func (p *File) Has(h object.Hash) bool {
	_, ok, err := p.index.find(h)
	return ok && err == nil
}

// Read returns an object. The base of a delta that lies outside of the pack
// is asked of elsewhere. The error is ErrMissing if the pack does not hold h.
func (p *File) Read(h object.Hash, elsewhere func(object.Hash) (object.Kind, []byte, error)) (object.Kind, []byte, error) {
	at, ok, err := p.index.find(h)
	if err != nil {
		return 0, nil, err
	}
	if !ok {
		return 0, nil, ErrMissing
	}
	r := p.inflaters.Get().(*inflater)
	defer p.inflaters.Put(r)
	return p.resolve(r, at, elsewhere)
}

// resolve reads the object at an offset and applies the deltas that lead to it.
func (p *File) resolve(r *inflater, at int64, elsewhere func(object.Hash) (object.Kind, []byte, error)) (object.Kind, []byte, error) {
	var deltas [][]byte
	for range maxChain {
		o, err := r.readAt(p.file, at, p.size)
		if err != nil {
			return 0, nil, err
		}
		kind, data := o.kind, o.data
		switch o.kind {
		case ofsDelta:
			deltas = append(deltas, o.data)
			at -= max(o.back, 1)
			continue
		case refDelta:
			deltas = append(deltas, o.data)
			if base, ok, err := p.index.find(o.base); err == nil && ok {
				at = base
				continue
			}
			if kind, data, err = elsewhere(o.base); err != nil {
				return 0, nil, fmt.Errorf("reading the base of a delta: %w", err)
			}
		}
		for _, delta := range slices.Backward(deltas) {
			if data, err = applyDelta(data, delta); err != nil {
				return 0, nil, err
			}
		}
		return kind, data, nil
	}
	return 0, nil, fmt.Errorf("reading pack: a chain of more than %d deltas", maxChain)
}

package pack

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
)

var errLoose = errors.New("bad loose object")

// LooseReader reads loose objects; it is not safe for concurrent use.
type LooseReader struct{ inflater *inflater }

// NewLooseReader returns a LooseReader.
func NewLooseReader() *LooseReader { return &LooseReader{newInflater()} }

// Read returns the loose object that r holds.
func (l *LooseReader) Read(r io.Reader) (object.Kind, []byte, error) {
	l.inflater.in.Reset(r)
	if err := l.inflater.reset(l.inflater.in); err != nil {
		return 0, nil, err
	}
	content := bufio.NewReaderSize(l.inflater.zlib, 512)
	head, err := content.ReadSlice(0)
	if err != nil {
		return 0, nil, errLoose
	}
	word, digits, _ := bytes.Cut(head[:len(head)-1], []byte{' '})
	kind := kindOf(string(word))
	size, err := strconv.ParseInt(string(digits), 10, 64)
	if kind == 0 || err != nil || size < 0 || size > maxObject {
		return 0, nil, errLoose
	}
	data, err := io.ReadAll(io.LimitReader(content, size+1))
	if err == nil && int64(len(data)) != size {
		err = errLoose
	}
	return kind, data, err
}

func kindOf(word string) object.Kind {
	for _, k := range []object.Kind{object.Commit, object.Tree, object.Blob, object.Tag} {
		if k.String() == word {
			return k
		}
	}
	return 0
}

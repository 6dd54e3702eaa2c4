package impact

import (
	"bytes"

	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// document is an object as kustomize writes it: one field a line, objects in
// blocks, keys in order.
type document struct {
	group, kind, namespace, name []byte
	text                         []byte
	marks                        [][2]int // lines of text that are sluice's own
}

// documents cuts a stream into its objects, in the place of those of another.
func documents(all []document, stream []byte) []document {
	all = all[:0]
	for len(stream) > 0 {
		n := len(all)
		if n < cap(all) {
			all = all[:n+1]
		} else {
			all = append(all, document{})
		}
		if stream = all[n].read(stream); len(all[n].text) == 0 {
			all = all[:n]
		}
	}
	return all
}

// read takes the first object of a stream and returns the rest. It finds what the
// object is without parsing it: only lines at the margin and those of its metadata
// are looked at.
func (d *document) read(stream []byte) (rest []byte) {
	*d = document{text: stream, marks: d.marks[:0]}
	metadata := false
	for at := 0; at < len(stream); {
		line, next := stream[at:], len(stream)
		if n := bytes.IndexByte(line, '\n'); n >= 0 {
			line, next = line[:n], at+n+1
		}
		switch {
		case len(line) > 0 && line[0] != ' ':
			if string(line) == "---" {
				d.text = stream[:at]
				return stream[next:]
			}
			metadata = string(line) == "metadata:"
			take(&d.kind, line, "kind: ")
			if take(&d.group, line, "apiVersion: ") {
				if group, _, named := bytes.Cut(d.group, []byte("/")); named {
					d.group = group
				} else {
					d.group = nil
				}
			}
		case metadata:
			take(&d.name, line, "  name: ")
			take(&d.namespace, line, "  namespace: ")
			if mark(line) {
				d.marks = append(d.marks, [2]int{at, next})
			}
		}
		at = next
	}
	return nil
}

func take(into *[]byte, line []byte, key string) bool {
	ok := begins(line, key)
	if ok {
		*into = line[len(key):]
	}
	return ok
}

func begins(line []byte, with string) bool {
	return len(line) >= len(with) && string(line[:len(with)]) == with
}

// mark reports whether a line of the metadata is a label or annotation that
// changes with every version.
func mark(line []byte) bool {
	return begins(line, "    "+manifest.LabelVersion+": ") || begins(line, "    "+manifest.AnnotationWave+": ")
}

// is reports whether two documents are the same object.
func (d *document) is(o *document) bool {
	return bytes.Equal(d.name, o.name) && bytes.Equal(d.kind, o.kind) && bytes.Equal(d.group, o.group) && bytes.Equal(d.namespace, o.namespace)
}

// find returns the index of an object among others, -1 if it is not there. The
// same objects mostly come in the same order: it begins at one of them.
func (d *document) find(all []document, begin int) int {
	for i := range all {
		if at := (begin + i) % len(all); d.is(&all[at]) {
			return at
		}
	}
	return -1
}

// plain appends the text without marks to dst.
func (d *document) plain(dst []byte) []byte {
	from := 0
	for _, m := range d.marks {
		dst = append(dst, d.text[from:m[0]]...)
		from = m[1]
	}
	return append(dst, d.text[from:]...)
}

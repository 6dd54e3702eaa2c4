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
		text, rest, _ := bytes.Cut(stream, []byte("\n---\n"))
		if len(rest) > 0 {
			text = stream[:len(text)+1]
		}
		stream = rest
		if text = bytes.TrimPrefix(text, []byte("---\n")); len(text) > 0 {
			if n := len(all); n < cap(all) {
				all = all[:n+1]
			} else {
				all = append(all, document{})
			}
			all[len(all)-1].read(text)
		}
	}
	return all
}

// read finds what an object is, without parsing it: only lines at the margin
// and those of its metadata are looked at.
func (d *document) read(text []byte) {
	*d = document{text: text, marks: d.marks[:0]}
	metadata := false
	for at := 0; at < len(text); {
		line := text[at:]
		if n := bytes.IndexByte(line, '\n'); n >= 0 {
			line = line[:n]
		}
		next := min(at+len(line)+1, len(text))
		switch {
		case len(line) > 0 && line[0] != ' ':
			metadata = bytes.Equal(line, []byte("metadata:"))
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
}

func take(into *[]byte, line []byte, key string) bool {
	value, ok := bytes.CutPrefix(line, []byte(key))
	if ok {
		*into = value
	}
	return ok
}

// mark reports whether a line of the metadata is a label or annotation that
// changes with every version.
func mark(line []byte) bool {
	return bytes.HasPrefix(line, []byte("    "+manifest.LabelVersion+": ")) || bytes.HasPrefix(line, []byte("    "+manifest.AnnotationWave+": "))
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

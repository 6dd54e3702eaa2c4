package plugin

import (
	"bytes"
	"fmt"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// stream reads the manifests of a stream one after another. Inside a manifest
// no line can be "---": the writers indent everything that follows a key.
type stream struct {
	text  []byte
	at    int  // where the next manifest begins
	odd   bool // some manifest breaks oddly
	risks risks
}

func newStream(text []byte) *stream {
	s := &stream{text: text, odd: breaksOddly(text)}
	if len(bytes.TrimSpace(text)) == 0 {
		s.at = len(text) + 1
	}
	s.risks.text = text
	return s
}

// more reports whether there is another manifest.
func (s *stream) more() bool { return s.at <= len(s.text) }

// next returns the next manifest and its object. It is read line by line if it
// has the form that kustomize prints, fifty times faster than with a YAML
// library, else with one. Whichever way, the object is what the library reads.
func (s *stream) next() (doc []byte, o object, err error) {
	by := scanner{stream: s}
	end, ok := by.read()
	if !ok {
		end = s.end()
	}
	doc = s.text[s.at:end]
	if ok && !(s.odd && breaksOddly(doc)) {
		o = by.object
	} else if o, err = parse(doc); err != nil {
		return nil, object{}, err
	}
	s.at = end + len(separator)
	if o.apiVersion == "" || o.kind == "" || o.name == "" {
		return nil, o, fmt.Errorf("manifest %s has no apiVersion, kind or name", fault.Clip(string(doc)))
	}
	return doc, o, nil
}

// separator is the line between two manifests.
const separator = "---\n"

// end returns where the next manifest ends. It looks for dashes first, because
// every line ends in a newline.
func (s *stream) end() int {
	for at := s.at; ; at++ {
		n := bytes.Index(s.text[at:], []byte(separator))
		if n < 0 {
			return len(s.text)
		}
		if at += n; at > s.at && s.text[at-1] == '\n' {
			return at
		}
	}
}

// breaksOddly reports whether a text has a tab, a line break of YAML 1.1 other
// than the newline, or a byte order mark. They are printed as they are, inside
// quotes too.
func breaksOddly(text []byte) bool {
	for _, b := range [...]string{"\t", "\r", "\u0085", "\u2028", "\u2029", "\ufeff"} {
		if bytes.Contains(text, []byte(b)) {
			return true
		}
	}
	return false
}

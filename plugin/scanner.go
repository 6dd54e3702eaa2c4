package plugin

import "bytes"

// scanner reads an object line by line: the lines of the mappings in which the
// checks want values. A line that is indented deeper than a key belongs to its
// value, and most are passed over. Only texts in quotes and collections in
// brackets go on at any column. So a line in which one could begin is looked
// at first.
//
// The scanner knows the form that kustomize prints. What else it meets it
// leaves to a YAML library: comments, anchors, tags, brackets, escapes and line
// breaks in a value that the checks want, keys that are there twice, tabs, ...
// What it reads is what the library reads. That the library would refuse a
// manifest is seen only where the scanner looks; Argo CD, with the same
// library, refuses it whole.
type scanner struct {
	*stream
	object object
	seen   uint32 // the nodes that were met, a bit each

	open   [5]mapping // around the last key that was followed
	depth  int        // of open
	column int        // of that key
	node   node       // the key's value, unless it is passed over

	// sure says that no text without quotes goes on in the next line. Quotes
	// in such a text begin nothing.
	sure   bool
	inside byte // the quote of a text that goes on, or | for a block of lines
	parent int  // column of the key or the dash before the block
	margin int  // column of the block, 0 until its first line
}

// mapping is a mapping that is followed.
type mapping struct {
	column int
	node   node
}

// read reads the stream's next manifest and returns where it ends. It reports
// false, and what it has read is worth nothing, when a YAML library must read it.
func (s *scanner) read() (end int, ok bool) {
	s.column, s.node = -1, nodeTop
	for start := s.at; start < len(s.text); start = end + 1 {
		end = len(s.text)
		if n := bytes.IndexByte(s.text[start:], '\n'); n >= 0 {
			end = start + n
		}
		line := s.text[start:end]
		switch {
		case s.passes(line) && !s.risks.within(start, end):
			s.sure = line[len(line)-1] == ':'
		case string(line) == "---" && start > s.at && end < len(s.text):
			return start, s.ends()
		case !s.line(line, end-s.at):
			return 0, false
		}
	}
	return len(s.text), s.ends()
}

// ends reports whether all is read when a manifest ends.
func (s *scanner) ends() bool { return s.seen > 1 && (s.inside == 0 || s.inside == '|') }

// blanks is longer than any indentation that is followed.
const blanks = "                "

// passes reports whether a line is passed over, as far as its indentation tells.
func (s *scanner) passes(line []byte) bool {
	return s.node == nodeOther && s.inside == 0 && len(line) > s.column && string(line[:s.column+1]) == blanks[:s.column+1]
}

// line reads a line that ends at end of the manifest.
func (s *scanner) line(line []byte, end int) bool {
	column := 0
	for column < len(line) && line[column] == ' ' {
		column++
	}
	text := line[column:]
	if len(text) == 0 { // blanks before a block could be its margin
		return column == 0 || s.inside != '|' || s.margin > 0
	}
	switch s.inside {
	case '"', '\'':
		return column > s.column && s.quoted(text)
	case '|':
		if s.margin == 0 && column > s.parent {
			s.margin = column
		}
		if s.margin > 0 && column >= s.margin {
			return true
		}
		s.inside = 0
	}
	switch {
	case text[len(text)-1] == ' ':
		return false
	case column > s.column && (s.node == nodeOther || isItem(text)):
		return s.look(column, text)
	}
	return s.follow(column, text, end)
}

// follow reads a key of a mapping that is followed, or an item of a list that
// is in one.
func (s *scanner) follow(column int, text []byte, end int) bool {
	if column > s.column {
		if s.node.value() || column >= len(blanks) {
			return false
		}
		s.open[s.depth] = mapping{column, s.node}
		s.depth++
	}
	for s.depth > 0 && s.open[s.depth-1].column > column {
		s.depth--
	}
	if s.depth == 0 || s.open[s.depth-1].column < column {
		return false
	}
	s.column, s.sure = column, true
	if isItem(text) {
		return s.look(column, text)
	}
	key, value, found := cut(text)
	if !found || column == 0 && (bytes.HasPrefix(key, []byte("---")) || bytes.HasPrefix(key, []byte("..."))) {
		return false
	}
	return s.pair(key, value, end)
}

// pair reads a key of the innermost mapping that is followed, and its value.
func (s *scanner) pair(key, value []byte, end int) bool {
	in := s.open[s.depth-1].node
	s.node = in.child(key)
	if s.node != nodeOther && s.seen&(1<<s.node) != 0 {
		return false
	}
	s.seen |= 1 << s.node
	s.object.items = s.object.items || in == nodeTop && string(key) == "items"
	s.object.nodeSelector = s.object.nodeSelector || in == nodeNodeSelector
	switch {
	case len(value) == 0:
		return true
	case s.node.value():
		return s.take(value, end)
	}
	s.node, s.parent = nodeOther, s.column
	return s.value(value)
}

// take keeps a value that the checks want, if every reader takes it for what it
// seems: a text for a string, a number for a number.
func (s *scanner) take(value []byte, end int) bool {
	text := value
	switch quote := value[0]; {
	case quote == '"' || quote == '\'':
		text = value[1:]
		n, _ := closing(text, quote)
		if !s.node.text() || n != len(text)-1 || !printed(text[:n], ' ') || bytes.ContainsAny(text[:n], `\'`) {
			return false
		}
		text = text[:n]
	case s.node.text():
		if !word(value) {
			return false
		}
	case !number(value) && string(value) != "true" && string(value) != "false":
		return false
	}
	*s.object.at(s.node) = string(text)
	if s.node == nodeWave {
		s.object.waveStart, s.object.waveEnd = end-len(value), end
	}
	return true
}

// Package edit keeps which paths of a directory tree were put and which were
// reset, with the rules that make the outcome the same in any order: a path is
// put once, and not at the same time as something above or below it.
package edit

import (
	"errors"
	"sync"
)

var (
	errAbove = errors.New("a directory above it was put too")
	errBelow = errors.New("something below it was put too")
	errTwice = errors.New("it was put before with other content")
)

// Set is a set of edits. Value says what is at a path now and is compared when
// a path is put again. Insert and Reset may be called from many goroutines.
type Set[Value comparable] struct {
	mu   sync.Mutex
	root Node[Value]
}

// Node is a path that was put or reset, or that leads to one.
type Node[Value comparable] struct {
	Children map[string]*Node[Value]
	// Puts is the number of paths put at and below the node.
	Puts int
	// Put says that Value is what is here now.
	Put   bool
	Value Value
	// Reset says that old content here and below counts as absent.
	Reset bool
}

// Root returns the root of the set. It must not be read while edits are made.
func (s *Set[Value]) Root() *Node[Value] { return &s.root }

// Insert keeps what is now at a path and reports whether that is news. It
// fails when it contradicts another edit.
func (s *Set[Value]) Insert(segments []string, v Value) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := &s.root
	for _, name := range segments {
		if n.Put {
			return false, errAbove
		}
		n = n.child(name)
	}
	switch {
	case n.Put && n.Value == v:
		return false, nil
	case n.Put:
		return false, errTwice
	case n.Puts > 0:
		return false, errBelow
	}
	n.Put, n.Value = true, v
	n = &s.root
	for _, name := range segments {
		n.Puts++
		n = n.child(name)
	}
	n.Puts++
	return true, nil
}

// Reset makes the old content at and below a path count as absent; no segments
// are the root.
func (s *Set[Value]) Reset(segments []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := &s.root
	for _, name := range segments {
		n = n.child(name)
	}
	n.Reset = true
}

func (n *Node[Value]) child(name string) *Node[Value] {
	c := n.Children[name]
	if c == nil {
		c = &Node[Value]{}
		if n.Children == nil {
			n.Children = map[string]*Node[Value]{}
		}
		n.Children[name] = c
	}
	return c
}

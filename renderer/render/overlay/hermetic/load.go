package hermetic

import (
	"maps"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// load is an upper bound of what the objects of one kustomization cost.
type load struct {
	size
	objects int
	// grown is the size that transformers may give the objects, in bytes.
	grown int
	// work is what comparing objects costs, in objects times nodes, and what
	// comparing keys does.
	work int
	// variables counts the places into which a var may be copied.
	variables int
	// fluid is set when a transformer may change the kind of objects.
	fluid bool
	kinds map[string]kind
}

// kind is what a load knows of the objects of one kind.
type kind struct {
	count   int
	largest int // bytes of the largest object
	nodes   int // nodes of the object with most
}

// huge is the size from which on sums stay where they are; it is above all limits.
const huge = 1 << 50

// times multiplies without overflow.
func times(factors ...int) int {
	product := 1
	for _, f := range factors {
		if f == 0 {
			return 0
		}
		if product > huge/f {
			return huge
		}
		product *= f
	}
	return product
}

// clone returns a load that can be changed without changing l.
func (l load) clone() load {
	l.kinds = maps.Clone(l.kinds)
	return l
}

// add puts the objects of o beside those of l.
func (l *load) add(o load) {
	l.size = l.plus(o.size)
	l.objects += o.objects
	l.grown = min(l.grown+o.grown, huge)
	l.work = min(l.work+o.work, huge)
	l.variables += o.variables
	l.fluid = l.fluid || o.fluid
	for name, k := range o.kinds {
		l.put(name, k)
	}
}

func (l *load) put(name string, k kind) {
	if l.kinds == nil {
		l.kinds = map[string]kind{}
	}
	old := l.kinds[name]
	l.kinds[name] = kind{old.count + k.count, max(old.largest, k.largest), max(old.nodes, k.nodes)}
}

// object counts one object of the given size.
func (l *load) object(name string, s size) {
	l.objects++
	l.grown += s.bytes
	l.compare(s.pairs)
	l.put(name, kind{1, s.bytes, s.nodes})
}

// grow counts bytes that a transformer may add to the objects.
func (l *load) grow(bytes int) { l.grown = min(l.grown+bytes, huge) }

// compare counts comparisons of keys, many of which take the time of one of objects.
func (l *load) compare(pairs int) { l.work = min(l.work+pairs/16, huge) }

// selected returns what is known of the objects that a selector for one kind
// may choose: all objects when the kind is empty or a pattern.
func (l *load) selected(name string) kind {
	if name != "" && literal(name) && !l.fluid {
		return l.kinds[name]
	}
	all := kind{}
	for k := range maps.Values(l.kinds) {
		all = kind{all.count + k.count, max(all.largest, k.largest), max(all.nodes, k.nodes)}
	}
	return all
}

// enlarge notes that objects of one kind may now be larger by so many bytes.
func (l *load) enlarge(name string, bytes int) {
	for other, k := range l.kinds {
		if name == "" || !literal(name) || l.fluid || name == other {
			k.largest = min(k.largest+bytes, huge)
			l.kinds[other] = k
		}
	}
}

// literal reports whether a selector's pattern can only match itself.
func literal(pattern string) bool {
	for _, c := range pattern {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// checkLoad refuses a load above the limits.
func (l Limits) checkLoad(o load) error {
	switch {
	case o.objects > l.Objects:
		return fault.Hintf(hintSmaller, "more than %d objects", l.Objects)
	case o.work > l.Work:
		return fault.Hintf(hintSmaller, "objects times YAML nodes, and keys of mappings squared, are more than %d", l.Work)
	case o.grown > l.Growth:
		return fault.Hintf(hintSmaller, "transformers may grow the objects to more than %d bytes", l.Growth)
	}
	return l.check(o.size)
}

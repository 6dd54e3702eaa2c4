package hermetic

import "cmp"

// Limits bounds what a build may read and grow to. A zero field stands for its default.
type Limits struct {
	// File is the size of one file in bytes; 4 MiB.
	File int
	// Total is the size of all input in bytes, a file that is read twice counted
	// twice and aliases expanded; 8 MiB.
	Total int
	// Files is how often files are read; 5,000.
	Files int
	// Depth is the nesting of YAML, and that of kustomizations; 100.
	Depth int
	// Nodes is the number of YAML nodes of the input, counted as Total; 500,000.
	Nodes int
	// Objects is the number of objects that exist at a time; 1,000.
	Objects int
	// Work is the sum over all kustomizations of their objects times their YAML
	// nodes, and of a sixteenth of the square of each mapping's keys; 20,000,000.
	// kustomize compares objects with each other, and keys, so its time grows with
	// these products: the default stands for some ten seconds.
	Work int
	// Growth is the size in bytes to which transformers may bring the objects; 128 MiB.
	Growth int
}

func (l Limits) withDefaults() Limits {
	return Limits{
		File:    cmp.Or(l.File, 4<<20),
		Total:   cmp.Or(l.Total, 8<<20),
		Files:   cmp.Or(l.Files, 5_000),
		Depth:   cmp.Or(l.Depth, 100),
		Nodes:   cmp.Or(l.Nodes, 500_000),
		Objects: cmp.Or(l.Objects, 1_000),
		Work:    cmp.Or(l.Work, 20_000_000),
		Growth:  cmp.Or(l.Growth, 128<<20),
	}
}

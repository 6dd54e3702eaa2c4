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
	// Objects is the number of objects that exist at a time; 3,000.
	Objects int
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
		Objects: cmp.Or(l.Objects, 3_000),
		Growth:  cmp.Or(l.Growth, 128<<20),
	}
}

package unpack

import (
	"cmp"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Limits bounds one archive. Sizes are in bytes.
type Limits struct {
	// Compressed bounds the stream as it arrives, Decompressed what gzip makes of it.
	Compressed, Decompressed int64
	// Kept bounds all files of the wanted directory together, File each of them.
	Kept, File int64
	// Entries counts everything in the archive, Files the files of the wanted directory.
	Entries, Files int
	// Depth bounds the nesting below the wanted directory, Path the length of a name there.
	Depth, Path int
}

// hintPaths is for archives that hold more than the Application's directory.
const hintPaths = `let the repo-server send the Application's directory only: --plugin-use-manifest-generate-paths, and manifest-generate-paths "." on the Application`

// Defaults returns limits that a rendered directory stays far below: an
// overlay has about 40 files and 200 KB, a ring's batch 100 files.
func Defaults() Limits {
	return Limits{
		Compressed: 64 << 20, Decompressed: 512 << 20,
		Kept: 16 << 20, File: 4 << 20,
		Entries: 65536, Files: 4096,
		Depth: 16, Path: 512,
	}
}

// WholeRepository returns limits for calls to which Argo CD sends the whole
// repository whatever the Application says (the announcement of parameters).
// What is kept stays bounded as in Defaults.
func WholeRepository() Limits {
	l := Defaults()
	l.Compressed, l.Decompressed, l.Entries = 4<<30, 64<<30, 16<<20
	return l
}

func (l Limits) orDefaults() Limits {
	d := Defaults()
	return Limits{
		Compressed: cmp.Or(l.Compressed, d.Compressed), Decompressed: cmp.Or(l.Decompressed, d.Decompressed),
		Kept: cmp.Or(l.Kept, d.Kept), File: cmp.Or(l.File, d.File),
		Entries: cmp.Or(l.Entries, d.Entries), Files: cmp.Or(l.Files, d.Files),
		Depth: cmp.Or(l.Depth, d.Depth), Path: cmp.Or(l.Path, d.Path),
	}
}

func (l Limits) tooMuch() error {
	return fault.Hintf(hintPaths, "archive has more than %d bytes when decompressed", l.Decompressed)
}

func (l Limits) checkPath(name string) error {
	switch {
	case len(name) > l.Path:
		return fault.Hintf("rendered paths are short; this one was not written by sluice", "path %q... has %d bytes, at most %d are allowed", name[:min(len(name), 48)], len(name), l.Path)
	case strings.Count(name, "/") >= l.Depth:
		return fault.Hintf("rendered paths are short; this one was not written by sluice", "path %q... is more than %d directories deep", name[:min(len(name), 48)], l.Depth)
	}
	return nil
}

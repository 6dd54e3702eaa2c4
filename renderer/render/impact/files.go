package impact

import (
	"io/fs"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// joined is a repository whose rendered files are those of one tree and whose
// people's files are those of another.
type joined struct{ rendered, people fs.FS }

var (
	_ fs.StatFS     = joined{}
	_ fs.ReadFileFS = joined{}
	_ fs.ReadDirFS  = joined{}
)

// at returns the tree that a path belongs to.
func (j joined) at(name string) fs.FS {
	rest, ok := strings.CutPrefix(name, manifest.Root+"/")
	if !ok {
		return j.people
	}
	_, rest, _ = strings.Cut(rest, "/")
	top, _, _ := strings.Cut(rest, "/")
	if top == rollout.File || slices.Contains(manifest.RenderedDirs(), top) {
		return j.rendered
	}
	return j.people
}

// Open is part of fs.FS.
func (j joined) Open(name string) (fs.File, error) { return j.at(name).Open(name) }

// Stat is part of fs.StatFS.
func (j joined) Stat(name string) (fs.FileInfo, error) { return fs.Stat(j.at(name), name) }

// ReadFile is part of fs.ReadFileFS.
func (j joined) ReadFile(name string) ([]byte, error) { return fs.ReadFile(j.at(name), name) }

// ReadDir is part of fs.ReadDirFS.
func (j joined) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(j.at(name), name) }

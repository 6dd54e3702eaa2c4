package worktree

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/gatorcloud/sluice/renderer/git/internal/edit"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// comparison finds the files in which the disk differs from what is wanted.
// To it nothing lies behind a symbolic link.
type comparison struct {
	ctx     context.Context //nolint:containedctx // of the one comparison
	root    *os.Root
	real    map[string]bool // directories that are no links, and what is none
	changes []tree.Change
}

func compare(ctx context.Context, root *os.Root) *comparison {
	return &comparison{ctx: ctx, root: root, real: map[string]bool{"": true}}
}

func (c *comparison) note(path string, k tree.Kind, data []byte) {
	c.changes = append(c.changes, tree.Change{Path: path, Kind: k, New: data})
}

// lstat describes what is at path, or returns nil if nothing is.
func (c *comparison) lstat(path string) (fs.FileInfo, error) {
	if real, err := c.isReal(parent(path)); err != nil || !real {
		return nil, err
	}
	info, err := c.root.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return info, err
}

// isReal reports whether path is a directory and no way to it is a link.
func (c *comparison) isReal(path string) (bool, error) {
	if real, known := c.real[path]; known {
		return real, nil
	}
	info, err := c.lstat(path)
	if err != nil {
		return false, err
	}
	c.real[path] = info != nil && info.IsDir()
	return c.real[path], nil
}

func parent(path string) string { return path[:max(0, strings.LastIndexByte(path, '/'))] }

func join(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}

// above records a file or link where the way to path needs a directory.
func (c *comparison) above(segments []string) error {
	path := ""
	for _, name := range segments[:len(segments)-1] {
		path = join(path, name)
		info, err := c.lstat(path)
		if err != nil || info == nil {
			return err
		}
		if !info.IsDir() {
			c.note(path, tree.Removed, nil)
			return nil
		}
	}
	return nil
}

// dir compares a directory with what is at path.
func (c *comparison) dir(path string, d *tree.Dir) error {
	info, err := c.lstat(path)
	if err != nil {
		return err
	}
	if info != nil && !info.IsDir() {
		c.note(path, tree.Removed, nil)
	}
	was, err := c.names(path)
	if err != nil {
		return err
	}
	for _, e := range d.Entries() {
		if err := tree.CheckName(e.Name); err != nil {
			return err
		}
		switch {
		case e.Dir == nil:
			err = c.file(join(path, e.Name), e.Data)
		case hasFile(e.Dir):
			err = c.dir(join(path, e.Name), e.Dir)
		default:
			continue // counts as absent
		}
		if err != nil {
			return err
		}
		delete(was, e.Name)
	}
	for name := range was {
		if err := c.removed(join(path, name)); err != nil {
			return err
		}
	}
	return nil
}

// names returns the names in the directory at path; where none is there are
// none. Names that Git reserves for itself are not seen: a checkout stays one.
func (c *comparison) names(path string) (map[string]bool, error) {
	if real, err := c.isReal(path); err != nil || !real {
		return nil, err
	}
	if path == "" {
		path = "."
	}
	entries, err := fs.ReadDir(c.root.FS(), path)
	names := make(map[string]bool, len(entries))
	for _, e := range entries {
		if tree.CheckName(e.Name()) == nil {
			names[e.Name()] = true
		}
	}
	return names, err
}

// file compares one file with what is at path.
func (c *comparison) file(path string, data []byte) error {
	info, err := c.lstat(path)
	switch {
	case err != nil:
		return err
	case info == nil:
		c.note(path, tree.Added, data)
	case info.IsDir():
		c.note(path, tree.Added, data)
		return c.removed(path)
	case info.Mode().IsRegular() && info.Mode()&0o111 == 0 && info.Size() == int64(len(data)):
		old, err := c.root.ReadFile(path)
		if err != nil {
			return err
		}
		if !bytes.Equal(old, data) {
			c.note(path, tree.Changed, data)
		}
	default:
		c.note(path, tree.Changed, data)
	}
	return nil
}

// removed records every file at and below path as removed.
func (c *comparison) removed(path string) error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	info, err := c.lstat(path)
	if err != nil || info == nil {
		return err
	}
	if !info.IsDir() {
		c.note(path, tree.Removed, nil)
		return nil
	}
	names, err := c.names(path)
	if err != nil {
		return err
	}
	for name := range names {
		if err := c.removed(join(path, name)); err != nil {
			return err
		}
	}
	return nil
}

// stale records what lies below reset paths and was not put.
func (c *comparison) stale(path string, n *edit.Node[content], reset bool) error {
	if n.Put {
		return nil
	}
	if reset = reset || n.Reset; !reset {
		for name, child := range n.Children {
			if err := c.stale(join(path, name), child, false); err != nil {
				return err
			}
		}
		return nil
	}
	if n.Puts == 0 && path != "" {
		return c.removed(path)
	}
	names, err := c.names(path)
	if err != nil {
		return err
	}
	for name := range names {
		if child := n.Children[name]; child != nil {
			err = c.stale(join(path, name), child, true)
		} else {
			err = c.removed(join(path, name))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

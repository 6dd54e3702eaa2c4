package impact

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// Merged returns the repository that a merge of source into target leaves, of
// which began is the commit where the two parted: what is rendered is the
// target's, and of people's files each is that of the side that changed it. A
// file that both changed is a fault of the person who merges.
func Merged(target, began, source fs.FS) (fs.FS, error) {
	theirs, err := People(target)
	if err != nil {
		return nil, err
	}
	base, err := People(began)
	if err != nil {
		return nil, err
	}
	ours, err := People(source)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	names := slices.Concat(slices.Collect(maps.Keys(theirs)), slices.Collect(maps.Keys(base)), slices.Collect(maps.Keys(ours)))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		t, b, o := theirs[name], base[name], ours[name]
		data := o
		switch {
		case same(o, b):
			data = t
		case !same(t, b) && !same(t, o):
			return nil, fault.Hintf("merge the target branch into yours, or rebase, and plan again", "merging %s: both sides changed it", name)
		}
		if data != nil {
			out[name] = data
		}
	}
	d, err := tree.FromFiles(out)
	if err != nil {
		return nil, fmt.Errorf("merging people's files: %w", err)
	}
	return joined{rendered: target, people: d.FS()}, nil
}

// same reports whether two files hold the same; nil is one that is not there.
func same(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

// People returns people's files of a repository, by path.
func People(files fs.FS) (map[string][]byte, error) {
	all := map[string][]byte{}
	for _, root := range []string{manifest.CatalogDir, manifest.Root} {
		err := fs.WalkDir(files, root, func(name string, d fs.DirEntry, err error) error {
			switch {
			case name == root && errors.Is(err, fs.ErrNotExist):
				return fs.SkipAll
			case err != nil:
				return err
			case d.IsDir() && manifest.OwnerOf(name+"/x") == manifest.Renderer:
				return fs.SkipDir
			case d.IsDir() || manifest.OwnerOf(name) != manifest.People:
				return nil
			}
			data, err := fs.ReadFile(files, name)
			all[name] = append([]byte{}, data...) // one that is empty is there
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

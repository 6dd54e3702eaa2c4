package git

import (
	"errors"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
)

// errEnough ends a comparison that found as much as was asked for.
var errEnough = errors.New("enough")

// Touching says which differences of two heads are asked for.
type Touching struct {
	Dir  string                 // the folder that they are below
	Most int                    // of paths
	Skip func(path string) bool // files and folders that count as the same; nil chooses none
}

// Touched returns the paths of the files in which two heads differ, sorted. It
// reads only trees that differ, and stops after the most paths that are asked
// for; all tells that there are no more.
func (r *Repo) Touched(a, b Head, of Touching) (paths []string, all bool, err error) {
	x, err := r.lookup(a.Tree, strings.Split(of.Dir, "/"))
	if err != nil {
		return nil, false, err
	}
	y, err := r.lookup(b.Tree, strings.Split(of.Dir, "/"))
	if err != nil {
		return nil, false, err
	}
	t := toucher{repo: r, of: of}
	err = t.entries(of.Dir, x, y)
	slices.Sort(t.paths)
	if errors.Is(err, errEnough) {
		return t.paths, false, nil
	}
	return t.paths, err == nil, err
}

// toucher collects paths.
type toucher struct {
	repo  *Repo
	of    Touching
	paths []string
}

// entries compares what two heads have at a path; the zero Entry is nothing.
func (t *toucher) entries(path string, a, b object.Entry) error {
	if a.Same(b) || t.of.Skip != nil && t.of.Skip(path) {
		return nil
	}
	if !a.IsZero() && !a.Mode.IsDir() || !b.IsZero() && !b.Mode.IsDir() {
		if len(t.paths) == t.of.Most {
			return errEnough
		}
		t.paths = append(t.paths, path)
		// A file that became a folder, or the other way round, is both.
		a, b = folder(a), folder(b)
	}
	was, err := t.children(a)
	if err != nil {
		return err
	}
	is, err := t.children(b)
	if err != nil {
		return err
	}
	for name, e := range is {
		if err := t.entries(join(path, name), was[name], e); err != nil {
			return err
		}
	}
	for name, e := range was {
		if _, stays := is[name]; !stays {
			if err := t.entries(join(path, name), e, object.Entry{}); err != nil {
				return err
			}
		}
	}
	return nil
}

// folder returns an entry that is a folder, and nothing for others.
func folder(e object.Entry) object.Entry {
	if e.Mode.IsDir() {
		return e
	}
	return object.Entry{}
}

// children returns what is in a folder, and nothing for what is not there.
func (t *toucher) children(e object.Entry) (map[string]object.Entry, error) {
	if e.IsZero() {
		return nil, nil
	}
	data, err := t.repo.tree(e.Hash)
	if err != nil {
		return nil, err
	}
	list, err := data.Entries()
	all := make(map[string]object.Entry, len(list))
	for _, e := range list {
		all[e.Name] = e
	}
	return all, err
}

package git

import (
	"fmt"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// digested is a directory whose objects have their names. What came from the
// memo has a sum only.
type digested struct {
	dir *tree.Dir
	sum
	names []object.Hash // of each entry; zero for a directory without files
	subs  []*digested   // of each entry that is a directory, in order
}

// digester computes the names of directories. It is not safe for concurrent use.
type digester struct {
	memo   *memo
	hasher *object.Hasher
	buf    []byte
}

func newDigester(m *memo) *digester { return &digester{memo: m, hasher: object.NewHasher()} }

// dir names d and everything below it.
func (g *digester) dir(d *tree.Dir) (*digested, error) {
	if s, ok := g.memo.get(d); ok {
		return &digested{dir: d, sum: s}, nil
	}
	return g.whole(d)
}

// whole is dir without asking the memo for d itself.
func (g *digester) whole(d *tree.Dir) (*digested, error) {
	out := &digested{dir: d, names: make([]object.Hash, len(d.Entries()))}
	for i, e := range d.Entries() {
		if err := tree.CheckName(e.Name); err != nil {
			return nil, err
		}
		if e.Dir == nil {
			out.names[i] = g.hasher.Sum(object.Blob, e.Data)
			out.files++
			continue
		}
		sub, err := g.dir(e.Dir)
		if err != nil {
			return nil, fmt.Errorf("directory %q: %w", e.Name, err)
		}
		out.names[i] = sub.hash
		out.files += sub.files
		out.subs = append(out.subs, sub)
	}
	if out.files > 0 {
		out.hash = g.hasher.Sum(object.Tree, g.encode(out))
	}
	g.memo.put(d, out.sum)
	return out, nil
}

// expand returns d with the names of its entries.
func (g *digester) expand(d *digested) (*digested, error) {
	if d.names != nil {
		return d, nil
	}
	return g.whole(d.dir)
}

// encode returns the tree object of d, valid until the next call. Git has no
// empty directories, so those are left out.
func (g *digester) encode(d *digested) []byte {
	g.buf = g.buf[:0]
	for i, e := range d.dir.Entries() {
		switch {
		case d.names[i].IsZero():
		case e.Dir != nil:
			g.buf = object.AppendEntry(g.buf, object.Entry{Name: e.Name, Mode: object.ModeDir, Hash: d.names[i]})
		default:
			g.buf = object.AppendEntry(g.buf, object.Entry{Name: e.Name, Mode: object.ModeFile, Hash: d.names[i]})
		}
	}
	return g.buf
}

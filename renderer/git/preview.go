package git

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// Preview has the surface of a Tx and writes nothing.
type Preview struct {
	edits
	found changes
}

// changes gathers what the workers of a preview find.
type changes struct {
	mu  sync.Mutex
	all []tree.Change
}

func (c *changes) add(list []tree.Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, list...)
}

// Preview starts a comparison with base that writes nothing.
func (r *Repo) Preview(base Head) *Preview {
	p := &Preview{}
	p.edits = edits{repo: r, base: base}
	p.workers.New = func() any {
		return &worker{digester: newDigester(r.memo), repo: r, changes: &p.found}
	}
	return p
}

// Put compares d with the directory at path.
func (p *Preview) Put(path string, d *tree.Dir) error { return p.put(path, d) }

// PutFile compares data with the file at path.
func (p *Preview) PutFile(path string, data []byte) error { return p.putFile(path, data) }

// Reset makes the old content at and below path count as absent.
func (p *Preview) Reset(path string) { p.reset(path) }

// Guard has g judge the changes; when it refuses, Changes fails. It is called
// before anything is put.
func (p *Preview) Guard(g tree.Guard) { p.guard = g }

// Changes returns every file that a commit of the same content would change,
// sorted by path. All Puts must have returned; nothing can be put after it.
func (p *Preview) Changes(ctx context.Context) ([]tree.Change, error) {
	if _, _, err := p.merge(ctx); err != nil {
		return nil, fmt.Errorf("comparing: %w", err)
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("comparing: %w", err)
	}
	p.fail(errClosed)
	list := slices.Clone(p.found.all)
	tree.Sort(list)
	// A path may be put again with the same content.
	return slices.CompactFunc(list, func(a, b tree.Change) bool { return a.Path == b.Path && a.Kind == b.Kind }), nil
}

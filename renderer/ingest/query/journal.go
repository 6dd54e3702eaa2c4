package query

import (
	"cmp"
	"slices"
	"sync"
	"unique"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// journal remembers which tenants changed at which revision, the newest of
// them. All who follow read the same journal, so a slow one costs no memory:
// it is one whose place has been forgotten.
type journal struct {
	size int

	mu      sync.Mutex
	point            // up to which it is complete
	after   int64    // everything after this revision is in it
	changes []change // in the order of revisions
	wake    chan struct{}
}

func newJournal(size int) *journal { return &journal{size: size, wake: make(chan struct{})} }

type change struct {
	revision int64
	tenant   ident.Tenant
	products unique.Handle[string] // that the tenant had or has
}

// add notes changes at a point, which is later than those before.
func (j *journal) add(at point, changes []change) {
	j.mu.Lock()
	defer j.mu.Unlock()
	defer func() {
		close(j.wake)
		j.wake = make(chan struct{})
	}()
	another := j.cluster != at.cluster || at.revision < j.revision
	j.point = at
	if another || len(changes) > j.size {
		j.after, j.changes = at.revision, nil
		return
	}
	for _, c := range changes {
		c.revision = at.revision
		j.changes = append(j.changes, c)
	}
	if over := len(j.changes) - j.size; over > 0 { // in steps, so that it seldom moves
		over = min(len(j.changes), over+j.size/8)
		j.after = j.changes[over-1].revision
		j.changes = slices.Clone(j.changes[over:])
	}
}

// holds reports whether a point can be followed from.
func (j *journal) holds(from point) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.reaches(from)
}

// reaches reports whether everything after a point is in the journal, whose
// lock is held.
func (j *journal) reaches(from point) bool {
	return from.cluster == j.cluster && from.revision >= j.after
}

// batch is how many changes since returns at once; those of one revision are
// never parted.
const batch = 1000

// since returns the tenants that changed after a point and whose changes may be
// heard of, sorted, up to which revision that is all of them, and what is
// closed when there may be more. It reports false when the journal does not
// reach back so far, or is of another history.
func (j *journal) since(from point, hears func(change) bool) (tenants []ident.Tenant, upto int64, wake <-chan struct{}, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.reaches(from) {
		return nil, 0, nil, false
	}
	i, _ := slices.BinarySearchFunc(j.changes, from.revision+1, func(c change, r int64) int { return cmp.Compare(c.revision, r) })
	upto = max(from.revision, j.revision)
	for rest := j.changes[i:]; len(rest) > 0; rest = rest[1:] {
		if len(tenants) >= batch && rest[0].revision != upto {
			break
		}
		upto = rest[0].revision
		if hears(rest[0]) {
			tenants = append(tenants, rest[0].tenant)
		}
	}
	slices.SortFunc(tenants, ident.Tenant.Compare)
	return slices.Compact(tenants), upto, j.wake, true
}

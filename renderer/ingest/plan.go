package ingest

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/gatorcloud/sluice/renderer/ingest/sps"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/quantity"
)

// maxProducts is how many products SPS may have named of a tenant in all: each
// is a condition of a transaction, of which etcd takes 128.
const maxProducts = 2 * sps.MaxProducts

// soon is how close an end has to be to count as one: an end of tomorrow is no
// way around the cap.
const soon = 24 * time.Hour

// plan is what one answer of SPS makes of a tenant. It is decided without etcd.
type plan struct {
	writes []write
	book   Book
	held   []Change
	// ends says that a right which would have gone on ends: it counts against the cap.
	ends bool
}

// write is one record to be written.
type write struct {
	key   authz.Key
	value []byte
	mod   int64 // the revision that it has, zero for none
}

// verdict says what an answer is worth beside what is written already.
type verdict int

const (
	fresh    verdict = iota // to be written
	same                    // written already
	stale                   // older than what is written
	disputed                // says something else under the same revision
)

// weigh compares a document with the bookkeeping.
func (b Book) weigh(d sps.Document) (verdict, error) {
	reopens := b.Ended || len(b.Absent) > 0
	switch {
	case d.Revision == 0 && b.Revision > 0:
		return stale, fault.Hintf("compare what SPS sends with the contract and --sps-mapping",
			"tenant %q of SPS: it has no revision, and had %d", d.ID, b.Revision)
	case d.Revision < b.Revision:
		return stale, nil
	case reopens || d.Revision > b.Revision || b.Digest == "":
		return fresh, nil
	case d.Digest == b.Digest:
		return same, nil
	case d.Revision == 0:
		return fresh, nil
	}
	return disputed, nil
}

// decision is what a plan is made of.
type decision struct {
	now  time.Time
	room bool // the cap allows to end one more tenant
	state
}

// merge plans what a document says. Rights that it does not name any more are ended.
func (d decision) merge(doc sps.Document) (plan, error) {
	p := plan{book: Book{Revision: doc.Revision, Digest: doc.Digest}}
	own, err := authz.EncodeTenant(doc.Tenant)
	if err != nil {
		return plan{}, err
	}
	p.put(authz.Key{Tenant: d.id}, d.own, own)
	named := map[ident.Product]bool{}
	wanted := make([]authz.Authorisation, 0, len(doc.Tenant.Authorisations))
	for _, a := range doc.Tenant.Authorisations {
		named[a.Product] = true
		p.book.Products = append(p.book.Products, a.Product)
		wanted = append(wanted, d.keep(&p, a))
	}
	for _, product := range d.book.Products {
		if !named[product] {
			p.book.Products = append(p.book.Products, product)
			wanted = append(wanted, d.over(product)...)
		}
	}
	slices.SortFunc(p.book.Products, ident.Product.Compare)
	if len(p.book.Products) > maxProducts {
		return plan{}, fault.Hintf("look at what SPS calls its products", "tenant %q of SPS: it had %d products in all, at most %d are allowed", d.id, len(p.book.Products), maxProducts)
	}
	return p, d.write(&p, wanted)
}

// bury plans the end of a tenant that SPS does not know any more.
func (d decision) bury() (plan, error) {
	p := plan{book: d.book}
	var wanted []authz.Authorisation
	for _, product := range d.book.Products {
		wanted = append(wanted, d.over(product)...)
	}
	err := d.write(&p, wanted)
	p.book.Ended = len(p.held) == 0
	return p, err
}

// keep holds back what a document may not do to a right that is in use.
func (d decision) keep(p *plan, a authz.Authorisation) authz.Authorisation {
	old, ok := d.right(a.Product)
	if !ok {
		return a
	}
	a.ShrinkFrom = old.ShrinkFrom // a person's
	if shrinks(old.Storage, a.Storage) {
		p.held = append(p.held, Change{a.Product, fieldStorage, old.Storage, a.Storage, ReasonShrink})
		a.Storage = old.Storage
	}
	if !old.StartTime.After(d.now) && a.StartTime.After(d.now) {
		p.held = append(p.held, Change{a.Product, fieldStart, moment(old.StartTime), moment(a.StartTime), ReasonLater})
		a.StartTime = old.StartTime
	}
	// What ran until now ends now at the earliest, and what has ended keeps its
	// days of grace.
	least := d.now
	if !old.EndTime.IsZero() && old.EndTime.Before(least) {
		least = old.EndTime
	}
	if !a.EndTime.IsZero() && a.EndTime.Before(least) {
		a.EndTime = least
	}
	return bounded(a)
}

// over returns the right that SPS does not name any more, ended; none if it
// has ended already or cannot be read.
func (d decision) over(product ident.Product) []authz.Authorisation {
	a, ok := d.right(product)
	if !ok || !a.EndTime.IsZero() && !a.EndTime.After(d.now) {
		return nil
	}
	a.EndTime = d.now
	return []authz.Authorisation{bounded(a)}
}

// bounded keeps the end from lying before the start: such a right never begins.
func bounded(a authz.Authorisation) authz.Authorisation {
	if !a.EndTime.IsZero() && a.EndTime.Before(a.StartTime) {
		a.EndTime = a.StartTime
	}
	return a
}

// write plans the records, and holds the ends that the cap does not allow.
func (d decision) write(p *plan, wanted []authz.Authorisation) error {
	for _, a := range wanted {
		old, ok := d.right(a.Product)
		if ok && d.ends(old, a) {
			if !d.room {
				p.held = append(p.held, Change{a.Product, fieldEnd, moment(old.EndTime), d.until(a.EndTime), ReasonMany})
				a.EndTime = old.EndTime
			} else {
				p.ends = true
			}
		}
		value, err := authz.EncodeAuthorisation(d.id, a)
		if err != nil {
			return fmt.Errorf("product %q: %w", a.Product, err)
		}
		p.put(authz.Key{Tenant: d.id, Product: a.Product}, d.rights[a.Product], value)
	}
	return nil
}

// ends reports whether a right that would have gone on ends, or is about to.
func (d decision) ends(old, next authz.Authorisation) bool {
	return !next.EndTime.IsZero() && next.EndTime.Before(d.now.Add(soon)) &&
		(old.EndTime.IsZero() || next.EndTime.Before(old.EndTime) && old.EndTime.After(d.now))
}

// until words an end that is held: one of this moment is of the moment at
// which a person accepts.
func (d decision) until(end time.Time) string {
	if !end.After(d.now) {
		return toNow
	}
	return moment(end)
}

// put plans a record unless it is there already.
func (p *plan) put(key authz.Key, old stored, value []byte) {
	if !bytes.Equal(old.value, value) {
		p.writes = append(p.writes, write{key, value, old.mod})
	}
}

// Fields of held changes, and the end that is the moment of acceptance.
const (
	fieldStorage = "storage"
	fieldStart   = "startTime"
	fieldEnd     = "endTime"
	toNow        = "now"
)

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// shrinks reports whether volumes of one size would become smaller. Nobody
// here knows the size that an environment takes where none is given, so to
// give none where one was counts.
func shrinks(from, to string) bool {
	if from == "" || from == to {
		return false
	}
	old, err := quantity.Storage(from)
	if err != nil {
		return false
	}
	next, err := quantity.Storage(to)
	return err != nil || next.Cmp(old) < 0
}

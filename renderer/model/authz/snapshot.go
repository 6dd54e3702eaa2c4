package authz

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Record is one key of etcd with its value, as it was read.
type Record struct {
	Key      string
	Value    []byte // not kept after Add
	Revision int64  // modification revision
}

// Error says which record was left out and why.
func (q Quarantine) Error() string {
	return fmt.Sprintf("reading record %s: %v", fault.Clip(q.Key), q.Err)
}

// Unwrap returns the reason, which carries the hint.
func (q Quarantine) Unwrap() error { return q.Err }

// Assembler makes a Snapshot of records that arrive one by one, in any order.
// Each key may be added once. It is not safe for concurrent use.
//
// What a bad record costs: a bad key costs itself (its Quarantine names no
// tenant); a bad authorisation costs that authorisation; a bad tenant record
// costs the tenant, whose authorisations are left out with it without an entry
// each. An authorisation without a tenant record is quarantined. Nobody else
// loses anything.
type Assembler struct {
	prefix  string
	decoder *decoder
	held    map[ident.Tenant]*holding
	bad     []Quarantine
	keys    int
}

// holding is what is known of one tenant so far.
type holding struct {
	tenant    Tenant
	own       bool // its own record was seen, good or bad
	bad       bool
	revisions []int64 // of tenant.Authorisations
}

// NewAssembler returns an empty Assembler for the records below prefix.
func NewAssembler(prefix string) *Assembler {
	return &Assembler{prefix: prefix, decoder: newDecoder(), held: map[ident.Tenant]*holding{}}
}

// Add decodes one record and returns what its key names, which is zero for a
// key that the gate refused.
func (s *Assembler) Add(r Record) Key {
	s.keys++
	key, err := ParseKey(s.prefix, r.Key)
	if err != nil {
		err = fault.Hintf(deletion(s.prefix, r.Key), "%w", err)
		s.bad = append(s.bad, Quarantine{Key: r.Key, Revision: r.Revision, Value: excerpt(r.Value), Err: err})
		return Key{}
	}
	h := s.held[key.Tenant]
	if h == nil {
		h = &holding{}
		h.tenant.ID = key.Tenant
		s.held[key.Tenant] = h
	}
	if key.Product.IsZero() {
		err = h.addTenant(key, r)
	} else {
		err = h.addAuthorisation(s.decoder, key, r)
	}
	if err != nil {
		s.bad = append(s.bad, Quarantine{Key: r.Key, Tenant: key.Tenant, Product: key.Product, Revision: r.Revision, Value: excerpt(r.Value), Err: err})
	}
	return key
}

// deletion is the hint for a key that no other command can name.
func deletion(prefix, key string) string {
	if len(key) > MaxText {
		return "a record's key is <prefix>/<tenant> or <prefix>/<tenant>/rs/<product>; delete it with etcdctl del"
	}
	hint := "write it under a name that is allowed, and delete it: sluice authz delete --yes --key " + shellQuote(key)
	if prefix != DefaultPrefix {
		hint += " --etcd-prefix " + prefix
	}
	return hint
}

// shellQuote returns a word that a shell hands on as s, or as s in Go's quotes.
func shellQuote(s string) string {
	quoted := fmt.Sprintf("%+q", s)
	switch {
	case quoted != `"`+s+`"` || strings.Contains(s, "'"):
		return "'" + strings.ReplaceAll(quoted, "'", `\x27`) + "'"
	case strings.ContainsFunc(s, func(c rune) bool {
		return !strings.ContainsRune("/._-", c) && !unicode.IsLetter(c) && !unicode.IsDigit(c)
	}):
		return "'" + s + "'"
	}
	return s
}

// excerpt returns a copy of the first KiB of a value.
func excerpt(value []byte) []byte { return slices.Clone(value[:min(len(value), 1<<10)]) }

func (h *holding) addTenant(key Key, r Record) error {
	h.own = true
	t, err := DecodeTenant(key, r.Value)
	if err != nil {
		h.bad = true
		return err
	}
	t.Authorisations = h.tenant.Authorisations
	h.tenant = t
	return nil
}

func (h *holding) addAuthorisation(d *decoder, key Key, r Record) error {
	a, err := d.authorisation(key, r.Value)
	if err != nil {
		return err
	}
	h.tenant.Authorisations = append(h.tenant.Authorisations, a)
	h.revisions = append(h.revisions, r.Revision)
	return nil
}

// Snapshot returns what was added as the state at revision. The Assembler
// must not be used afterwards.
func (s *Assembler) Snapshot(revision int64) Snapshot {
	snap := Snapshot{Revision: revision, Keys: s.keys, Tenants: make([]Tenant, 0, len(s.held))}
	for _, h := range s.held {
		switch {
		case h.bad:
		case h.own:
			snap.Tenants = append(snap.Tenants, h.tenant)
		default:
			s.quarantineOrphans(h)
		}
	}
	slices.SortFunc(snap.Tenants, func(a, b Tenant) int { return a.ID.Compare(b.ID) })
	for i := range snap.Tenants {
		slices.SortFunc(snap.Tenants[i].Authorisations, byProduct)
	}
	slices.SortFunc(s.bad, func(a, b Quarantine) int { return cmp.Compare(a.Key, b.Key) })
	snap.Quarantined = s.bad
	return snap
}

// quarantineOrphans reports authorisations whose tenant has no record.
func (s *Assembler) quarantineOrphans(h *holding) {
	for i, a := range h.tenant.Authorisations {
		key := Key{Tenant: h.tenant.ID, Product: a.Product}
		s.bad = append(s.bad, Quarantine{
			Key: FormatKey(s.prefix, key), Tenant: key.Tenant, Product: key.Product, Revision: h.revisions[i],
			Err: fault.Hintf(fmt.Sprintf("write the tenant first: sluice authz put %s --name NAME --code CODE", key.Tenant),
				"tenant %q has no record", key.Tenant),
		})
	}
}

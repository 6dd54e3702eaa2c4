package query

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// answer writes JSON and ETags of entries as they are at one moment.
type answer struct {
	now  time.Time
	life authz.Life
	told bool // status records were read
}

// tenant appends a tenant with its products.
func (a answer) tenant(b []byte, e *entry) []byte {
	b = field(append(b, '{'), "tenantId", e.id.String())
	if e.unreadable {
		b = field(append(b, ','), "error", "the record of the tenant cannot be read")
	} else {
		b = field(append(b, ','), "tenantName", e.name)
		b = field(append(b, ','), "tenantCode", e.code)
		b = append(append(b, `,"labels":`...), e.labels.Value()...)
	}
	b = strconv.AppendInt(append(b, `,"revision":`...), e.revision(), 10)
	b = append(b, `,"products":[`...)
	for i := range e.rights {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(a.product(append(b, '{'), e, &e.rights[i]), '}')
	}
	return append(b, "]}"...)
}

// product appends the members of a product.
func (a answer) product(b []byte, e *entry, r *right) []byte {
	t := r.terms.Value()
	b = field(b, "product", t.product.String())
	b = strconv.AppendInt(append(b, `,"revision":`...), r.mod, 10)
	if t.unreadable {
		return field(append(b, ','), "error", "the record of the authorisation cannot be read")
	}
	b = field(append(b, ','), "state", string(r.authorisation().State(a.now, a.life)))
	if !t.pin.IsZero() {
		b = field(append(b, ','), "pin", t.pin.String())
	}
	b = a.status(b, e, t.product)
	b = append(b, `,"limits":{`...)
	if t.storage != "" {
		b = append(field(b, "storage", t.storage), ',')
	}
	b = count(b, "replicas", t.replicas)
	b = count(b, "daily", t.limits.Daily)
	b = count(b, "concurrent", t.limits.Concurrent)
	if b[len(b)-1] == ',' {
		b = b[:len(b)-1]
	}
	return a.lifetime(append(b, '}'), r)
}

// count appends a member and a comma, or nothing for zero.
func count(b []byte, name string, n int) []byte {
	if n == 0 {
		return b
	}
	b = append(append(append(b, '"'), name...), `":`...)
	return append(strconv.AppendInt(b, int64(n), 10), ',')
}

// status appends the version that runs and what else the status record says,
// or why there is none.
func (a answer) status(b []byte, e *entry, p ident.Product) []byte {
	s, ok := e.status(p)
	switch {
	case !a.told:
		return field(append(b, ','), "versionMissing", "status records are not read")
	case !ok:
		return field(append(b, ','), "versionMissing", "there is no status record")
	}
	r := s.fate.Value()
	if r.AcceptedVersion == "" {
		b = field(append(b, ','), "versionMissing", "the status record accepts none")
	} else {
		b = field(append(b, ','), "version", r.AcceptedVersion)
	}
	b = field(append(b, `,"status":{`...), "environment", r.Environment)
	b = field(append(b, ','), "ring", r.Ring)
	b = field(append(b, ','), "commit", r.Commit)
	b = field(append(b, ','), "state", r.State)
	return append(field(append(b, ','), "error", r.Error), '}')
}

// lifetime appends when the states begin and end. An authorisation without an
// end has none but its start.
func (a answer) lifetime(b []byte, r *right) []byte {
	b = moment(append(b, `,"life":{`...), "start", r.start)
	if !r.end.IsZero() {
		suspended := r.end.Add(a.life.SuspendFor)
		b = moment(append(b, ','), "end", r.end)
		b = moment(append(b, ','), "suspendedUntil", suspended)
		b = moment(append(b, ','), "retainedUntil", suspended.Add(a.life.GraceFor))
	}
	if next := r.authorisation().NextChange(a.now, a.life); !next.IsZero() {
		b = moment(append(b, ','), "nextChange", next)
	}
	return append(b, '}')
}

// tag returns the ETag of a tenant in a cluster: a digest of the revisions and
// states of which the answer is made.
func (a answer) tag(b []byte, cluster uint64, e *entry) []byte {
	h := digest(14695981039346656037)
	h.add(cluster)
	h.add(uint64(e.mod))
	for i := range e.rights {
		a.digest(&h, e, &e.rights[i])
	}
	return h.tag(b, e.revision())
}

// productTag is the ETag of one product.
func (a answer) productTag(b []byte, cluster uint64, e *entry, r *right) []byte {
	h := digest(14695981039346656037)
	h.add(cluster)
	a.digest(&h, e, r)
	return h.tag(b, r.mod)
}

func (a answer) digest(h *digest, e *entry, r *right) {
	h.add(uint64(r.mod))
	state := r.authorisation().State(a.now, a.life)
	h.add(uint64(state[0]) | uint64(state[2])<<8) // retained and removed begin alike
	s, ok := e.status(r.terms.Value().product)
	switch {
	case ok && a.told:
		h.add(uint64(s.mod))
	case a.told:
		h.add(1 << 63)
	default:
		h.add(1<<63 | 1)
	}
}

// digest is FNV-1a (64 bit) of numbers.
type digest uint64

func (d *digest) add(n uint64) {
	for range 8 {
		*d = (*d ^ digest(n&0xff)) * 1099511628211
		n >>= 8
	}
}

func (d digest) tag(b []byte, revision int64) []byte {
	b = strconv.AppendInt(append(b, '"'), revision, 10)
	b = strconv.AppendUint(append(b, '-'), uint64(d), 16)
	return append(b, '"')
}

// revision is that of the newest record of the tenant.
func (e *entry) revision() int64 {
	newest := e.mod
	for i := range e.rights {
		newest = max(newest, e.rights[i].mod)
	}
	return newest
}

func field(b []byte, name, value string) []byte {
	b = append(b, '"')
	b = append(b, name...)
	b = append(b, `":`...)
	return quote(b, value)
}

func moment(b []byte, name string, at time.Time) []byte {
	b = append(b, '"')
	b = append(b, name...)
	b = append(b, `":"`...)
	return append(at.UTC().AppendFormat(b, time.RFC3339Nano), '"')
}

// quote appends a JSON string of valid UTF-8. Names pass as they are; what has
// to be escaped goes the long way.
func quote(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			long, err := json.Marshal(s)
			if err != nil { // no string has one
				return append(b, `""`...)
			}
			return append(b, long...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

package ingest

import (
	"encoding/json"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/strict"
)

// DefaultPrefix is where the keys of this package are.
const DefaultPrefix = "/sluice/ingest"

// maxRecord bounds a record of this package.
const maxRecord = 64 << 10

// Dirty says that a tenant is to be fetched.
type Dirty struct {
	Since time.Time `json:"since"`
	// Attempts counts fetches that failed since then.
	Attempts int `json:"attempts,omitempty"`
	// Cause is why the last one did; see Causes.
	Cause string `json:"cause,omitempty"`
	// Reason is the last one's error on one bounded line.
	Reason string `json:"reason,omitempty"`
}

// Book says which revision of SPS a tenant's records are of.
type Book struct {
	Revision int64  `json:"revision,omitempty"`
	Digest   string `json:"digest,omitempty"`
	// Products are those that SPS named: no other is ended when it is missing.
	Products []ident.Product `json:"products,omitempty"`
	// Absent are the ids of whole lists, in order, that do not name the tenant.
	Absent []string `json:"absent,omitempty"`
	// Ended says that SPS no longer knows the tenant and its rights have an end.
	Ended bool `json:"ended,omitempty"`
}

// Full is the last list that was read whole.
type Full struct {
	Snapshot  string    `json:"snapshot"`
	ETag      string    `json:"etag,omitempty"`
	Completed time.Time `json:"completed"`
}

// Ended counts who was ended.
type Ended struct {
	Tenants []EndedTenant `json:"tenants,omitempty"`
}

// EndedTenant is one tenant of Ended.
type EndedTenant struct {
	ID ident.Tenant `json:"tenantId"`
	At time.Time    `json:"at"`
}

// Held is what SPS wants of a tenant and a person has to allow.
type Held struct {
	Since   time.Time `json:"since"`
	Changes []Change  `json:"changes"`
}

// Change is one change that is held.
type Change struct {
	Product ident.Product `json:"product"`
	// Field is storage, startTime or endTime.
	Field string `json:"field"`
	// From is what the record holds, To what it would; empty is no value. A To
	// of "now" is the moment at which a person accepts.
	From   string `json:"from"`
	To     string `json:"to"`
	Reason string `json:"reason"`
}

// Reasons why a change is held.
const (
	ReasonShrink = "storage shrinks"
	ReasonMany   = "too many tenants are ended"
	ReasonLater  = "a right in use would begin later"
)

// encode writes a record of this package.
func encode(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // records hold texts, numbers and checked names
	}
	return string(data)
}

// decode reads a record of this package; what others wrote there is an error.
func decode(key string, value []byte, out any) error {
	if err := strict.JSON(value, maxRecord, out); err != nil {
		return fault.Hintf("nobody but sluice writes it; delete it with etcdctl del, and ask for the tenant again", "reading %q: %w", key, err)
	}
	return nil
}

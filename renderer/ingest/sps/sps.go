// Package sps speaks with the upstream subscription system.
//
// The contract is neutral: openapi.yaml says what SPS has to serve, in the
// names of sluice's own records. A Mapping brings another system's names to
// them, so that a real SPS fits by configuration. The same form is read from a
// file by ReadFile.
//
// Not a byte is trusted. Bodies, pages, depths and counts are bounded; objects
// are decoded strictly, so a doubled or unknown field is an error; every value
// passes the gates of package authz. What is wrong with one tenant is an error
// of its Document and costs nobody else anything. What is wrong with a list (a
// total that does not fit, a repeated cursor, a page that is missing, another
// snapshot half-way, half a body, no tenant at all) is an error of Walk: the
// documents may be used, and nothing may be concluded from who was missing.
//
// The package writes nothing, keeps no state but connections, and follows no
// redirect: a token goes to the server that was named and to nobody else.
package sps

import (
	"errors"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Bounds of what SPS may send.
const (
	// MaxTenant is the most bytes that a tenant's document may have. A tenant
	// is written in one transaction of etcd, which has room for more.
	MaxTenant = 256 << 10
	// MaxProducts is the most authorisations of a tenant, for the same reason.
	MaxProducts = 50
	// MaxPage is the most bytes of a page.
	MaxPage = 32 << 20

	maxPages  = 20_000
	maxTotal  = 2_000_000
	maxOpaque = 512 // bytes of cursors, snapshot ids and ETags
	maxDepth  = 16
)

// Answers that are no failures.
var (
	// ErrGone says that SPS does not know the tenant: 404 or 410.
	ErrGone = errors.New("SPS does not know the tenant")
	// ErrUnchanged says that the list is what its ETag was of: 304.
	ErrUnchanged = errors.New("SPS has nothing new")
)

// Document is what SPS says of one tenant.
type Document struct {
	// ID is zero when even that cannot be read.
	ID ident.Tenant
	// Revision grows with every change of the tenant; zero when SPS counts none.
	Revision int64
	// Digest is of all that the document says, but for the revision.
	Digest string
	// Tenant holds the authorisations, sorted by product.
	Tenant authz.Tenant
	// Err says why the document is not to be used, with a hint. Tenant is empty then.
	Err error
}

// Snapshot is a list that was read whole.
type Snapshot struct {
	// ID is the snapshot's; no two lists have the same.
	ID string
	// ETag is of the list; empty when SPS sends none.
	ETag string
	// Total is how many tenants it has.
	Total int
	// Nameless is how many of them could not even be told apart. Who is missing
	// may be one of these.
	Nameless int
}

// bad returns an error about what SPS sent, which the people of SPS must mend.
func bad(format string, args ...any) error {
	return fault.Hintf("compare what SPS sends with the contract and --sps-mapping", format, args...)
}

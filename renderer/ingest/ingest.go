// Package ingest takes subscriptions from the upstream system, SPS, into etcd.
//
// Invariants:
//   - A notice is a hint. What it says is not believed; it makes the tenant
//     dirty, and the tenant is fetched. It is acknowledged after the
//     transaction that did so, and not before: a crash loses nothing.
//   - A tenant is fetched by one replica at a time, and what was fetched is
//     written in one transaction with the bookkeeping, the clearing of dirty
//     and the end of the claim. It fails, whole, if the claim was lost, if a
//     notice came meanwhile, or if somebody else wrote one of the records. (So a
//     tenant whose notices never pause for as long as a fetch takes waits for a
//     pause.)
//   - A revision of SPS is written once; what is older is never written.
//   - No answer deletes a record. A tenant that is gone is ended: each of its
//     authorisations gets an end, and keeps its data for the days of grace.
//   - Silence is no answer. A list counts only when it was read whole; its ETag
//     is kept only then, after all of it was written or made dirty, and only if
//     nobody was missing who has to be looked for once more.
//     A tenant is gone after it was missing in two whole lists with different
//     ids, and SPS says so when it is asked for that tenant afterwards.
//   - A bounded number of tenants is ended in a day, whatever way SPS takes to
//     end them, and a right that ends early ends now at the earliest, so that
//     its days of grace are never cut. What is beyond the bound waits in held for
//     a person, and so does every volume that would shrink and every right in
//     use that would begin later.
//   - Only what ingest brought is ended by absence. Records of people and of
//     tenants that SPS never named are left alone.
//   - One tenant's bad document costs nobody else anything: the tenant stays
//     dirty, keeps what it had, and is asked for again.
//
// # Keys
//
// All are below one prefix, /sluice/ingest, beside the records, so that the
// renderer is not woken:
//
//	dirty/<tenant>    Dirty: the tenant is to be fetched. The key is the queue,
//	                  its modification revision the fetch's witness.
//	seen/<id>         a notice's id, with a lease; it cannot come twice.
//	claims/<tenant>   the replica that fetches, with its lease. The creation
//	                  revision is the fence.
//	tenants/<tenant>  Book: which revision of SPS the records are of.
//	full              Full: the last list that was read whole.
//	ended             Ended: who was ended in the last day.
//	held/<tenant>     Held: what waits for a person.
//
// # Transactions
//
//	mark    if no seen:                  seen, dirty
//	claim   if dirty, no claim:          claim; read dirty, book, held, records
//	commit  if claim, dirty, book, held,
//	        records, ended as read:      records, book, held, ended; no dirty, no claim
//	fail    if claim, dirty as read:     dirty with one more attempt; no claim
//	apply   if no dirty, no claim, and
//	        the rest as read:            as commit; for documents of a list and of a file
//	absent  if book as read:             book, and dirty after the second list
//	full    if full as read:             full
//	accept  if held, records as read:    records; no held
//
// A list's documents are written without a claim, in one transaction each:
// whoever may fetch a tenant has made it dirty or claimed it. Where SPS counts
// no revisions nobody can tell which of two answers is newer, so a list only
// makes tenants dirty there, and fetches one after another decide.
package ingest

import (
	"context"

	"github.com/gatorcloud/sluice/renderer/ingest/sps"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Source is SPS.
type Source interface {
	// Tenant asks for one tenant; see sps.Client.
	Tenant(ctx context.Context, id ident.Tenant) (sps.Document, error)
	// Walk reads the list of all; see sps.Client.
	Walk(ctx context.Context, etag string, visit func([]sps.Entry) error) (sps.Snapshot, error)
}

var _ Source = (*sps.Client)(nil)

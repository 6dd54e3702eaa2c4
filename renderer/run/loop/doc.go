// Package loop keeps one environment in Git equal to a render of etcd, for as
// long as it runs: from a change, or a moment at which a right starts or ends,
// to one pushed commit of the tenants that it touches.
//
// Invariants:
//   - Git at any commit of the loop is what a render from nothing gives for
//     the etcd revision that the commit names, with the tombstones that Git
//     held before.
//   - Each commit names the range of revisions it covers, Etcd-Revision-From
//     to Etcd-Revision, and each range begins where that of the environment's
//     commit before it ended: no revision is missing and none is in two. A
//     commit that time or people caused covers an empty range.
//   - A commit is made for the head that was read, and published by
//     compare-and-swap. A lost race is answered by looking at the new head and
//     rendering again. A head with a higher fence ends the loop, and a head
//     with a later revision than the copy's makes it wait.
//   - What fences a leader that stands still between the last check of its lease
//     and the move of the branch is that compare-and-swap: once the next leader
//     has pushed, the late push is refused, and its maker ends at its next look.
//     If the next leader had nothing to push, the late commit lands; its range
//     follows the one before, it is the render of the revision that it names,
//     and the next leader goes on from it at its next look. One that stands
//     still inside the move of a local repository holds Git's lock: then nobody
//     pushes until it goes on or dies, and the loop says so as an error.
//   - What was not published stays pending, so that nothing is lost by an error
//     at any step; a push whose answer was lost is recognised by its commit.
//   - Nothing is removed in bulk, for an empty prefix, or because a clock jumped.
//
// Core does one step at a time, with the time as an argument; Loop drives a
// Core with events, timers and pauses.
package loop

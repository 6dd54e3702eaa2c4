// Package gitrepo writes directories into a Git branch without a work tree.
//
// Invariants, in the order in which callers lean on them:
//   - A branch moves from one complete commit to another or not at all, by
//     compare-and-swap; whatever is killed in between, the branch is the old
//     or the new commit and the next run heals what was left.
//   - The same content gives the same trees, whatever the order and number of
//     goroutines of the Puts. The same root tree is no commit.
//   - Only objects that the base commit lacks are written, and exactly these
//     are sent; reading touches only trees along changed paths.
//
// Open gives a Repo, Begin a transaction on a head, Tx.Put and its siblings
// collect content, Tx.Commit makes the objects, Publish moves the branch.
// Update is that sequence with the answer to a lost race: fetch, run the
// function again on the new head, try again. A merge is never made.
//
// A local path is its own object store and is never cloned. Any other URL
// (file, http, https, ssh) is mirrored in a disposable shallow bare repository
// below Options.CacheDir: the remote branch is the truth.
package gitrepo

// Package git writes directories into a Git branch without a work tree.
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
//
// Why the object store is not go-git's: the cost of one change must be the
// same among a hundred tenants and a hundred thousand, so nothing may be read
// in proportion to the repository, not even an index; and go-git moves
// references without a lock. Its transports speak to servers. Every commit is
// one pack, because two files are cheaper to make durable than one for each
// object, and packs of this program are joined so that they stay few; the
// list of them, and the locks that prove an owner dead, lie in the directory
// sluice of a local repository. Packs have no deltas: git gc makes those, and
// should run now and then on a repository that nobody pushes to by git.
//
// What it does not do: merge, sign, write submodules or links, or honour
// core.sharedRepository. A push over http holds its pack in memory, as go-git
// does.
package git

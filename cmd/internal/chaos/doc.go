// Package chaos tests `sluice run` and `sluice ingest` against everything that
// dies: replicas, etcd and the Git server are killed, paused, partitioned,
// compacted and begun again at random, and SPS gives wrong answers, while
// authorisations and subscriptions change. It has no code of its own.
//
// The test runs for 20 s, and for 3 min where the environment variable CI is
// set; -chaos sets another time, -seed what is broken when, -keep keeps the
// logs. A failure prints the command that repeats it. A seed decides what is
// done and how long the pauses are, not when the processes get to run, so a
// failing seed is a hint; those that failed once are run again for a short time
// each, with the reason.
//
// What is checked, and why no linearizability checker is: porcupine searches
// for some order of concurrent operations that explains what clients saw. Here
// the order is known: etcd numbers every change, and each rendered commit names
// the revisions that it covers. So the check is not whether an order exists but
// whether it was kept, which is stricter:
//   - Every write that etcd confirmed is in the observed history, once, at the
//     revision that was confirmed, with its value.
//   - The ranges of the rendered commits follow each other from 1 to the last
//     change: no revision is missing, none is in two.
//   - The tree of each rendered commit is, byte for byte, what a render from
//     nothing makes of the commit before it and of etcd at exactly the revision
//     that the commit names. Beside it a second oracle, which shares no code
//     with the renderer, compares the replicas of every right.
//   - No rendered commit has the tree of the one before it, so what time causes
//     (a right that ends, a tombstone that goes) is done once among replicas.
//   - The fences of the commits only grow, and each is that of an election key
//     that was the oldest at some time: no two leaders pushed in turns, and no
//     phantom did.
//   - Every move of the branch is one commit, and there is no other reference.
//   - At the end Git says what SPS says of the tenants that only SPS knows: each
//     change came through, and nobody was ended but who SPS has forgotten.
//   - At the end Git is a render of etcd from nothing, and no process has
//     crashed, hangs when it is told to end, or leaves goroutines behind.
package chaos
